"""Working days: weekends and public holidays of several countries."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dates.workdays import Shift, is_working_day, shift_to_working_day, subtract_working_days

day = date.fromisoformat
dates = st.dates(date(2015, 1, 1), date(2035, 12, 31))
countries = st.sampled_from([None, "DE", "DE-BY", "US-TX", "GB", "EG", "IL", "CN", "HU", "JP", "BR", "XX"])


@pytest.mark.parametrize(
    ("on", "country", "working"),
    [
        ("2026-11-20", None, True),  # Friday
        ("2026-11-21", None, False),  # Saturday
        ("2026-11-22", None, False),  # Sunday
        ("2026-12-25", None, True),  # a Friday; without a country there are no holidays
        ("2026-12-25", "DE", False),
        ("2026-12-25", "XX", True),  # no such country
        ("2026-04-06", "DE", False),  # Easter Monday: Easter is 5 April 2026
        ("2026-04-06", "US", True),  # not in the United States
        ("2026-07-03", "US", False),  # 4 July 2026 is a Saturday: observed on Friday
        ("2021-12-31", "US", False),  # 1 January 2022 is a Saturday: observed on Friday, the year before
        ("2026-06-04", "DE", True),  # Corpus Christi is none in all of Germany,
        ("2026-06-04", "DE-BY", False),  # but in Bavaria
        ("2026-06-04", "de-by", False),
        ("2026-03-02", "US-TX", False),  # Texas Independence Day
        ("2026-12-25", "DE-ZZ", False),  # no such part: Germany counts
        ("2026-06-04", "DE-ZZ", True),
        ("2026-11-20", "EG", False),  # Egypt's weekend is Friday and Saturday
        ("2026-11-22", "EG", True),  # and Sunday a working day
        ("2026-02-14", "CN", True),  # a Saturday worked for the New Year holidays
        ("2026-02-18", "CN", False),
        ("2043-01-26", "IN", False),  # Republic Day, a Monday; that India's feasts end in 2035 is no reason to stop
        ("2043-01-27", "IN", True),
        ("2027-04-14", "LK", True),  # Sri Lanka's New Year, but its calendar ends in 2026: a Wednesday
        ("2027-04-17", "LK", False),  # a Saturday all the same
    ],
)
def test_a_day_is_worked_or_not(on: str, country: str | None, working: bool) -> None:
    """The country's own weekend and holidays decide; without a country Monday to Friday."""
    assert is_working_day(day(on), country) is working


@pytest.mark.parametrize(
    ("on", "country", "shift", "expected"),
    [
        ("2026-11-20", None, "before", "2026-11-20"),  # a working day stays
        ("2026-11-21", None, "none", "2026-11-21"),
        ("2026-11-21", None, "before", "2026-11-20"),
        ("2026-11-21", None, "after", "2026-11-23"),
        ("2026-11-21", None, "nearest", "2026-11-20"),  # Saturday: Friday is 1 day away, Monday 2
        ("2026-11-22", None, "nearest", "2026-11-23"),  # Sunday: Monday 1, Friday 2
        ("2026-11-26", "US", "nearest", "2026-11-25"),  # a Thursday: Wednesday and Friday are as near, the earlier
        ("2026-04-04", "DE", "before", "2026-04-02"),  # Friday 3 to Monday 6 April are Easter
        ("2026-04-04", "DE", "after", "2026-04-07"),
        ("2026-04-04", "DE", "nearest", "2026-04-02"),  # 2 days against 3
        ("2026-01-01", None, "before", "2026-01-01"),  # a Thursday
        ("2026-01-01", "DE", "before", "2025-12-31"),  # over the end of the year
        ("2026-01-01", "DE", "after", "2026-01-02"),
    ],
)
def test_a_day_off_is_shifted(on: str, country: str | None, shift: Shift, expected: str) -> None:
    """To the working day before, after, or the nearest one."""
    assert shift_to_working_day(day(on), country, shift) == day(expected)


@pytest.mark.parametrize(
    ("on", "days", "country", "expected"),
    [
        ("2026-11-23", 1, None, "2026-11-20"),  # Monday - 1: Friday
        ("2026-11-22", 1, None, "2026-11-20"),  # Sunday - 1: Friday
        ("2026-11-25", 3, None, "2026-11-20"),  # Wednesday - 3: Tuesday, Monday, Friday
        ("2026-11-25", 10, None, "2026-11-11"),  # two weeks
        ("2026-04-07", 1, "DE", "2026-04-02"),  # over Easter, Friday 3 to Monday 6 April
        ("2026-04-07", 3, "DE", "2026-03-31"),  # Thursday 2, Wednesday 1, Tuesday 31
        ("2026-11-23", 0, None, "2026-11-23"),
        ("2026-11-22", 0, None, "2026-11-20"),  # a Sunday is no working day: the last one before it
    ],
)
def test_working_days_are_counted_back(on: str, days: int, country: str | None, expected: str) -> None:
    """The day itself is not counted; weekends and holidays are passed over."""
    assert subtract_working_days(day(on), days, country) == day(expected)


def test_working_days_are_not_counted_forward() -> None:
    """A negative number is a mistake of the caller."""
    with pytest.raises(ValueError, match="0 or more, not -1"):
        subtract_working_days(day("2026-11-23"), -1, None)


@given(on=dates, days=st.integers(1, 15), country=countries)
def test_as_many_working_days_lie_between_as_were_subtracted(on: date, days: int, country: str | None) -> None:
    """Counting the working days from the answer up to the day before gives the number back."""
    found = subtract_working_days(on, days, country)
    passed = [found + timedelta(days=n) for n in range((on - found).days)]
    assert is_working_day(found, country)
    assert sum(is_working_day(d, country) for d in passed) == days


@given(on=dates, country=countries)
def test_a_shift_ends_on_the_first_working_day_of_its_direction(on: date, country: str | None) -> None:
    """No working day lies between the day and the one it was shifted to, and nearest is the nearer of both."""
    before, after, nearest = (shift_to_working_day(on, country, shift) for shift in ("before", "after", "nearest"))
    assert [
        d for n in range((after - before).days + 1) if is_working_day(d := before + timedelta(days=n), country)
    ] in (
        [before, after],
        [on],
    )
    assert abs(nearest - on) == min(on - before, after - on)
