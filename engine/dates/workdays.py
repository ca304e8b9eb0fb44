"""Working days: the weekend and the public holidays of a country, as the `holidays` library knows them."""

import warnings
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from itertools import count
from typing import Literal

import holidays

Shift = Literal["none", "before", "after", "nearest"]

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


def is_working_day(on: date, country: str | None) -> bool:
    """Whether people work on this date in `country` ("DE", or with a subdivision "DE-BY").

    Knows weekends on other days (Egypt: Friday and Saturday) and working weekends (China). A subdivision that the
    library does not know counts as its country; no country, or one it does not know, as Monday to Friday.
    """
    if country is None:
        return on.weekday() < _SATURDAY
    return on in _working_days(country.upper(), on.year)


def is_public_holiday(on: date, country: str | None) -> bool:
    """Whether this date is a public holiday in `country`, or in its subdivision; never where the library knows none."""
    return country is not None and on in _public_holidays(country.upper(), on.year)


def knows_holidays(country: str | None) -> bool:
    """Whether the library has a calendar of this country."""
    return country is not None and country.upper().partition("-")[0] in holidays.list_supported_countries()


@lru_cache(maxsize=1024)
def holidays_of(country: str, year: int) -> Mapping[date, tuple[str, ...]]:
    """The public holidays of a year by their names, in English where the library has them in English."""
    calendar = _calendar(country.upper(), year, "en_US")
    return {on: tuple(names.split("; ")) for on, names in calendar.items()} if calendar else {}


def shift_to_working_day(on: date, country: str | None, shift: Shift) -> date:
    """`on` where it is a working day, else the working day before, after or nearest; of two as near, the earlier."""
    if shift == "none" or is_working_day(on, country):
        return on
    before, after = _next_working_day(on, -_ONE_DAY, country), _next_working_day(on, _ONE_DAY, country)
    if shift == "before":
        return before
    if shift == "after":
        return after
    return before if on - before <= after - on else after


def subtract_working_days(on: date, days: int, country: str | None) -> date:
    """The working day that lies `days` working days before `on`, which itself is not counted.

    Monday - 1 is Friday, and so is Sunday - 1. With 0 days `on` itself, or the last working day before it.
    """
    if days < 0:
        raise ValueError(f"working days to subtract must be 0 or more, not {days}")
    if days == 0:
        return shift_to_working_day(on, country, "before")
    for _ in range(days):
        on = _next_working_day(on, -_ONE_DAY, country)
    return on


def _next_working_day(on: date, step: timedelta, country: str | None) -> date:
    return next(day for n in count(1) if is_working_day(day := on + n * step, country))


@lru_cache(maxsize=1024)
def _working_days(country: str, year: int) -> frozenset[date]:
    """Every working day of the year. Frozen, because the library's own calendars grow while they are asked."""
    calendar = _calendar(country, year)
    first = date(year, 1, 1)
    days = (date.fromordinal(n) for n in range(first.toordinal(), date(year, 12, 31).toordinal() + 1))
    return frozenset(day for day in days if (calendar.is_working_day(day) if calendar else day.weekday() < _SATURDAY))


@lru_cache(maxsize=1024)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    calendar = _calendar(country, year)
    return frozenset(calendar) if calendar else frozenset()


def _calendar(country: str, year: int, language: str | None = None) -> holidays.HolidayBase | None:
    code, _, subdivision = country.partition("-")
    known = holidays.list_supported_countries()
    if code not in known:
        return None
    with warnings.catch_warnings():  # some calendars warn that they know no movable feasts of that year
        warnings.simplefilter("ignore", UserWarning)
        return holidays.country_holidays(
            code,
            subdiv=subdivision if subdivision in known[code] else None,
            years=year,
            expand=False,
            language=language,
        )
