"""When a moment's message would go, and by when it must be written and read: pure dates, worked out once for each
zone, day, trigger and set of hours, never for each customer.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from engine.dates import openings
from engine.dates.openings import Intent
from engine.dates.rules import ANY_TIME, Hours
from engine.dates.team import TeamHours, deadline_before, write_from
from engine.dates.windows import Window


@dataclass(frozen=True, slots=True)
class Wish:
    """What a trigger and a moment ask for: a local day, hours, an end, and so many team days to write and read.

    `hours` are those of the channel and the customer; a letter is handed over on `post_on`.
    """

    zone: str
    send_on: date
    window: Window
    expires_at: datetime
    write_ahead_days: int
    hours: Hours = ANY_TIME
    post_on: date | None = None

    @property
    def intent(self) -> Intent:
        """The same, as sending asks for it."""
        return Intent(self.send_on, self.window, self.zone, self.expires_at, self.hours, self.post_on)


@dataclass(frozen=True, slots=True)
class Slot:
    """One opening of the customer's window, which ends at `until`. `send_on` is its local date, of which a celebration
    is the only one; that of a letter is the day on which it arrives.
    """

    zone: str
    send_on: date
    window: Window
    send_at: datetime
    until: datetime
    write_at: datetime
    deadline_at: datetime
    whole: bool = True

    @property
    def opening(self) -> openings.Slot:
        """The same, as sending knows it."""
        return openings.Slot(self.send_on, self.send_at, self.until, self.whole)

    def in_turn(self, bucket: int, spread: timedelta) -> "Slot":
        """The same opening when it is this customer's turn in it; the team's hours stay those of its beginning."""
        at = openings.turn(self.opening, bucket, spread)
        return self if at == self.send_at else replace(self, send_at=at)


def first_slot(wish: Wish, team: TeamHours, *, now: datetime, read: bool) -> Slot | None:
    """The first opening from `now` on and before the expiry; None where there is none.

    Where a person has to `read` it, the first for which the team still has an hour. If there is no such hour before the
    expiry, the first opening all the same, and its end is the deadline: somebody may be there out of hours.
    """
    earliest: Slot | None = None
    for opening in openings.slots(wish.intent, after=now):
        slot = _slot(wish, team, opening)
        if not read or slot.deadline_at > now:
            return slot
        late = deadline_before(opening.until, team)
        if late > now:
            return replace(slot, deadline_at=late)
        earliest = earliest or replace(slot, deadline_at=opening.until)
    return earliest


def _slot(wish: Wish, team: TeamHours, opening: openings.Slot) -> Slot:
    return Slot(
        zone=wish.zone,
        send_on=opening.on,
        window=wish.window,
        send_at=opening.at,
        until=opening.until,
        write_at=write_from(opening.at, wish.write_ahead_days, team),
        deadline_at=deadline_before(opening.at, team),
        whole=opening.whole,
    )
