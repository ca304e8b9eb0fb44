"""Which customers a run reached, by segment, so that nobody is forgotten."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, and_, case, cast, func, literal, literal_column, select

from engine.backtest.ensemble import Ensemble
from engine.backtest.outcomes import OUTCOMES, SENT
from engine.backtest.results import Segment
from engine.backtest.scratch import Scratch
from engine.storage.models import Customer, CustomerDate

FIRST_ORDER = "first:order_completed"
_MOST = 12


def cover(played: Ensemble, first: date, last: date) -> list[Segment]:
    """By language, country and years with us; of each the largest segments, and all others in one."""
    found: dict[str, dict[str, Segment]] = defaultdict(dict)
    for row in played.rows(lambda run: _counted(run, played.cast.subjects, first, last)):
        for segment, value in zip(_SEGMENTS, row[:3], strict=True):
            one = found[segment].get(value, Segment(segment, value, 0, 0, 0))
            found[segment][value] = Segment(
                segment, value, one.customers + row[3], one.spotted + row[4], one.touched + int(row[5] or 0)
            )
    segments = (sorted(found[by].values(), key=lambda one: (-one.customers, one.value)) for by in _SEGMENTS)
    return [one for rows in segments for one in _largest(rows)]


_SEGMENTS = ("language", "country", "years with us")


def _counted(run: Scratch, subjects: Collection[UUID], first: date, last: date) -> Select[Any]:
    """For each language, country and number of years together: all customers, those spotted, those who heard."""
    customers, dates, o = run.stored(Customer).c, run.stored(CustomerDate).c, OUTCOMES.c
    reached = (
        select(o.customer_id, func.max(case((o.state == SENT, 1), else_=0)).label("sent"))
        .where(o.trigger_id.in_(subjects), o.on_day.between(first, last))
        .group_by(o.customer_id)
        .subquery("reached")
    )
    years = last.year - dates.year
    segments = (
        func.lower(func.substr(customers.locale, 1, 2)),
        func.coalesce(customers.country, literal("not known", Text)),
        case(
            (dates.year.is_(None), "no order yet"),
            (years >= 5, "5 and more"),
            (years >= 0, cast(years, Text)),
            else_="later",
        ),
    )
    labels = [one.label(f"segment_{at}") for at, one in enumerate(segments)]
    first_order = and_(dates.customer_id == customers.id, dates.name == FIRST_ORDER, run.mine(dates.customer_id))
    return (
        select(*labels, func.count(), func.count(reached.c.customer_id), func.sum(reached.c.sent))
        .select_from(customers.id.table)
        .outerjoin(dates.name.table, first_order)
        .outerjoin(reached, reached.c.customer_id == customers.id)
        .where(customers.erased_at.is_(None), run.mine(customers.id))
        .group_by(*(literal_column(label.name) for label in labels))
    )


def _largest(rows: list[Segment]) -> list[Segment]:
    if len(rows) <= _MOST:
        return rows
    rest = rows[_MOST - 1 :]
    counts = [sum(getattr(one, name) for one in rest) for name in ("customers", "spotted", "touched")]
    return [*rows[: _MOST - 1], Segment(rest[0].by, "all others", *counts)]
