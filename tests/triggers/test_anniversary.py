"""Anniversaries as tables: which original dates come round on a day, under which key, and with which number."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.dates.anniversaries import LeapPolicy, anniversary, month_anniversary
from triggers.kinds.anniversary import APART_DAYS, Anniversary, AnniversaryParams

KIND = Anniversary()
FIRST_ORDER = {"first_event": "order_completed"}


def params(of: dict[str, str] | None = None, **when: Any) -> AnniversaryParams:
    return AnniversaryParams.model_validate({"of": of or FIRST_ORDER, **when})


def due(on: str, **when: Any) -> list[tuple[int, int | None, str, int | None]]:
    """(month_day, year, key, number) of every match on this day."""
    found = KIND.matches(params(**when), date.fromisoformat(on))
    return [(match.month_day, match.year, match.key, match.number) for match in found]


@pytest.mark.parametrize(
    ("on", "policy", "month_days"),
    [
        ("2026-04-17", "feb28", [417]),
        ("2026-02-28", "feb28", [228, 229]),  # 2026 has no 29 February: it is kept the day before
        ("2026-03-01", "feb28", [301]),
        ("2026-02-28", "mar1", [228]),
        ("2026-03-01", "mar1", [229, 301]),  # ... or the day after
        ("2028-02-28", "feb28", [228]),  # 2028 has one
        ("2028-02-29", "feb28", [229]),
        ("2028-02-29", "mar1", [229]),
        ("2028-03-01", "mar1", [301]),
        ("2100-02-28", "feb28", [228, 229]),  # divisible by 100, not by 400: no leap year
        ("2000-02-29", "feb28", [229]),
    ],
)
def test_every_year(on: str, policy: str, month_days: list[int]) -> None:
    """29 February is never dropped; the key is the calendar year and the year of the original is open."""
    expected = [(month_day, None, on[:4], None) for month_day in month_days]
    assert due(on, every="year", leap_day=policy) == expected


def test_listed_years() -> None:
    """1998-02-14 is one year after 1997-02-14 and five after 1993-02-14; two years are not listed."""
    assert due("1998-02-14", years=[5, 1]) == [(214, 1997, "1998", 1), (214, 1993, "1998", 5)]


def test_listed_years_of_a_leap_day() -> None:
    """2029-02-28 is five years after 28 and 29 February 2024, and one year after 28 February 2028 and the 29th."""
    assert due("2029-02-28", years=[1, 5]) == [
        (228, 2028, "2029", 1),
        (229, 2028, "2029", 1),
        (228, 2024, "2029", 5),
        (229, 2024, "2029", 5),
    ]
    assert due("2029-03-01", years=[1], leap_day="mar1") == [(229, 2028, "2029", 1), (301, 2028, "2029", 1)]


def test_listed_months_end_with_the_month() -> None:
    """28 February 2026 is one month after 28, 29, 30 and 31 January; 31 March has no original one month before."""
    january = [(128, 2026, "months:1", 1), (129, 2026, "months:1", 1), (130, 2026, "months:1", 1)]
    assert due("2026-02-28", months=[1]) == [*january, (131, 2026, "months:1", 1)]
    assert due("2026-03-31", months=[1]) == []
    assert due("2026-02-14", months=[6]) == [(814, 2025, "months:6", 6)]


def test_listed_days() -> None:
    """1000 days before 14 February 2026 is 21 May 2023.

    To 2024-05-21 366 days (29 February 2024 lies between), to 2025-05-21 another 365: 731. On to 31 May 10, June to
    January 30 + 31 + 31 + 30 + 31 + 30 + 31 + 31 = 245, to 14 February 14: 269. 731 + 269 = 1000.
    """
    assert date(2026, 2, 14) - timedelta(days=1000) == date(2023, 5, 21)
    assert due("2026-02-14", days=[1000]) == [(521, 2023, "days:1000", 1000)]


@given(
    original=st.dates(date(1930, 1, 1), date(2030, 12, 31)),
    years=st.integers(1, 60),
    policy=st.sampled_from(["feb28", "mar1"]),
)
def test_what_comes_round_is_what_was_stepped_from_the_original(original: date, years: int, policy: LeapPolicy) -> None:
    """The inverse that is asked agrees with the forward rule, for years and for months."""
    on = anniversary(original, years, policy)
    month_day = original.month * 100 + original.day
    assert (month_day, None, str(on.year), None) in due(on.isoformat(), every="year", leap_day=policy)
    assert (month_day, original.year, str(on.year), years) in due(on.isoformat(), years=[years], leap_day=policy)
    later = month_anniversary(original, years)
    assert (month_day, original.year, f"months:{years}", years) in due(later.isoformat(), months=[years])


def test_the_date_it_looks_at() -> None:
    """A date of the customer by its name, a first event by a name that recording keeps."""
    assert KIND.date_name(params(every="year")) == "first:order_completed"
    assert KIND.first_event(params(every="year")) == "order_completed"
    assert KIND.date_name(params({"date": "birthday"}, every="year")) == "birthday"
    assert KIND.first_event(params({"date": "birthday"}, every="year")) is None


def test_what_the_number_is_called() -> None:
    """Years, months or days; for a birthday there is no number at all, as it would be the age."""
    assert KIND.fact_name(params(every="year")) == "years"
    assert KIND.fact_name(params(years=[1])) == "years"
    assert KIND.fact_name(params(months=[1])) == "months"
    assert KIND.fact_name(params(days=[1])) == "days"
    for name in ("birthday", "date_of_birth", "birth_date"):
        assert KIND.fact_name(params({"date": name}, every="year")) is None


def test_only_yearly_celebrations_keep_half_a_year_apart() -> None:
    """Month by month is meant to be near."""
    on = date(2026, 2, 14)
    assert [match.apart_days for match in KIND.matches(params(every="year"), on)] == [APART_DAYS]
    assert [match.apart_days for match in KIND.matches(params(years=[1]), on)] == [APART_DAYS]
    assert [match.apart_days for match in KIND.matches(params(months=[1]), on)] == [0]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"of": FIRST_ORDER}, "exactly one of"),
        ({"of": FIRST_ORDER, "every": "year", "days": [1]}, "exactly one of"),
        ({"of": {}, "every": "year"}, "either a `date` or a `first_event`"),
        ({"of": {"date": "birthday", **FIRST_ORDER}, "every": "year"}, "either a `date` or a `first_event`"),
        ({"of": {"date": "birthday"}, "years": [18]}, "tell the customer's age"),
        ({"of": FIRST_ORDER, "years": []}, "at least 1 item"),
        ({"of": FIRST_ORDER, "days": [0]}, "greater than or equal to 1"),
        ({"of": FIRST_ORDER, "every": "month"}, "'year'"),
        ({"of": FIRST_ORDER, "every": "year", "leap_day": "skip"}, "'feb28' or 'mar1'"),
        ({"of": FIRST_ORDER, "evry": "year"}, "Extra inputs"),
    ],
)
def test_parameters_that_are_refused(values: dict[str, Any], fault: str) -> None:
    """Each with a reason that says what to write instead."""
    with pytest.raises(ValidationError, match=fault):
        AnniversaryParams.model_validate(values)
