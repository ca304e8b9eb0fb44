"""Local send windows: the stretch of a customer's local day, possibly past midnight, in which a message may go."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from engine.dates.zones import first_instant, local_date

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to, not including, `end`; past midnight where `end` is earlier; a day where they are equal."""

    start: time
    end: time

    @property
    def crosses_midnight(self) -> bool:
        return self.end <= self.start

    @property
    def length(self) -> timedelta:
        """As the clock on the wall shows it on an ordinary day."""
        length = _since_midnight(self.end) - _since_midnight(self.start)
        return length + _ONE_DAY if self.crosses_midnight else length


def send_time(on: date, window: Window, zone_name: str) -> datetime:
    """The first instant of the window that begins on local date `on`."""
    return _bounds(on, window, zone_name)[0]


def window_end(on: date, window: Window, zone_name: str) -> datetime:
    """The instant at which the window that begins on local date `on` is over."""
    return _bounds(on, window, zone_name)[1]


def is_open(now: datetime, window: Window, zone_name: str) -> bool:
    """Whether a message may go at this instant: in today's window, or in yesterday's that lasts past midnight."""
    today = local_date(now, zone_name)
    bounds = (_bounds(day, window, zone_name) for day in (today, today - _ONE_DAY))
    return any(start <= now < end for start, end in bounds)


@lru_cache(maxsize=16_384)
def _bounds(on: date, window: Window, zone_name: str) -> tuple[datetime, datetime]:
    """One unbroken stretch of time: where the clocks go back inside it, both occurrences of the hour belong to it.

    A window that the clocks jump over entirely keeps its length, right after the jump; that of a date that does not
    exist is the next date's. So no date is without a window, and none opens at night because a day was left out.
    """
    start = first_instant(on, window.start, zone_name)
    if local_date(start, zone_name) != on and _is_left_out(on, zone_name):
        return _bounds(on + _ONE_DAY, window, zone_name)
    end = first_instant(on + _ONE_DAY if window.crosses_midnight else on, window.end, zone_name)
    return start, end if end > start else start + window.length


def _is_left_out(on: date, zone_name: str) -> bool:
    return first_instant(on, time.min, zone_name) == first_instant(on + _ONE_DAY, time.min, zone_name)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
