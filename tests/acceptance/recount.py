"""Counts again what the engine must find in CDNOW's purchases, from the raw file and by means of its own.

It reads the columns by their fixed places, where our own reader splits at spaces, and it adds up dollars, not cents.
"""

from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

ORDERS, CUSTOMERS = 69_659, 23_570


class Order(NamedTuple):
    customer: str
    day: date
    dollars: Decimal


class Reached(NamedTuple):
    """A customer reached a threshold on a day."""

    customer: str
    threshold: int
    day: date


def raw_file() -> Path:
    """CDNOW_master.txt inside the lifetimes package; a failure, and not a skip, where it is missing."""
    found = find_spec("lifetimes")
    if found is None or not found.origin:
        pytest.fail(
            "the real sample is missing: `make test` installs it, or: pip install --no-deps lifetimes==0.11.3",
            pytrace=False,
        )
    return Path(found.origin).parent / "datasets" / "CDNOW_master.txt"


@lru_cache(maxsize=1)
def orders() -> tuple[Order, ...]:
    """Every order, by customer and day; those of one day in the order of the file."""
    lines = raw_file().read_bytes().decode("ascii").splitlines()[1:]
    read = [
        Order(line[1:6], date(int(line[7:11]), int(line[11:13]), int(line[13:15])), Decimal(line[18:].strip()))
        for line in lines
        if line.strip()
    ]
    return tuple(sorted(read, key=lambda order: (order.customer, order.day)))


def count_milestones(thresholds: Iterable[int]) -> set[Reached]:
    """Who made their n-th order, and when."""
    seen: Counter[str] = Counter()
    reached = set()
    for order in orders():
        seen[order.customer] += 1
        if seen[order.customer] in thresholds:
            reached.add(Reached(order.customer, seen[order.customer], order.day))
    return reached


def spend_milestones(cents: Iterable[int]) -> set[Reached]:
    """Who had spent so much in all, and since when."""
    spent: defaultdict[str, Decimal] = defaultdict(Decimal)
    reached = set()
    for order in orders():
        before = spent[order.customer]
        spent[order.customer] = after = before + order.dollars
        for threshold in cents:
            if before < Decimal(threshold) / 100 <= after:
                reached.add(Reached(order.customer, threshold, order.day))
    return reached


def anniversaries(day: date) -> set[str]:
    """Whose very first order was on this day some years before. A first 29 February is on 28 February otherwise."""
    first: dict[str, date] = {}
    for order in orders():
        first.setdefault(order.customer, order.day)
    return {customer for customer, began in first.items() if began.year < day.year and _same_day(began, day)}


def quiet(customers: Iterable[str], day: date) -> set[str]:
    """Which of them ordered nothing after this day a year before, up to this day."""
    year_before = day.replace(year=day.year - 1)
    active = {order.customer for order in orders() if year_before < order.day <= day}
    return set(customers) - active


def _same_day(began: date, day: date) -> bool:
    kept = min(began.day, monthrange(day.year, began.month)[1])
    return (began.month, kept) == (day.month, day.day)
