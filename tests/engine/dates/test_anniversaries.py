"""Anniversaries by years and months, and that the look-up of who is due agrees with them."""

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.dates.anniversaries import (
    LeapPolicy,
    anniversary,
    month_anniversary,
    originals_months_before,
    originals_of_year,
    originals_years_before,
)

dates = st.dates(date(1900, 1, 1), date(2100, 12, 31))
policies = st.sampled_from(get_args(LeapPolicy))
LEAP_DAY = date(2024, 2, 29)
day = date.fromisoformat


@pytest.mark.parametrize(
    ("original", "years", "policy", "expected"),
    [
        ("1990-04-17", 36, "feb28", "2026-04-17"),
        ("1990-04-17", 0, "feb28", "1990-04-17"),
        ("2024-02-29", 1, "feb28", "2025-02-28"),  # 2025 has no 29 February
        ("2024-02-29", 1, "mar1", "2025-03-01"),
        ("2024-02-29", 4, "feb28", "2028-02-29"),  # 2028 has one; stepping year by year would give the 28th
        ("2024-02-29", 4, "mar1", "2028-02-29"),
        ("1896-02-29", 4, "feb28", "1900-02-28"),  # 1900 is divisible by 100 and not by 400: no leap year
        ("1996-02-29", 4, "mar1", "2000-02-29"),  # 2000 is divisible by 400: a leap year
        ("2096-02-29", 4, "mar1", "2100-03-01"),
        ("2023-02-28", 1, "mar1", "2024-02-28"),  # the neighbours never move
        ("2023-03-01", 1, "feb28", "2024-03-01"),
    ],
)
def test_a_yearly_anniversary(original: str, years: int, policy: LeapPolicy, expected: str) -> None:
    """The same day of the year, and 29 February by the policy where the year has none."""
    assert anniversary(day(original), years, policy) == day(expected)


@given(original=dates, years=st.integers(0, 120), policy=policies)
@example(LEAP_DAY, 1, "feb28")
def test_no_anniversary_is_dropped_or_moved_by_more_than_a_day(original: date, years: int, policy: LeapPolicy) -> None:
    """Each year has one, in that year, at most a day beside the day of the original."""
    found = anniversary(original, years, policy)
    assert found.year == original.year + years
    in_a_leap_year = [date(2000, d.month, d.day) for d in (original, found)]
    assert abs(in_a_leap_year[0] - in_a_leap_year[1]) <= timedelta(days=1)


@pytest.mark.parametrize(
    ("original", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-01-31", 2, "2026-03-31"),  # from the original; stepping month by month would give the 28th
        ("2026-01-31", 3, "2026-04-30"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-08-30", 6, "2027-02-28"),
        ("2026-11-22", 2, "2027-01-22"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-02-28", 1, "2026-03-28"),  # the end of one month is not the end of the next
    ],
)
def test_a_monthly_anniversary(original: str, months: int, expected: str) -> None:
    """The same day of the month, or the month's last day."""
    assert month_anniversary(day(original), months) == day(expected)


@pytest.mark.parametrize(
    ("on", "policy", "expected"),
    [
        ("2026-04-17", "feb28", {(4, 17)}),
        ("2027-02-28", "feb28", {(2, 28), (2, 29)}),  # no leap year: those of the 29th come today
        ("2027-02-28", "mar1", {(2, 28)}),
        ("2027-03-01", "mar1", {(3, 1), (2, 29)}),
        ("2027-03-01", "feb28", {(3, 1)}),
        ("2028-02-28", "feb28", {(2, 28)}),  # a leap year: each has its own day
        ("2028-02-29", "feb28", {(2, 29)}),
        ("2028-02-29", "mar1", {(2, 29)}),
        ("2028-03-01", "mar1", {(3, 1)}),
    ],
)
def test_who_has_a_yearly_anniversary_today(on: str, policy: LeapPolicy, expected: set[tuple[int, int]]) -> None:
    """The days of the year to look up, one or two."""
    assert originals_of_year(day(on), policy) == expected


@given(on=dates, original=dates, policy=policies)
@example(date(2025, 2, 28), LEAP_DAY, "feb28")
@example(date(2025, 3, 1), LEAP_DAY, "feb28")
@example(date(2025, 3, 1), LEAP_DAY, "mar1")
@example(date(2028, 2, 28), LEAP_DAY, "feb28")
@example(date(2028, 2, 29), LEAP_DAY, "mar1")
@example(date(2028, 3, 1), LEAP_DAY, "mar1")
def test_the_look_up_by_day_agrees_with_the_anniversary(on: date, original: date, policy: LeapPolicy) -> None:
    """An original is looked up on a day exactly if its anniversary of that year falls on it."""
    looked_up = (original.month, original.day) in originals_of_year(on, policy)
    assert looked_up == (anniversary(original, on.year - original.year, policy) == on)


@pytest.mark.parametrize("policy", get_args(LeapPolicy))
@pytest.mark.parametrize("year", [2027, 2028])
def test_every_day_of_birth_is_looked_up_once_a_year(year: int, policy: LeapPolicy) -> None:
    """Over all days of a year, each of the 366 days of birth comes exactly once."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366 if year == 2028 else 365)]
    looked_up = [month_day for on in days for month_day in originals_of_year(on, policy)]
    assert len(looked_up) == len(set(looked_up)) == 366


@pytest.mark.parametrize(
    ("on", "years", "policy", "expected"),
    [
        ("2026-11-22", 10, "feb28", {"2016-11-22"}),
        ("2027-02-28", 3, "feb28", {"2024-02-28", "2024-02-29"}),
        ("2027-02-28", 2, "feb28", {"2025-02-28"}),  # 2025 had no 29 February
        ("2027-03-01", 3, "mar1", {"2024-02-29", "2024-03-01"}),
        ("2028-02-29", 4, "feb28", {"2024-02-29"}),
        ("2028-02-29", 3, "feb28", set()),
        ("2026-11-22", 2026, "feb28", set()),  # there is no year 0
    ],
)
def test_originals_of_years_ago(on: str, years: int, policy: LeapPolicy, expected: set[str]) -> None:
    """The dates to look up for a listed year."""
    assert originals_years_before(day(on), years, policy) == {day(text) for text in expected}


@given(original=dates, years=st.integers(0, 120), policy=policies)
@example(LEAP_DAY, 3, "feb28")
@example(LEAP_DAY, 3, "mar1")
@example(LEAP_DAY, 4, "mar1")
def test_every_original_is_found_on_its_anniversary(original: date, years: int, policy: LeapPolicy) -> None:
    """Whoever has an anniversary is among those looked up that day."""
    assert original in originals_years_before(anniversary(original, years, policy), years, policy)


@given(on=dates, years=st.integers(0, 120), policy=policies)
@example(date(2027, 2, 28), 3, "feb28")
def test_every_original_that_is_found_has_its_anniversary(on: date, years: int, policy: LeapPolicy) -> None:
    """Whoever is looked up has the anniversary that day."""
    assert all(anniversary(original, years, policy) == on for original in originals_years_before(on, years, policy))


@pytest.mark.parametrize(
    ("on", "months", "expected"),
    [
        ("2026-11-22", 1, {"2026-10-22"}),
        ("2026-02-28", 1, {"2026-01-28", "2026-01-29", "2026-01-30", "2026-01-31"}),
        ("2028-02-28", 1, {"2028-01-28"}),  # a leap year: the 29th to 31st come tomorrow
        ("2028-02-29", 1, {"2028-01-29", "2028-01-30", "2028-01-31"}),
        ("2026-04-30", 1, {"2026-03-30", "2026-03-31"}),
        ("2026-03-31", 1, set()),  # February has no 31st
        ("2026-03-30", 1, set()),  # nor a 30th
        ("2026-03-28", 1, {"2026-02-28"}),
        ("2027-01-15", 13, {"2025-12-15"}),
        ("2026-11-22", 12 * 2026, set()),
    ],
)
def test_originals_of_months_ago(on: str, months: int, expected: set[str]) -> None:
    """One date as a rule, several at the end of a short month, none where the earlier month was shorter."""
    assert originals_months_before(day(on), months) == {day(text) for text in expected}


@given(original=dates, months=st.integers(0, 1200))
@example(date(2026, 1, 31), 1)
@example(LEAP_DAY, 12)
def test_every_original_is_found_on_its_monthly_anniversary(original: date, months: int) -> None:
    """Whoever has a monthly anniversary is among those looked up that day."""
    assert original in originals_months_before(month_anniversary(original, months), months)


@given(on=dates, months=st.integers(0, 1200))
@example(date(2026, 2, 28), 1)
@example(date(2026, 3, 31), 1)
def test_every_original_that_is_found_has_its_monthly_anniversary(on: date, months: int) -> None:
    """Whoever is looked up has the monthly anniversary that day."""
    assert all(month_anniversary(original, months) == on for original in originals_months_before(on, months))
