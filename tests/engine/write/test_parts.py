"""The outline of a draft: what is fixed, suggested and free, and what became of each."""

import pytest

from engine.write.parts import outline

FIRST = "Dear Ada,\n\nThank you for ten orders.\n\n[[ hint: one sentence of your own ]]\n\n[[ signature ]]"


def said(text: str, first: str = FIRST) -> list[tuple[str, str]]:
    return [(part.kind, part.state) for part in outline(first, text)]


def test_an_untouched_draft_is_as_suggested_with_its_free_part_empty() -> None:
    """Greeting and thanks are suggested, the hint is free, the signature is filled in."""
    assert said(FIRST) == [
        ("suggested", "as_suggested"),
        ("suggested", "as_suggested"),
        ("free", "empty"),
        ("fixed", "as_given"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "place", "state"),
    [
        ("[[ hint: one sentence of your own ]]", "The blue lamp was a good choice.", 2, ("free", "written")),
        ("[[ hint: one sentence of your own ]]\n\n", "", 2, ("free", "left_out")),
        ("Thank you for ten orders.", "Ten orders! Thank you.", 1, ("suggested", "changed")),
        ("Thank you for ten orders.\n\n", "", 1, ("suggested", "taken_out")),
        ("\n\n[[ signature ]]", "", 3, ("fixed", "taken_out")),
        ("[[ signature ]]", "Yours,\n[[ signature ]]", 3, ("fixed", "as_given")),
    ],
)
def test_what_became_of_a_part_is_said(old: str, new: str, place: int, state: tuple[str, str]) -> None:
    """One part changes, the others stay what they were."""
    changed = said(FIRST.replace(old, new))
    assert changed[place] == state
    assert [one for number, one in enumerate(changed) if number != place] == [
        one for number, one in enumerate(said(FIRST)) if number != place
    ]


def test_a_paragraph_more_is_words_of_their_own() -> None:
    """It had no place in the draft."""
    text = FIRST.replace("[[ hint: one sentence of your own ]]", "The lamp.\n\nAnd the shade.")
    assert said(text)[2:4] == [("free", "written"), ("free", "written")]


def test_each_part_knows_where_it_stands() -> None:
    """So that the page can lead there."""
    for part in outline(FIRST, FIRST):
        words = FIRST[part.start : part.end]
        assert part.words in words
    assert outline(FIRST, FIRST)[2].words == "one sentence of your own"
