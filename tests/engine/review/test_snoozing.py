"""Putting a draft off, and what forbids it."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.errors import Conflict, InvalidInput
from engine.review.decisions import approve
from engine.review.filters import Filter
from engine.review.queue import counts, queue
from engine.review.snoozing import snooze, unsnooze, wake_time
from engine.storage.models import Message
from tests.engine.builders import NOW
from tests.engine.review.desk import audited, person, written
from tests.engine.write.desk import birthday, seed

BERLIN = TeamHours(zone="Europe/Berlin", start=time(8, 30), end=time(17))
FRIDAY_EVENING = datetime(2026, 6, 5, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("until", "on", "wakes"),
    [
        ("hour", None, datetime(2026, 6, 5, 20, tzinfo=UTC)),
        (
            "tomorrow",
            None,
            datetime(2026, 6, 8, 6, 30, tzinfo=UTC),
        ),  # the team is there again on Monday, 8:30 in Berlin
        ("date", date(2026, 6, 9), datetime(2026, 6, 9, 6, 30, tzinfo=UTC)),
    ],
)
def test_when_it_comes_back_is_told_in_team_time(until: str, on: date | None, wakes: datetime) -> None:
    """An hour is an hour; a morning is one on which the team works."""
    assert wake_time(until, BERLIN, now=FRIDAY_EVENING, on=on) == wakes


@pytest.mark.parametrize(("until", "on"), [("never", None), ("date", None), ("", None)])
def test_any_other_time_is_refused(until: str, on: date | None) -> None:
    """A form may say anything."""
    with pytest.raises(InvalidInput):
        wake_time(until, BERLIN, now=NOW, on=on)


@pytest.fixture
def draft(session: Session) -> Message:
    seed(session)
    return written(session, birthday(session, deadline_at=NOW + 3 * HOUR))


def ids(session: Session, wanted: Filter, now: datetime) -> list[object]:
    return [item.message_id for item in queue(session, now=now, wanted=wanted)]


def test_a_snoozed_draft_is_out_of_the_queue_until_then(session: Session, draft: Message) -> None:
    """It is among the snoozed ones, is counted there, and comes back by itself."""
    kim = person(session, "Kim")
    snooze(session, draft.id, NOW + HOUR, person=kim, now=NOW)
    assert ids(session, Filter(), NOW) == []
    assert ids(session, Filter(whose="snoozed"), NOW) == [draft.id]
    assert (counts(session, now=NOW).in_review, counts(session, now=NOW).snoozed) == (0, 1)
    assert ids(session, Filter(), NOW + HOUR) == [draft.id]
    assert ids(session, Filter(whose="snoozed"), NOW + HOUR) == []
    assert ("Kim", "snooze") in audited(session, draft)


def test_it_can_be_brought_back_before(session: Session, draft: Message) -> None:
    """At once."""
    kim = person(session, "Kim")
    snooze(session, draft.id, NOW + HOUR, person=kim, now=NOW)
    unsnooze(session, draft.id, person=kim, now=NOW)
    assert ids(session, Filter(), NOW) == [draft.id]


@pytest.mark.parametrize("hours", [3, 4])
def test_nothing_is_put_off_until_its_deadline_or_later(session: Session, draft: Message, hours: int) -> None:
    """The refusal says until when it must be decided; the draft stays in the queue."""
    with pytest.raises(InvalidInput, match=r"decided before Mon 1 Jun, 15:00"):
        snooze(session, draft.id, NOW + hours * HOUR, person=person(session, "Kim"), now=NOW)
    assert ids(session, Filter(), NOW) == [draft.id]


def test_the_past_and_what_is_decided_cannot_be_snoozed(session: Session, draft: Message) -> None:
    """Each says why."""
    kim = person(session, "Kim")
    with pytest.raises(InvalidInput, match="over already"):
        snooze(session, draft.id, NOW, person=kim, now=NOW)
    approve(session, draft.id, version=draft.version, person=kim, now=NOW)
    with pytest.raises(Conflict):
        snooze(session, draft.id, NOW + HOUR, person=kim, now=NOW)
