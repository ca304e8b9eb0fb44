"""Anniversaries by years and by months, and their inverses: which originals have theirs on a given day.

Always stepped from the original date: 29 February taken year by year would stay on 28 February for ever. The inverses
turn "who is due today" into a short list of dates, which an index can answer.
"""

from calendar import isleap, monthrange
from datetime import MAXYEAR, MINYEAR, date
from typing import Literal

from dateutil.relativedelta import relativedelta

LeapPolicy = Literal["feb28", "mar1"]

_LEAP_DAY = (2, 29)
_INSTEAD: dict[LeapPolicy, tuple[int, int]] = {"feb28": (2, 28), "mar1": (3, 1)}


def anniversary(original: date, years: int, policy: LeapPolicy) -> date:
    """The day `years` after the original; 29 February moves by the policy in years without one and is never dropped."""
    year = original.year + years
    month_day = (original.month, original.day)
    if month_day == _LEAP_DAY and not isleap(year):
        month_day = _INSTEAD[policy]
    return date(year, *month_day)


def month_anniversary(original: date, months: int) -> date:
    """The day `months` after the original, or the last of its month where that day is missing.

    31 January + 1 is 28 February, + 2 is 31 March again.
    """
    return original + relativedelta(months=months)


def originals_of_year(on: date, policy: LeapPolicy) -> set[tuple[int, int]]:
    """The (month, day) of every original whose yearly anniversary falls on `on`."""
    month_days = {(on.month, on.day)}
    if not isleap(on.year) and (on.month, on.day) == _INSTEAD[policy]:
        month_days.add(_LEAP_DAY)
    return month_days


def originals_years_before(on: date, years: int, policy: LeapPolicy) -> set[date]:
    """Every original whose anniversary of `years` is `on`; none where that year had no such day."""
    year = on.year - years
    if not MINYEAR <= year <= MAXYEAR:
        return set()
    month_days = originals_of_year(on, policy)
    return {date(year, *month_day) for month_day in month_days if month_day != _LEAP_DAY or isleap(year)}


def originals_months_before(on: date, months: int) -> set[date]:
    """Every original whose anniversary of `months` is `on`.

    Several on the last day of a month (28 February: 28 to 31 January, one month before); none where the earlier month
    is shorter (31 March has no original one month before).
    """
    year, month_index = divmod(on.year * 12 + on.month - 1 - months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        return set()
    last_here = monthrange(on.year, on.month)[1]
    last_there = monthrange(year, month_index + 1)[1]
    latest = last_there if on.day == last_here else min(on.day, last_there)
    return {date(year, month_index + 1, day) for day in range(on.day, latest + 1)}
