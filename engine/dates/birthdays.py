"""Dates of birth as people give them: with or without the year, and often a stand-in for "we don't know"."""

import re
from calendar import month_name, monthrange
from dataclasses import dataclass
from datetime import date

from engine.dates.anniversaries import anniversary

_SHAPE = re.compile(r"(?:(?P<year>[0-9]{4})-|--)?(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_EXPECTED = "expected a date like '1990-04-17', or '--04-17' without the year"
_OLDEST = 120

_PLACEHOLDERS = {
    date(1, 1, 1): "1 January of the year 1 is the smallest date a program can write, not a birthday",
    date(1900, 1, 1): "1 January 1900 is a common stand-in for an unknown date",
    date(1970, 1, 1): "1 January 1970 is what the timestamp 0 reads as, a stand-in for an unknown date",
}


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A day of the year, with the year where it is known; 29 February is a day of an unknown year."""

    month: int
    day: int
    year: int | None = None

    def __post_init__(self) -> None:
        if self.year is not None and not 1 <= self.year <= 9999:
            raise ValueError(f"the year {self.year} does not exist")
        if not 1 <= self.month <= 12:
            raise ValueError(f"month {self.month} does not exist")
        if not 1 <= self.day <= monthrange(2000 if self.year is None else self.year, self.month)[1]:
            where = "" if self.year is None else f" in {self.year}"
            raise ValueError(f"{month_name[self.month]} has no day {self.day}{where}")

    def __str__(self) -> str:
        return f"{'-' if self.year is None else f'{self.year:04d}'}-{self.month:02d}-{self.day:02d}"


def parse_partial_date(text: str) -> PartialDate:
    """Reads "1990-04-17", "--04-17" or "04-17"; else a ValueError says what is wrong and what is expected."""
    found = _SHAPE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a date: {_EXPECTED}")
    year = found["year"]
    try:
        return PartialDate(int(found["month"]), int(found["day"]), None if year is None else int(year))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date, {error}: {_EXPECTED}") from None


def placeholder_reason(d: PartialDate, today: date) -> str | None:
    """Why this date cannot be a customer's birthday, as a plain sentence; None where it can."""
    if d.year is None:
        return None
    born = date(d.year, d.month, d.day)
    if born in _PLACEHOLDERS:
        return _PLACEHOLDERS[born]
    if born > today:
        return f"{born.isoformat()} lies in the future"
    if anniversary(born, _OLDEST, "feb28") < today:
        return f"{born.isoformat()} is more than {_OLDEST} years ago"
    return None
