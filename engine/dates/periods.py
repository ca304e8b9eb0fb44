"""Local days, ISO weeks and months as periods of a streak: short texts that sort in time order within their unit."""

import re
from datetime import date, timedelta
from typing import Literal

Unit = Literal["day", "week", "month"]

_SHAPES: dict[Unit, tuple[re.Pattern[str], str]] = {
    "day": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "2026-11-22"),
    "week": (re.compile(r"[0-9]{4}-W[0-9]{2}"), "2026-W47"),
    "month": (re.compile(r"[0-9]{4}-[0-9]{2}"), "2026-11"),
}


def period_of(on: date, unit: Unit) -> str:
    """The period that holds this date: "2026-11-22", "2026-W47" (the year is the ISO week's own) or "2026-11"."""
    if unit == "day":
        return date(on.year, on.month, on.day).isoformat()
    if unit == "week":
        year, week, _ = on.isocalendar()
        return f"{year:04d}-W{week:02d}"
    return f"{on.year:04d}-{on.month:02d}"


def period_start(period: str, unit: Unit) -> date:
    """The first date of the period; weeks begin on Monday."""
    shape, example = _SHAPES[unit]
    if not shape.fullmatch(period):
        raise ValueError(f"{period!r} is not a {unit}: expected a text like {example!r}")
    try:
        return date.fromisoformat(f"{period}-01" if unit == "month" else period)
    except ValueError as error:
        raise ValueError(f"{period!r} is not a {unit} of the calendar: {error}") from None


def period_end(period: str, unit: Unit) -> date:
    """The last date of the period."""
    return period_start(next_period(period, unit), unit) - timedelta(days=1)


def next_period(period: str, unit: Unit) -> str:
    return _stepped(period, 1, unit)


def previous_period(period: str, unit: Unit) -> str:
    return _stepped(period, -1, unit)


def periods_between(a: str, b: str, unit: Unit) -> int:
    """How many steps lead from `a` to `b`: 0 for the same period, 1 for the next one, negative backwards."""
    return _number(period_start(b, unit), unit) - _number(period_start(a, unit), unit)


def _stepped(period: str, steps: int, unit: Unit) -> str:
    start = period_start(period, unit)
    if unit == "month":
        year, month_index = divmod(_number(start, unit) + steps, 12)
        return period_of(date(year, month_index + 1, 1), unit)
    return period_of(start + timedelta(days=steps if unit == "day" else 7 * steps), unit)


def _number(start: date, unit: Unit) -> int:
    """Counts periods, so that neighbours differ by one."""
    if unit == "month":
        return start.year * 12 + start.month - 1
    return start.toordinal() if unit == "day" else start.toordinal() // 7
