"""When a message would go, and by when it must be written and read: a table of dates with the arithmetic."""

from datetime import UTC, date, datetime, time

import pytest

from engine.dates.team import TeamHours
from engine.dates.windows import Window
from engine.plan.slots import Slot, Wish, first_slot

TEAM = TeamHours("Europe/Berlin", time(9), time(17))
MORNING = Window(time(9), time(11))


def at(text: str) -> datetime:
    """A UTC instant, `06-02 07:00` of 2026."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def slot(now: str, on: str, *, expires: str, read: bool = True, window: Window = MORNING) -> Slot | None:
    wish = Wish("Europe/Berlin", date.fromisoformat(f"2026-{on}"), window, at(expires), 3)
    return first_slot(wish, TEAM, now=at(now), read=read)


# Berlin is UTC+2 in June 2026; 1 June is a Monday. The window 9-11 is 07:00-09:00 UTC, the team's day 07:00-15:00 UTC.
@pytest.mark.parametrize(
    ("now", "on", "read", "send_at", "deadline"),
    [
        # on its day, at the first minute of the window; the last full hour of the team before it
        ("06-01 06:00", "06-03", True, "06-03 07:00", "06-02 14:00"),
        ("06-01 06:00", "06-03", False, "06-03 07:00", "06-02 14:00"),
        # the window is open: now
        ("06-03 08:00", "06-03", False, "06-03 08:00", "06-03 07:00"),
        # the window is over: tomorrow's
        ("06-03 09:00", "06-03", False, "06-04 07:00", "06-03 14:00"),
        # spotted on the day before the team comes in: its first hour is enough, as the window is open until 11
        ("06-03 06:00", "06-03", True, "06-03 07:00", "06-03 08:00"),
        # no full hour of the team is left before today's window closes: tomorrow
        ("06-03 08:30", "06-03", True, "06-04 07:00", "06-03 14:00"),
        # Saturday: nobody reads before Monday's window closes at 11; Monday 9-10 is the team's hour, so Monday 10:00
        ("06-06 06:00", "06-06", True, "06-08 07:00", "06-08 08:00"),
    ],
)
def test_the_first_opening_for_which_somebody_can_read_it(
    now: str, on: str, read: bool, send_at: str, deadline: str
) -> None:
    """Unread messages take the first opening; the others wait for one that the team can keep."""
    found = slot(now, on, expires="06-20 00:00", read=read)
    assert found
    assert (found.send_at, found.deadline_at) == (at(send_at), at(deadline))


def test_what_nobody_can_read_in_time_waits_for_somebody_out_of_hours() -> None:
    """On Saturday with an expiry on Sunday night: the first opening, and its end is the deadline."""
    found = slot("06-06 06:00", "06-06", expires="06-07 22:00")
    assert found
    assert (found.send_at, found.deadline_at) == (at("06-06 07:00"), at("06-06 09:00"))


@pytest.mark.parametrize(
    ("now", "expires", "there"),
    [
        ("06-03 06:00", "06-03 07:00", False),
        ("06-03 06:00", "06-03 07:01", True),
        ("06-03 09:00", "06-04 07:00", False),
    ],
)
def test_nothing_goes_at_its_expiry_or_after(now: str, expires: str, there: bool) -> None:
    """The opening has to lie before it."""
    assert (slot(now, "06-03", expires=expires, read=False) is not None) is there


def test_a_window_past_midnight_belongs_to_the_day_on_which_it_opened() -> None:
    """At half past midnight local time, yesterday's window from 22 to 1 is still open."""
    found = slot("06-03 22:30", "06-03", expires="06-10 00:00", read=False, window=Window(time(22), time(1)))
    assert found
    assert (found.send_on, found.send_at) == (date(2026, 6, 3), at("06-03 22:30"))


def test_a_day_long_past_is_not_searched_from_its_beginning() -> None:
    """The search begins yesterday, whatever the moment's day."""
    found = slot("06-03 06:00", "01-01", expires="06-10 00:00", read=False)
    assert found
    assert found.send_on == date(2026, 6, 3)
