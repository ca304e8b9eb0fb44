"""Whose a draft should be: a table of colleagues and tasks, without a database."""

import uuid
from typing import Any

import pytest

from engine.review.owners import Choice, Colleague, Task, choose_owner, folded, hand_back, owner_words


def colleague(name: str, **fields: Any) -> Colleague:
    values: dict[str, Any] = {
        "id": uuid.uuid5(uuid.NAMESPACE_DNS, name),
        "name": name,
        "names": frozenset({folded(name), f"{folded(name)}@shop.example"}),
        "skills": frozenset(),
        "languages": frozenset(),
        "present": True,
        "substitute_id": None,
    }
    return Colleague(**values | fields)


KIM, LEE, MAX = colleague("Kim"), colleague("Lee"), colleague("Max")


def test_a_recovery_goes_to_whoever_solved_it() -> None:
    """By name or e-mail, however it is written, and however much they have."""
    for name in ("Kim", " kim ", "KIM@SHOP.EXAMPLE"):
        assert choose_owner(Task(solver=name), [LEE, KIM], {KIM.id: 99}) == Choice(KIM.id, "solved")


@pytest.mark.parametrize("about", ["Kim", "kim@shop.example"])
def test_a_complaint_about_whoever_solved_it_goes_to_another(about: str) -> None:
    """Also where the complaint names them otherwise than the ticket does."""
    assert choose_owner(Task(solver="Kim", about=about), [KIM, LEE], {LEE.id: 99}) == Choice(LEE.id, "fits")


def test_whom_a_complaint_is_about_never_gets_it() -> None:
    """Not as the only one left, and not as a substitute."""
    assert choose_owner(Task(about="Kim"), [KIM], {}).owner_id is None
    away = colleague("Tom", present=False, substitute_id=KIM.id)
    assert choose_owner(Task(solver="Tom", about="Kim"), [away, KIM, LEE], {}) == Choice(LEE.id, "fits")


def test_who_is_away_hands_on_to_their_substitute() -> None:
    """And where that one is away too, to theirs; two who stand in for each other do not go round for ever."""
    third = colleague("Third", present=True)
    second = colleague("Second", present=False, substitute_id=third.id)
    first = colleague("First", present=False, substitute_id=second.id)
    assert choose_owner(Task(solver="First"), [first, second, third], {}) == Choice(third.id, "stands_in:First")
    one = colleague("One", present=False, substitute_id=colleague("Two").id)
    two = colleague("Two", present=False, substitute_id=one.id)
    assert choose_owner(Task(solver="One"), [one, two], {}).owner_id is None


def test_what_nobody_solved_goes_to_who_has_the_least() -> None:
    """Among those who are there."""
    gone = colleague("Gone", present=False)
    assert choose_owner(Task(), [KIM, LEE, gone], {KIM.id: 2, LEE.id: 1}) == Choice(LEE.id, "fits")


def test_skill_and_language_are_asked_for() -> None:
    """Who has no skill or language noted takes any."""
    baker = colleague("Baker", skills=frozenset({"cake"}), languages=frozenset({"de"}))
    other = colleague("Other", skills=frozenset({"tea"}))
    english = colleague("English", languages=frozenset({"en"}))
    team = [other, english, baker]
    assert choose_owner(Task(skill="cake", language="de"), team, {}).owner_id == baker.id
    assert choose_owner(Task(skill="cake", language="fr"), team, {}) == Choice(None, "nobody:cake:fr")


def test_a_draft_let_out_of_hands_goes_to_the_substitute_or_to_everybody() -> None:
    """Never to a third person, who was asked for nothing."""
    resting = colleague("Resting", present=False, substitute_id=KIM.id)
    alone = colleague("Alone", present=False)
    assert hand_back(Task(owner_id=resting.id), [resting, KIM, LEE]) == Choice(KIM.id, "stands_in:Resting")
    assert hand_back(Task(owner_id=alone.id), [alone, KIM]) == Choice(None, "team:Alone")


@pytest.mark.parametrize(
    ("reason", "mine", "owner", "words"),
    [
        ("solved", True, "Kim", "Yours: you solved the problem it is about."),
        ("stands_in:Tom", False, "Kim", "Kim's: they stand in for Tom."),
        ("by_hand:Tom", True, "Kim", "Yours: Tom handed it over."),
        ("team:Tom", False, None, "Nobody's yet: Tom gave it to the team."),
        ("nobody:cake:de", False, None, "Nobody's yet: nobody with the skill cake who writes de was there when it was"),
        (None, False, None, "Anybody may take it."),
        ("because you know her", True, "Kim", "Yours: because you know her"),
    ],
)
def test_why_it_is_whose_it_is_is_said_in_words(reason: str, mine: bool, owner: str, words: str) -> None:
    """Also a reason that somebody wrote."""
    assert owner_words(reason, mine=mine, owner=owner).startswith(words)
