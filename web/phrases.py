"""How the pages say times and names: pure, in the reader's words, never in HTML."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from engine.dates import zones

_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def day(at: datetime | date, zone: str = "UTC") -> str:
    """Tue 3 Jun 2026, on the calendar of `zone`."""
    on = at.astimezone(zones.zone(zone)).date() if isinstance(at, datetime) else at
    return f"{on:%a} {on.day} {on:%b} {on.year}"


def instant(at: datetime, zone: str = "UTC") -> str:
    """Tue 3 Jun 2026, 09:00, on the clock of `zone`."""
    return f"{day(at, zone)}, {clock(at, zone)}"


def clock(at: datetime, zone: str = "UTC") -> str:
    """09:00, on the clock of `zone`."""
    return f"{at.astimezone(zones.zone(zone)):%H:%M}"


def relative(at: datetime, now: datetime) -> str:
    """In 4 hours, 2 days ago; one unit, rounded to the nearest."""
    seconds = (at - now).total_seconds()
    for size, name in _STEPS:
        count = round(abs(seconds) / size)
        if count >= 1 and abs(seconds) >= 0.9 * size:
            many = f"{count} {name}{'s' if count != 1 else ''}"
            return f"in {many}" if seconds > 0 else f"{many} ago"
    return "now"


def urgency(at: datetime, now: datetime) -> str:
    """How near a deadline is, as the name of a style: late, soon, today or calm."""
    left = at - now
    if left <= timedelta(0):
        return "late"
    if left <= timedelta(hours=2):
        return "soon"
    return "today" if left <= timedelta(hours=12) else "calm"


def words(name: str) -> str:
    """`order_milestone` as people read it: order milestone."""
    return name.replace("_", " ")


def sentence_case(name: str) -> str:
    """`order_milestone` as the beginning of a line: Order milestone."""
    said = words(name)
    return said[:1].upper() + said[1:]


def place_name(zone: str) -> str:
    """`America/New_York` as people say it: New York."""
    return zone.rpartition("/")[2].replace("_", " ")


def heaviness(weight: int) -> str:
    """How much a moment matters, in a word."""
    return "heavy" if weight >= 60 else "middling" if weight >= 40 else "light"


def plural(count: int, one: str, many: str = "") -> str:
    """1 order, 3 orders, 2,500 orders."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "day": day,
    "instant": instant,
    "clock": clock,
    "relative": relative,
    "urgency": urgency,
    "words": words,
    "sentence_case": sentence_case,
    "place_name": place_name,
    "heaviness": heaviness,
    "plural": plural,
}
