"""The free part: a hint the agent sees, and no customer ever."""

import pytest

from engine.write.free_parts import free_parts, waits_for_words, without_hints

DRAFT = "Hello.\n\n[[ hint: say what you remember ]]\n\nWe did it. [[hint:and how]] Bye."


def test_hints_are_found_with_their_place() -> None:
    """The screen can mark them."""
    found = free_parts(DRAFT)
    assert [(part.line, part.hint) for part in found] == [(3, "say what you remember"), (5, "and how")]
    assert DRAFT[found[0].start : found[0].end] == "[[ hint: say what you remember ]]"


def test_hints_leave_no_gap() -> None:
    """What the customer sees looks as if they had never been there."""
    assert without_hints(DRAFT) == "Hello.\n\nWe did it. Bye."


@pytest.mark.parametrize("text", ["No hints.", "[hint: no]", "[[ no ]]", "[[ hint: never closed"])
def test_other_brackets_stay(text: str) -> None:
    """Only a hint is a hint."""
    assert free_parts(text) == []
    assert without_hints(text) == text


@pytest.mark.parametrize("hint", ["[[ hint: ]]", "[[HINT:x]]", "[[ hint: with [brackets] ]]", "[[ hint: **bold** ]]"])
def test_a_hint_that_an_agent_changed_is_still_a_hint(hint: str) -> None:
    """Better one that was taken out too many than one that a customer reads."""
    assert without_hints(f"a {hint} b") == "a b"


def test_a_required_part_waits_while_a_hint_is_left() -> None:
    """Some words beside the hint are not enough."""
    assert waits_for_words(DRAFT + " And more.", DRAFT)


def test_deleting_the_hints_is_not_writing() -> None:
    """Neither is moving blanks about."""
    assert waits_for_words(without_hints(DRAFT) + "\n\n\n", DRAFT)


def test_words_in_place_of_the_hints_are_writing() -> None:
    """Then the message may go on."""
    written = DRAFT.replace("[[ hint: say what you remember ]]", "I remember the rain.").replace(
        " [[hint:and how]]", ""
    )
    assert not waits_for_words(written, DRAFT)
