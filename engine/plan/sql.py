"""The words that the planning statements share: a row of a hold, a date some days away, and the present instant as a
parameter, so that a statement that was made once serves at any time.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    FromClause,
    Select,
    Text,
    bindparam,
    cast,
    literal,
    null,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.sql.expression import FunctionElement

from engine.storage.base import UtcDateTime

HoldRow = Select[Any]
# Without a value on purpose: a statement cannot be asked without saying when.
NOW: BindParameter[datetime] = bindparam("now", type_=UtcDateTime(), required=True)
_spans: dict[str, timedelta] = {}


def ago(span: timedelta) -> BindParameter[datetime]:
    """The instant so long before `NOW`."""
    name = f"ago_{span.total_seconds():.0f}"
    _spans[name] = span
    return bindparam(name, type_=UtcDateTime(), required=True)


def instants(now: datetime) -> dict[str, datetime]:
    """The values of `NOW`, and of every `ago` that was spoken of."""
    return {NOW.key: now} | {name: now - span for name, span in _spans.items()}


def hold_row(
    c: FromClause,
    name: str | ColumnElement[str],
    *,
    detail: ColumnElement[Any] | QueryableAttribute[Any] | None = None,
    since: ColumnElement[Any] | None = None,
    lasts: timedelta | None = None,
) -> HoldRow:
    """Select (moment_id, name, detail, since, seconds) for the candidates; it ends by itself at since + seconds."""
    return select(
        c.c.moment_id,
        (literal(name, Text) if isinstance(name, str) else name).label("name"),
        cast(null() if detail is None else detail, Text).label("detail"),
        (cast(null(), UtcDateTime) if since is None else since).label("since"),
        cast(null() if lasts is None else literal(int(lasts.total_seconds())), BigInteger).label("seconds"),
    )


def until(since: datetime | None, seconds: int | None) -> datetime | None:
    """When a hold ends by itself; an instant alone is that instant."""
    return since + timedelta(seconds=seconds or 0) if since else None


class plus_days(FunctionElement[date]):  # noqa: N801 - reads as the SQL function it is
    """A date so many days later, or earlier where the number is negative."""

    inherit_cache = True
    type = Date()

    def __init__(self, on: ColumnElement[Any], days: int) -> None:
        super().__init__(on, literal(days, BigInteger))


@compiles(plus_days)
def _plus_days_on_sqlite(element: plus_days, compiler: Any, **kw: Any) -> str:
    on, days = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"date({on}, {days} || ' days')"


@compiles(plus_days, "postgresql")
def _plus_days_on_postgresql(element: plus_days, compiler: Any, **kw: Any) -> str:
    on, days = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({on} + CAST({days} AS INTEGER))"
