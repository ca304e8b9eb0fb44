"""Handing a draft over: with a note, to a colleague who is told, or to the team."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.review.decisions import approve
from engine.review.handing import colleagues, hand_over
from engine.review.page import one
from engine.storage.models import Message, Notice, Person
from tests.engine.builders import NOW
from tests.engine.review.desk import audited, person, written
from tests.engine.write.desk import birthday, seed


@pytest.fixture
def ada(session: Session) -> Person:
    seed(session)
    return person(session, "Ada Agent")


@pytest.fixture
def message(session: Session, ada: Person) -> Message:
    return written(session, birthday(session))


def test_a_colleague_gets_it_with_the_note_and_is_told(session: Session, message: Message, ada: Person) -> None:
    """Nothing of what is decided changes, so that nobody's page becomes stale."""
    bob, before = person(session, "Bob Agent"), message.version
    hand_over(session, message.id, to=bob.id, note="She wrote to you in May.", person=ada, now=NOW)
    view = one(session, message.id, now=NOW, person=bob)
    assert (view.owner, view.owner_note, view.item.version) == ("Bob Agent", "She wrote to you in May.", before)
    told = session.scalars(select(Notice)).one()
    assert told.person_id == bob.id
    assert "May" not in told.body
    assert audited(session, message) == [("Ada Agent", "assign")]


def test_the_team_is_nobody_in_particular(session: Session, message: Message, ada: Person) -> None:
    """It has a note all the same, and nobody gets a mail."""
    hand_over(session, message.id, to=None, note="I am away.", person=ada, now=NOW)
    view = one(session, message.id, now=NOW, person=ada)
    assert (view.owner, view.owner_note) == (None, "I am away.")
    assert session.scalars(select(Notice)).all() == []


def test_without_a_note_it_stays(session: Session, message: Message, ada: Person) -> None:
    """Who goes on should not have to guess."""
    with pytest.raises(InvalidInput):
        hand_over(session, message.id, to=None, note=" ", person=ada, now=NOW)


def test_what_is_decided_is_not_handed_over(session: Session, message: Message, ada: Person) -> None:
    """There is nothing left to write; and a viewer hands over nothing."""
    viewer = person(session, "Vera", role="viewer")
    with pytest.raises(NotAllowed):
        hand_over(session, message.id, to=None, note="x", person=viewer, now=NOW)
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    with pytest.raises(Conflict):
        hand_over(session, message.id, to=None, note="x", person=ada, now=NOW)


def test_colleagues_are_those_who_may_approve(session: Session, ada: Person) -> None:
    """By name, without the one who asks, without viewers and those who left."""
    person(session, "Vera", role="viewer")
    person(session, "Gone Agent").active = False
    person(session, "Mark Eting", role="marketing")
    session.flush()
    assert [one.name for one in colleagues(session, ada.id)] == ["Mark Eting"]
