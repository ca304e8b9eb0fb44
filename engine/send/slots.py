"""When a message may go: which local days' windows are open to it, from an instant on, before it expires."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.dates.windows import Window, next_send_time


@dataclass(frozen=True, slots=True)
class Intent:
    """The local intent of a message: the customer's day, hours and zone, and the instant it would come too late."""

    send_on: date
    window: Window
    zone: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """One opening of the window: the local day it belongs to, and the first instant that is left of it."""

    on: date
    at: datetime


def slots(intent: Intent, *, after: datetime) -> Iterator[Slot]:
    """The openings from `after` on, day by day, until the message expires."""
    on = intent.send_on
    while True:
        at = next_send_time(after, on, intent.window, intent.zone)
        if at is not None:
            if at >= intent.expires_at:
                return
            yield Slot(on, at)
        on += timedelta(days=1)


def is_open(intent: Intent, *, now: datetime) -> bool:
    """Whether the message may go at this instant."""
    return next((slot.at for slot in slots(intent, after=now)), None) == now
