"""Days, ISO weeks and months as the periods of a streak."""

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dates.periods import (
    Unit,
    next_period,
    period_end,
    period_of,
    period_start,
    periods_between,
    previous_period,
)

dates = st.dates(date(1900, 1, 1), date(2100, 12, 31))
units = st.sampled_from(get_args(Unit))
day = date.fromisoformat


@pytest.mark.parametrize(
    ("on", "unit", "period", "start", "end"),
    [
        ("2026-11-22", "day", "2026-11-22", "2026-11-22", "2026-11-22"),
        ("2026-11-22", "week", "2026-W47", "2026-11-16", "2026-11-22"),  # a Sunday, the week's last day
        ("2026-11-23", "week", "2026-W48", "2026-11-23", "2026-11-29"),
        ("2026-11-22", "month", "2026-11", "2026-11-01", "2026-11-30"),
        ("2028-02-10", "month", "2028-02", "2028-02-01", "2028-02-29"),
        # The week belongs to the year of its Thursday.
        ("2027-01-01", "week", "2026-W53", "2026-12-28", "2027-01-03"),  # Thursday is 31 December 2026
        ("2025-12-29", "week", "2026-W01", "2025-12-29", "2026-01-04"),  # Thursday is 1 January 2026
    ],
)
def test_the_period_of_a_date(on: str, unit: Unit, period: str, start: str, end: str) -> None:
    """A date lies in one period of each unit, which has a first and a last date."""
    assert period_of(day(on), unit) == period
    assert (period_start(period, unit), period_end(period, unit)) == (day(start), day(end))


@pytest.mark.parametrize(
    ("period", "unit", "following"),
    [
        ("2026-12-31", "day", "2027-01-01"),
        ("2028-02-28", "day", "2028-02-29"),
        ("2026-W53", "week", "2027-W01"),
        ("2025-W52", "week", "2026-W01"),  # 2025 has 52 weeks
        ("2026-12", "month", "2027-01"),
    ],
)
def test_a_period_is_followed_by_the_next(period: str, unit: Unit, following: str) -> None:
    """Over the ends of months and years, and back again."""
    assert next_period(period, unit) == following
    assert previous_period(following, unit) == period


@pytest.mark.parametrize(
    ("a", "b", "unit", "steps"),
    [
        ("2026-11-22", "2026-11-22", "day", 0),
        ("2026-02-28", "2026-03-01", "day", 1),
        ("2026-W52", "2027-W02", "week", 3),  # W53, W01, W02
        ("2026-11", "2028-01", "month", 14),
        ("2026-03", "2026-01", "month", -2),
    ],
)
def test_the_steps_between_two_periods(a: str, b: str, unit: Unit, steps: int) -> None:
    """Neighbours are one step apart, backwards counts negative."""
    assert periods_between(a, b, unit) == steps


@given(on=dates, unit=units)
def test_a_period_ends_where_the_next_begins(on: date, unit: Unit) -> None:
    """No date is left out and none lies in two periods."""
    period = period_of(on, unit)
    assert period_start(period, unit) <= on <= period_end(period, unit)
    assert period_start(next_period(period, unit), unit) == period_end(period, unit) + timedelta(days=1)
    assert previous_period(next_period(period, unit), unit) == period
    assert periods_between(period, next_period(period, unit), unit) == 1


@given(a=dates, b=dates, unit=units)
def test_periods_sort_as_text_in_the_order_of_time(a: date, b: date, unit: Unit) -> None:
    """So that the database may compare them, and the steps between them have the same sign."""
    first, second = period_of(a, unit), period_of(b, unit)
    if a <= b:
        assert first <= second
    assert (periods_between(first, second, unit) > 0) == (first < second)


@given(start=dates, unit=units, steps=st.integers(0, 60))
def test_the_steps_between_are_those_that_were_taken(start: date, unit: Unit, steps: int) -> None:
    """Walking on and counting give the same number."""
    first = last = period_of(start, unit)
    for _ in range(steps):
        last = next_period(last, unit)
    assert periods_between(first, last, unit) == steps


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("2026-11", "day"),
        ("2026-W47", "month"),
        ("2026-11-22", "week"),
        ("2026-13", "month"),
        ("2025-W53", "week"),  # 2025 has 52 weeks
        ("2026-02-29", "day"),
        ("2026-1", "month"),
        ("20261122", "day"),
        ("", "day"),
    ],
)
def test_a_text_that_is_no_period_is_refused(text: str, unit: Unit) -> None:
    """The error repeats the text and names the unit."""
    with pytest.raises(ValueError, match=f"^{text!r} is not a {unit}"):
        period_start(text, unit)
