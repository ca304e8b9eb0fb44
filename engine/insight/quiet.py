"""Long-time customers who did nothing for long: years with us times silence. It is a list, and guesses no reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from engine.storage.base import UtcDateTime
from engine.storage.models import Customer, CustomerDate
from engine.storage.time_sql import At, seconds_between

PAGE = 50
MOST_PAGES = 40
# Names of dates that say since when somebody is a customer, besides the first days of events.
STARTS = ("contract_start", "customer_since", "first_order")
_DAY, _YEAR = 86_400, 31_557_600


@dataclass(frozen=True, slots=True)
class Wanted:
    """At least so many whole years with us, and nothing done for so many days."""

    years: int = 3
    days: int = 365


@dataclass(frozen=True, slots=True)
class Quiet:
    """One of them. `last_active_at` is None where nothing they did is known."""

    external_id: str
    first_name: str | None
    last_name: str | None
    years: int
    silent_days: int
    last_active_at: datetime | None

    @property
    def name(self) -> str:
        """As the lists of customers show it."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.external_id


def quiet(session: Session, wanted: Wanted, *, now: datetime, page: int = 1) -> tuple[Sequence[Quiet], bool]:
    """A page of them, the longest time first, and whether there are more: one statement.

    Not those who died, closed their account or were erased.
    """
    since = (
        select(
            CustomerDate.customer_id,
            func.min(CustomerDate.year * 10_000 + CustomerDate.month_day).label("day"),
        )
        .where(
            or_(CustomerDate.event_name.is_not(None), CustomerDate.name.in_(STARTS)),
            CustomerDate.year.is_not(None),
            CustomerDate.placeholder.is_(None),
        )
        .group_by(CustomerDate.customer_id)
        .subquery("since")
    ).c
    years = _years(since.day, now).label("years")
    heard = func.coalesce(Customer.last_active_at, Customer.created_at)
    silent = _seconds_since(heard, now) // _DAY
    found = (
        select(Customer.external_id, Customer.first_name, Customer.last_name, Customer.last_active_at)
        .add_columns(years, silent.label("silent"), Customer.id)
        .outerjoin(since.customer_id.table, since.customer_id == Customer.id)
        .where(
            heard <= now - timedelta(days=wanted.days),
            ~Customer.deceased,
            ~Customer.closed,
            Customer.erased_at.is_(None),
        )
        .subquery("found")
    ).c
    rows = session.execute(
        select(found.external_id, found.first_name, found.last_name, found.years, found.silent, found.last_active_at)
        .where(found.years >= wanted.years)
        .order_by((found.years * found.silent).desc(), found.id)
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    ).all()
    return [Quiet(*row) for row in rows[:PAGE]], len(rows) > PAGE and page < MOST_PAGES


def _years(since: ColumnElement[Any], now: datetime) -> ColumnElement[int]:
    """Whole years, counted as birthdays are; where no first day is known, since we keep a record."""
    today = now.year * 10_000 + now.month * 100 + now.day
    return func.coalesce(
        (literal(today, BigInteger) - since) // 10_000, _seconds_since(Customer.created_at, now) // _YEAR
    )


def _seconds_since(at: At, now: datetime) -> ColumnElement[int]:
    """Whole ones. `floor` would be a function of Python on SQLite, which knows no NULL."""
    return cast(seconds_between(at, literal(now, UtcDateTime)), BigInteger)
