"""Time zones, from one source: the tzdata wheel. What a local date or a local hour means as an instant is decided here.

Python prefers the system's zone files, which may be a year older than the wheel; importing this module turns them off
for the whole process, so that two machines never disagree about an hour.
"""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]

zoneinfo.reset_tzpath(to=())
ZoneInfo.clear_cache()  # zones that something else loaded before us came from the system's files


_ONE_DAY = timedelta(days=1)
_ONE_MINUTE = timedelta(minutes=1)


class UnknownZone(ValueError):
    """There is no time zone of this name."""


@cache
def _known_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() - {"Factory"})  # "Factory" is the mark of a machine nobody set up


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name such as "Europe/Berlin"; names that were renamed (Europe/Kiev) stay valid."""
    if name not in _known_names():
        raise UnknownZone(f"unknown time zone {name!r}: {_hint(name)}")
    return ZoneInfo(name)


def zone_data_version() -> str:
    """The IANA version of the zone data in use, such as "2026f"."""
    if zoneinfo.TZPATH:  # something put the system's files back; their version cannot be known
        return f"unknown (files in {zoneinfo.TZPATH[0]})"
    return str(tzdata.IANA_VERSION)


def local_date(instant: datetime, zone_name: str) -> date:
    """The date that a calendar on the wall in this zone shows at this instant."""
    return _aware(instant).astimezone(zone(zone_name)).date()


@lru_cache(maxsize=16_384)
def first_instant(on: date, at: time, zone_name: str) -> datetime:
    """The first instant, in UTC, at which the local clock has reached this date and time.

    A time inside a gap means the first instant after the gap: 02:30 in Berlin on 2026-03-29 is 03:00 there, 01:00 UTC.
    A time inside a fold means its first occurrence. A date that was left out means the first instant after it.
    """
    tz = zone(zone_name)
    wanted = datetime.combine(on, at.replace(tzinfo=None, fold=0))
    found = wanted.replace(tzinfo=tz).astimezone(UTC)
    if found.astimezone(tz).replace(tzinfo=None, fold=0) == wanted:
        return found
    return _end_of_gap(wanted, tz)


def day_bounds(on: date, zone_name: str) -> tuple[datetime, datetime]:
    """The local date as [start, end) in UTC: 23 or 25 hours where clocks change, empty where the date was left out."""
    return first_instant(on, time.min, zone_name), first_instant(on + _ONE_DAY, time.min, zone_name)


@lru_cache(maxsize=16_384)
def clock_periods(on: date, zone_name: str) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The local date in pieces of one clock each, in UTC: (start, end, how far that clock is ahead of UTC).

    One piece on most days, two where the clocks change, none where the date was left out.
    """
    start, end = day_bounds(on, zone_name)
    tz = zone(zone_name)
    found: list[tuple[datetime, datetime, timedelta]] = []
    while start < end:
        change = _next_change(start, end, tz)
        found.append((start, change, _ahead(start, tz)))
        start = change
    return tuple(found)


def _next_change(start: datetime, end: datetime, tz: ZoneInfo) -> datetime:
    """The first whole minute after `start` at which the clock reads differently; else `end`."""
    ahead = _ahead(start, tz)
    if end - start == _ONE_DAY and _ahead(end - _ONE_MINUTE, tz) == ahead:
        return end
    at = start
    while at < end and _ahead(at, tz) == ahead:
        at += _ONE_MINUTE
    return at


def _ahead(at: datetime, tz: ZoneInfo) -> timedelta:
    return at.astimezone(tz).utcoffset() or timedelta(0)


def _end_of_gap(wanted: datetime, tz: ZoneInfo) -> datetime:
    """The instant at which the clocks jumped over the wall time `wanted`.

    Read with the offset after the jump (fold=1) a skipped time lies before the jump, read with the offset before it
    (fold=0) it lies after; between the two the local clock passes `wanted` once. Clocks jump on whole seconds.
    """
    before = wanted.replace(tzinfo=tz, fold=1).astimezone(UTC).replace(microsecond=0)
    low, high = 0, int((wanted.replace(tzinfo=tz, fold=0).astimezone(UTC) - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(tz).replace(tzinfo=None) < wanted:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


@lru_cache(maxsize=256)
def _hint(name: str) -> str:
    """Kept, because a bad import asks for the same wrong name a million times and the comparison is slow."""
    close = get_close_matches(name, sorted(_known_names()), n=1, cutoff=0.8)
    return f"did you mean {close[0]!r}?" if close else "expected an IANA name such as 'Europe/Berlin'"


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone: an instant must be aware")
    return instant
