"""What lies ahead of one customer: dates with the arithmetic in a comment, and how far to the next mark."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest

from engine.definitions.store import ActiveTrigger
from engine.kinds import TotalState
from tests.engine.builders import make_definition
from triggers.ahead import Day, Mark, PartialDay, next_days, next_marks
from triggers.table import KINDS

TODAY = date(2026, 6, 1)


def trigger(kind: str, params: dict[str, Any], title: str = "It") -> ActiveTrigger:
    definition = make_definition(kind=kind, params=params, title=f"{title} is", family="celebrate")
    return ActiveTrigger(
        id=uuid.uuid4(),
        version_id=uuid.uuid4(),
        name=definition.name,
        state="active",
        active_from=datetime(2020, 1, 1, tzinfo=UTC),
        salt="salt",
        definition=definition,
        params=KINDS[kind].params.model_validate(params),
        kind=KINDS[kind],
    )


def day(params: dict[str, Any], known: PartialDay, today: date = TODAY) -> Day | None:
    days = next_days([trigger("anniversary", params)], {"birthday": known, "start": known}, today)
    return days[0] if days else None


@pytest.mark.parametrize(
    ("month", "date_", "today", "on"),
    [
        (6, 14, TODAY, date(2026, 6, 14)),
        (6, 1, TODAY, date(2026, 6, 1)),  # today counts
        (5, 31, TODAY, date(2027, 5, 31)),  # yesterday comes next year
        (2, 29, TODAY, date(2027, 2, 28)),  # 2027 has no 29 February
        (2, 29, date(2028, 1, 1), date(2028, 2, 29)),  # 2028 has one
    ],
)
@pytest.mark.parametrize("year", [1980, None])
def test_a_birthday_comes_every_year_and_tells_no_age(
    month: int, date_: int, today: date, on: date, year: int | None
) -> None:
    """With the year known or not."""
    found = day({"of": {"date": "birthday"}, "every": "year"}, PartialDay(month, date_, year), today)
    assert found == Day("It is", on, None, "years")


@pytest.mark.parametrize(
    ("params", "on", "number", "unit"),
    [
        ({"every": "year"}, date(2027, 2, 14), 3, "years"),  # 14 Feb 2024: the second was in February
        ({"years": [1, 5]}, date(2029, 2, 14), 5, "years"),
        ({"months": [6, 30]}, date(2026, 8, 14), 30, "months"),  # two years and a half
        ({"days": [100, 1000]}, date(2026, 11, 10), 1000, "days"),  # 2024 has 321 days left, 2025 365, and 314 of 2026
    ],
)
def test_the_next_of_the_listed_ones(params: dict[str, Any], on: date, number: int, unit: str) -> None:
    """Stepped from the original date."""
    assert day({"of": {"date": "start"}, **params}, PartialDay(2, 14, 2024)) == Day("It is", on, number, unit)


def test_what_is_behind_or_unknown_does_not_come() -> None:
    """All listed ones are over; the year is not known; the date is not known."""
    assert day({"of": {"date": "start"}, "years": [1]}, PartialDay(2, 14, 2024)) is None
    assert day({"of": {"date": "start"}, "months": [6]}, PartialDay(2, 14, None)) is None
    assert next_days([trigger("anniversary", {"of": {"date": "other"}, "every": "year"})], {}, TODAY) == []


def test_a_date_in_the_future_is_no_anniversary_of_itself() -> None:
    """A contract that begins in July is a year old in July of next year."""
    found = day({"of": {"date": "start"}, "every": "year"}, PartialDay(7, 1, 2026))
    assert found == Day("It is", date(2027, 7, 1), 1, "years")


COUNT = {"aggregate": "count", "event": "order_completed", "thresholds": [5, 10]}
SPEND = {"aggregate": "sum", "event": "order_completed", "property": "amount_minor", "currency": "EUR", "every": 1000}
RUN = {"event": "order_completed", "unit": "month", "lengths": [3, 6]}


@pytest.mark.parametrize(
    ("params", "value", "mark"),
    [
        (COUNT, 0, (5, 5)),
        (COUNT, 4, (5, 1)),
        (COUNT, 5, (10, 5)),
        (COUNT, 10, None),
        (SPEND, 0, (1000, 1000)),
        (SPEND, 1999, (2000, 1)),
        (SPEND, 2000, (3000, 1000)),
        (SPEND, -50, (1000, 1050)),
    ],
)
def test_how_far_to_the_next_mark(params: dict[str, Any], value: int, mark: tuple[int, int] | None) -> None:
    """The next listed threshold, or the next multiple; none after the last."""
    one = trigger("milestone", params)
    totals = {one.kind.metric(one.params).key: TotalState(value)}  # type: ignore[union-attr]
    found = [(found.mark, found.left) for found in next_marks([one], totals, TODAY)]
    assert found == ([mark] if mark else [])


@pytest.mark.parametrize(
    ("last", "mark"),
    [
        ("2026-06", (3, 1)),  # this month is in the run
        ("2026-05", (3, 1)),  # it can go on
        ("2026-04", (3, 3)),  # it is broken, and begins again
    ],
)
def test_a_broken_run_begins_again(last: str, mark: tuple[int, int]) -> None:
    """Two months in a row, of three."""
    one = trigger("streak", RUN)
    totals = {one.kind.metric(one.params).key: TotalState(2, {"last": last})}  # type: ignore[union-attr]
    assert [(found.mark, found.left) for found in next_marks([one], totals, TODAY)] == [mark]


def test_the_nearest_comes_first() -> None:
    """By what is missing of the whole."""
    near, far = trigger("milestone", COUNT, "Near"), trigger("milestone", SPEND, "Far")
    totals = {near.kind.metric(near.params).key: TotalState(4), far.kind.metric(far.params).key: TotalState(100)}  # type: ignore[union-attr]
    found = next_marks([far, near], totals, TODAY)
    assert found == [
        Mark("Near is", 5, 1, "order completed"),
        Mark("Far is", 1000, 900, "order completed", "EUR"),
    ]
