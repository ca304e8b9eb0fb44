"""Sign-ins: how long they hold, and how they end."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from engine.people import visits
from engine.people.visits import (
    IDLE,
    LONGEST,
    begin,
    end,
    end_all,
    end_by_reference,
    note,
    open_visits,
    reference,
    visiting,
)
from engine.storage.models import Person, Visit
from tests.engine.builders import NOW
from tests.engine.people.staff import make_person

MINUTE = timedelta(minutes=1)


def enter(session: Session, person: Person, word: str = "word", epoch: int = 0) -> Person | None:
    return begin(session, word, person.id, epoch=epoch, browser="Firefox on Linux", machine=NOW)


def who(session: Session, word: str = "word", *, after: timedelta = timedelta()) -> UUID | None:
    found = visiting(session, word, machine=NOW + after)
    return found[0].id if found else None


def test_a_visit_says_who_is_here(session: Session) -> None:
    """By the word in the cookie, and by no other."""
    mia = make_person(session)
    enter(session, mia)
    assert who(session) == mia.id
    assert who(session, "another") is None


def test_without_a_click_it_ends_after_twelve_hours(session: Session) -> None:
    """Seen once more, it goes on from then."""
    mia = make_person(session)
    enter(session, mia)
    assert who(session, after=IDLE - MINUTE) == mia.id
    assert who(session, after=IDLE) is None
    note(session, "word", machine=NOW + IDLE - MINUTE)
    assert who(session, after=IDLE) == mia.id


def test_after_seven_days_it_ends_whatever_was_clicked(session: Session) -> None:
    """A cookie that was copied does not live for ever."""
    mia = make_person(session)
    enter(session, mia)
    note(session, "word", machine=NOW + LONGEST - MINUTE)
    assert who(session, after=LONGEST - MINUTE) == mia.id
    assert who(session, after=LONGEST) is None


def test_that_one_was_seen_is_noted_to_the_minute(session: Session) -> None:
    """A page that loads twenty things writes once."""
    enter(session, make_person(session))
    visit = session.get_one(Visit, "word")
    for seconds, seen in ((59, NOW), (60, NOW + MINUTE)):
        at = NOW + timedelta(seconds=seconds)
        assert visits.is_noted(visit, machine=at) is (seen == NOW)
        note(session, "word", machine=at)
        session.refresh(visit)
        assert visit.seen_at == seen


def test_one_ends_and_the_others_go_on(session: Session) -> None:
    """Ending it again changes nothing."""
    mia = make_person(session)
    enter(session, mia)
    enter(session, mia, "other")
    assert end(session, "word", machine=NOW)
    assert not end(session, "word", machine=NOW)
    assert (who(session), who(session, "other")) == (None, mia.id)


def test_an_ended_visit_is_not_seen_again(session: Session) -> None:
    """A request that was under way does not bring it back."""
    enter(session, make_person(session))
    end(session, "word", machine=NOW)
    note(session, "word", machine=NOW + 2 * MINUTE)
    assert session.get_one(Visit, "word").seen_at == NOW


def test_all_end_at_once_but_the_one_that_asks(session: Session) -> None:
    """And those of others are theirs."""
    mia, tom = make_person(session), make_person(session, email="tom@example.com")
    for word in ("here", "there", "elsewhere"):
        enter(session, mia, word)
    enter(session, tom, "toms")
    end_all(session, mia.id, machine=NOW, but="here")
    assert [who(session, word) for word in ("here", "there", "elsewhere", "toms")] == [mia.id, None, None, tom.id]
    end_all(session, mia.id, machine=NOW)
    assert who(session, "here") is None


def test_a_sign_in_under_way_does_not_outlive_the_end_of_all(session: Session) -> None:
    """The password was right when it was looked at, and was changed before the visit began."""
    mia = make_person(session)
    end_all(session, mia.id, machine=NOW)
    assert enter(session, mia, epoch=0) is None
    assert who(session) is None
    assert enter(session, mia, epoch=1) is mia


def test_a_disabled_person_neither_begins_nor_goes_on(session: Session) -> None:
    """Even where their visit was not ended."""
    mia = make_person(session)
    enter(session, mia)
    mia.active = False
    session.flush()
    assert who(session) is None
    assert enter(session, mia, "second") is None


def test_one_sees_ones_own_and_ends_one_by_what_the_page_shows(session: Session) -> None:
    """The page holds no word of a cookie; the reference of somebody else's visit ends nothing."""
    mia, tom = make_person(session), make_person(session, email="tom@example.com")
    enter(session, mia, "here")
    enter(session, mia, "there")
    enter(session, tom, "toms")
    shown = open_visits(session, mia.id, machine=NOW, here="here")
    assert {(one.reference, one.here) for one in shown} == {(reference("here"), True), (reference("there"), False)}
    assert not end_by_reference(session, mia.id, reference("toms"), machine=NOW)
    assert end_by_reference(session, mia.id, reference("there"), machine=NOW)
    assert [one.here for one in open_visits(session, mia.id, machine=NOW, here="here")] == [True]
    assert who(session, "toms") == tom.id


@pytest.mark.parametrize("days", [29, 31])
def test_old_visits_are_forgotten_at_the_next_sign_in(session: Session, days: int) -> None:
    """After thirty days."""
    mia = make_person(session)
    enter(session, mia, "old")
    begin(session, "new", mia.id, epoch=0, browser="", machine=NOW + timedelta(days=days))
    assert (session.get(Visit, "old") is None) is (days == 31)
