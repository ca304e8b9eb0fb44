"""When a moment's message would go, and by when it must be written and read: pure dates, worked out once for each
zone, day and trigger, never for each customer.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from engine.dates.team import TeamHours, deadline_before, write_from
from engine.dates.windows import Window, next_send_time, window_end
from engine.dates.zones import local_date

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a trigger and a moment ask for: a local day, hours, an end, and so many team days to write and read."""

    zone: str
    send_on: date
    window: Window
    expires_at: datetime
    write_ahead_days: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One opening of the customer's window. `send_on` is its local date, of which a celebration is the only one."""

    zone: str
    send_on: date
    window: Window
    send_at: datetime
    write_at: datetime
    deadline_at: datetime


def first_slot(wish: Wish, team: TeamHours, *, now: datetime, read: bool) -> Slot | None:
    """The first opening from `now` on and before the expiry; None where there is none.

    Where a person has to `read` it, the first for which the team still has an hour. If there is no such hour before the
    expiry, the first opening all the same, and its end is the deadline: somebody may be there out of hours.
    """
    earliest: Slot | None = None
    day = max(wish.send_on, local_date(now, wish.zone) - _ONE_DAY)  # yesterday's window may last past midnight
    while True:
        slot = _slot(wish, team, day, now=now)
        if slot is not None and slot.send_at >= wish.expires_at:
            return earliest
        if slot is not None:
            if not read or slot.deadline_at > now:
                return slot
            closes = min(window_end(day, wish.window, wish.zone), wish.expires_at)
            late = deadline_before(closes, team)
            if late > now:
                return replace(slot, deadline_at=late)
            earliest = earliest or replace(slot, deadline_at=closes)
        day += _ONE_DAY


def _slot(wish: Wish, team: TeamHours, day: date, *, now: datetime) -> Slot | None:
    send_at = next_send_time(now, day, wish.window, wish.zone)
    if send_at is None:
        return None
    return Slot(
        zone=wish.zone,
        send_on=day,
        window=wish.window,
        send_at=send_at,
        write_at=write_from(send_at, wish.write_ahead_days, team),
        deadline_at=deadline_before(send_at, team),
    )
