"""When a message may go: the openings that its local days' windows and its hours leave, and whose turn it is in them.

Planning, the second check and falling back to another channel all ask here, so that they cannot disagree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.dates.rules import ANY_TIME, Hours, Span
from engine.dates.windows import Window, send_time, window_end
from engine.dates.workdays import subtract_working_days
from engine.dates.zones import day_bounds, local_date

OUTSIDE_WINDOW = "outside_window"
POST_TOO_LATE = "post_too_late"
# So many groups of customers, by their bucket, take their turns one after the other.
TURNS = 30
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Intent:
    """The local intent of a message: the customer's day, hours and zone, and the instant it would come too late.

    `post_on`: a letter goes on this one day, from the window's beginning on, so that it is there on `send_on`.
    `bucket` and `spread` are the customer's turn: the messages of one opening go within so long from its beginning.
    """

    send_on: date
    window: Window
    zone: str
    expires_at: datetime
    hours: Hours = ANY_TIME
    post_on: date | None = None
    bucket: int = 0
    spread: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Slot:
    """One opening: the local day it belongs to, the first instant that is left of it, and its end. `whole`: nothing of
    it is over yet."""

    on: date
    at: datetime
    until: datetime
    whole: bool = True


def slots(intent: Intent, *, after: datetime) -> Iterator[Slot]:
    """The openings from `after` on, day by day, until the message expires. A window may open more than once a day."""
    for on in _days(intent, after):
        for start, end in intent.hours.within(_span(intent, on), intent.zone):
            at, until = max(start, after), min(end, intent.expires_at)
            if at < until:
                yield Slot(intent.send_on if intent.post_on else on, at, until, whole=start >= after)


def is_open(intent: Intent, *, now: datetime) -> bool:
    """Whether the message may go at this instant."""
    return next((slot.at for slot in slots(intent, after=now)), None) == now


def closed_by(intent: Intent, *, now: datetime) -> str:
    """What keeps a message that may not go at this instant: the name of a rule of its hours, or the window."""
    if _next_of_the_window(intent, now) != now:
        return OUTSIDE_WINDOW
    return intent.hours.forbidden_by(now, intent.zone) or OUTSIDE_WINDOW


def spoiled_by(intent: Intent, *, after: datetime) -> str | None:
    """Which rule of its hours took the last opening of a message that has none left; None where its time is over."""
    at = _next_of_the_window(intent, after)
    return None if at is None else intent.hours.forbidden_by(at, intent.zone)


def turn(slot: Slot, bucket: int, spread: timedelta) -> datetime:
    """When in an opening it is this customer's turn: within `spread`, and within its first half.

    An opening that has begun is used at once: whoever comes late does not have to queue.
    """
    if not slot.whole:
        return slot.at
    seconds = min(spread, (slot.until - slot.at) / 2) // timedelta(seconds=1)
    return slot.at + timedelta(seconds=seconds * (bucket % TURNS) // TURNS)


def posting_day(arrives_on: date, lead_days: int, country: str | None) -> date:
    """The day to hand a letter over: so many working days of the customer's country before it has to be there."""
    return subtract_working_days(arrives_on, lead_days, country)


def _days(intent: Intent, after: datetime) -> Iterator[date]:
    """The local days whose window may have an opening left. Yesterday's window may last past midnight."""
    if intent.post_on is not None:
        yield intent.post_on
        return
    on = max(intent.send_on, local_date(after, intent.zone) - _ONE_DAY)
    while send_time(on, intent.window, intent.zone) < intent.expires_at:
        yield on
        on += _ONE_DAY


def _span(intent: Intent, on: date) -> Span:
    if intent.post_on is not None:  # the post is not kept waiting for an hour at which nobody hears it
        return send_time(on, intent.window, intent.zone), day_bounds(on, intent.zone)[1]
    return send_time(on, intent.window, intent.zone), window_end(on, intent.window, intent.zone)


def _next_of_the_window(intent: Intent, after: datetime) -> datetime | None:
    spans = (_span(intent, on) for on in _days(intent, after))
    at = next((max(start, after) for start, end in spans if end > after), None)
    return at if at is not None and at < intent.expires_at else None
