"""Local intent is kept and instants follow: when customers move, and when the zone data change."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.plan import times
from engine.plan.times import recompute_send_times, zone_data_changed
from engine.storage.models import Message
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger

TEAM = TeamHours("Europe/Berlin", time(9), time(17), "DE")
WEDNESDAY = date(2026, 6, 3)


def message_of(session: Session, zone: str, **fields: Any) -> Message:
    """A message planned for nine o'clock on Wednesday in Berlin, whose customer has since moved to `zone`."""
    customer = make_customer(session, zone=zone)
    moment = make_moment(session, customer, make_trigger(session), nominal_on=WEDNESDAY)
    return make_message(session, moment, **fields)


def move(session: Session, **how: Any) -> int:
    moved = recompute_send_times(session, now=how.pop("now", NOW), team=TEAM, **how)
    session.expire_all()
    return moved


@pytest.mark.parametrize(
    ("zone", "send_at", "expires_at", "deadline_at"),
    [
        # nine in New York is 13:00 UTC; Wednesday and two more days end on Saturday 04:00 UTC;
        # the last full hour of Berlin's team before 15:00 there begins at 14:00, which is 12:00 UTC
        ("America/New_York", "06-03 13:00", "06-06 04:00", "06-03 12:00"),
        # nine in Tokyo is midnight UTC; before it Berlin's team ends on Tuesday, its last hour at 14:00 UTC
        ("Asia/Tokyo", "06-03 00:00", "06-05 15:00", "06-02 14:00"),
    ],
)
def test_a_message_follows_its_customer_to_another_zone(
    session: Session, zone: str, send_at: str, expires_at: str, deadline_at: str
) -> None:
    """The same local day and hours, at other instants; day and window stay as they were meant."""
    message = message_of(session, zone)
    assert move(session) == 1

    def at(text: str) -> datetime:
        return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)

    assert (message.zone, message.send_on, message.window_start) == (zone, WEDNESDAY, time(9))
    assert (message.send_at, message.expires_at, message.deadline_at) == (at(send_at), at(expires_at), at(deadline_at))


def test_who_did_not_move_is_not_touched(session: Session) -> None:
    """Once the zone data are known, nothing is worked out for those who stayed."""
    message = message_of(session, "Europe/Berlin", send_at=NOW)
    move(session)
    session.query(Message).one().send_at = NOW
    assert move(session) == 0
    assert message.send_at == NOW


@pytest.mark.parametrize(("state", "moved"), [("approved", 1), ("handed_over", 0), ("cancelled", 0)])
def test_only_what_has_not_gone_moves(session: Session, state: str, moved: int) -> None:
    """An approved message keeps its text and its approval, and goes at the new hour."""
    message = message_of(session, "America/New_York", state=state)
    assert move(session) == moved
    assert message.state == state
    assert message.zone == ("America/New_York" if moved else "Europe/Berlin")


def test_a_window_that_is_over_in_the_new_zone_opens_again_the_next_day(session: Session) -> None:
    """At noon in Auckland Wednesday's morning is over: Thursday at nine, which is Wednesday 21:00 UTC."""
    message = message_of(session, "Pacific/Auckland", state="approved")
    move(session, now=datetime(2026, 6, 3, 0, tzinfo=UTC))
    assert (message.send_at, message.send_on) == (datetime(2026, 6, 3, 21, tzinfo=UTC), WEDNESDAY)


def test_one_customer_can_be_looked_at_alone(session: Session) -> None:
    """Others wait for the next round."""
    one, other = message_of(session, "Asia/Tokyo"), message_of(session, "Asia/Tokyo")
    assert move(session, customer_ids=[one.customer_id]) == 1
    assert (one.zone, other.zone) == ("Asia/Tokyo", "Europe/Berlin")
    assert move(session, customer_ids=[]) == 0


def test_new_zone_data_move_every_unsent_message_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A government changes its mind: what was worked out before is worked out again."""
    message = message_of(session, "Europe/Berlin")
    assert zone_data_changed(session)
    assert move(session) == 1
    assert not zone_data_changed(session)
    message.send_at -= timedelta(hours=1)  # as the old data had it
    session.flush()
    monkeypatch.setattr(times, "zone_data_version", lambda: "2031a")
    assert zone_data_changed(session)
    assert move(session) == 1
    assert message.send_at == datetime(2026, 6, 3, 7, tzinfo=UTC)
    assert not zone_data_changed(session)
