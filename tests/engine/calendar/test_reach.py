"""What a "not now" would touch, as it is told before anybody presses it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine.calendar.pauses import Wanted, begin_pause
from engine.calendar.reach import Reach, reach_of
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger
from tests.engine.people.staff import make_person


def reach(session: Session, **wanted: Any) -> Reach:
    return reach_of(session, Wanted("a look", **wanted).checked(now=NOW), now=NOW)


def press(session: Session, **wanted: Any) -> None:
    person = make_person(session, email=f"{uuid.uuid4().hex}@example.com", role="marketing")
    begin_pause(session, Wanted("a flood", **wanted), person=person, now=NOW)


@pytest.fixture
def three(session: Session) -> None:
    """A customer in Germany, one in Austria, one who lives nowhere known: each with a draft and something found."""
    trigger = make_trigger(session)
    for name, country in (("Ada", "DE"), ("Ben", "AT"), ("Cleo", None)):
        customer = make_customer(session, first_name=name, country=country)
        make_message(session, make_moment(session, customer, trigger, state="planned"))
        make_moment(session, customer, trigger)


@pytest.mark.parametrize(
    ("wanted", "messages", "names"),
    [
        ({}, 3, ["Ada", "Ben", "Cleo"]),
        ({"places": ["AT"]}, 1, ["Ben"]),
        ({"touches": ["recover"]}, 0, []),
    ],
)
def test_it_counts_what_it_would_touch(
    session: Session, three: None, wanted: dict[str, Any], messages: int, names: list[str]
) -> None:
    """Messages and moments that are not planned yet; and who would be the first to come too late."""
    found = reach(session, **wanted)
    assert (found.messages, found.moments) == (messages, messages)
    assert sorted(one.name for one in found.first) == names


def test_what_another_one_keeps_is_not_counted_again(session: Session, three: None) -> None:
    """Who lives nowhere known is in no place, and so is still counted."""
    press(session, places=["DE"])
    found = reach(session)
    assert (found.messages, found.moments) == (2, 2)
    assert sorted(one.name for one in found.first) == ["Ben", "Cleo"]
    press(session)
    found = reach(session)
    assert (found.messages, found.moments, found.first) == (0, 0, ())


def test_what_another_one_does_not_touch_is_counted(session: Session, three: None) -> None:
    """One for recoveries alone keeps no celebration; nor does one that is over."""
    press(session, touches=["recover"])
    press(session, until=NOW + timedelta(hours=1))
    assert reach(session).messages == 0
    later = NOW + timedelta(hours=2)
    assert reach_of(session, Wanted("a look").checked(now=later), now=later).messages == 3
