"""Whether what a moment says is still so: its date, its problem. Asked at planning and in the commit of each sending.

Totals need no asking: recording cancels what they no longer prove in the transaction that changes them.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.dates.zones import local_date
from engine.spot.disturbances import disturbances_of, troubles_of
from engine.spot.reasons import (
    DATE_CHANGED,
    FACTS_CHANGED,
    NEWS_OVERDUE,
    PROBLEM_NOT_OPEN,
    PROBLEM_NOT_RESOLVED,
    PROBLEM_NOT_SETTLED,
)
from engine.storage.models import Customer, CustomerDate, Moment, Problem, Trigger
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_given

Dates = Mapping[tuple[UUID, str], Any]
DATED = "anniversary"

# Moments of a date, of a problem, or of both in one statement: all are asked of every batch.
_TO_PROVE = (
    select(
        Moment.id,
        Moment.customer_id,
        Moment.occurred_at,
        Moment.facts,
        Moment.problem_id,
        Trigger.kind,
        Customer.zone,
        Problem.state,
        Problem.severity,
        Problem.resolved_at,
        Problem.next_news_on,
    )
    .join(Trigger, Trigger.id == Moment.trigger_id)
    .join(Customer, Customer.id == Moment.customer_id)
    .outerjoin(Problem, Problem.id == Moment.problem_id)
    .where(is_given(Moment.id), or_(Trigger.kind == DATED, Moment.problem_id.is_not(None)))
)
_DATES = select(
    CustomerDate.customer_id, CustomerDate.name, CustomerDate.year, CustomerDate.month, CustomerDate.day
).where(is_given(CustomerDate.customer_id), CustomerDate.placeholder.is_(None))


def no_longer_true(session: Session, moment_ids: Collection[UUID], *, now: datetime | None = None) -> dict[UUID, str]:
    """Moment id -> why it is not true any more; the others are true. A few statements for the whole batch.

    With `now` also news that were announced for a day that is over.
    """
    rows = past_the_orm(session).execute(_TO_PROVE, given(moment_ids)).all()
    untrue = _untrue_dates(session, [row for row in rows if row.kind == DATED])
    return untrue | _untrue_problems(session, [row for row in rows if row.problem_id is not None], now)


def _untrue_dates(session: Session, moments: Sequence[Any]) -> dict[UUID, str]:
    if not moments:
        return {}
    rows = past_the_orm(session).execute(_DATES, given({moment.customer_id for moment in moments}))
    dates = {(row.customer_id, row.name): row for row in rows}
    return {moment.id: DATE_CHANGED for moment in moments if not _is_its_date(moment, dates)}


def _is_its_date(moment: Any, dates: Dates) -> bool:
    """The facts say which date the moment was made from, of a birthday without the year, and no year is asked then."""
    month, day, since = (moment.facts.get(name) for name in ("month", "day", "since"))
    if month is None or day is None:
        return True  # it says nothing that could be wrong
    row = dates.get((moment.customer_id, month["source"]))
    if row is None or (row.month, row.day) != (month["value"], day["value"]):
        return False
    on = date(row.year, row.month, row.day).isoformat() if row.year else None
    return since is None or since["value"] == on


def _untrue_problems(session: Session, rows: Sequence[Any], now: datetime | None) -> dict[UUID, str]:
    if not rows:
        return {}
    disturbances = disturbances_of(session, troubles_of(session, {row.customer_id for row in rows}))
    found = {row.id: _why_untrue(row, disturbances.get(row.customer_id, ()), now) for row in rows}
    return {moment_id: reason for moment_id, reason in found.items() if reason}


def _why_untrue(row: Any, disturbances: Sequence[datetime], now: datetime | None) -> str | None:
    """News are of a problem that is open. A recovery knows since when there was peace."""
    if "news_number" in row.facts:
        if row.state != "open":
            return PROBLEM_NOT_OPEN
        is_over = now is not None and row.next_news_on is not None and row.next_news_on < local_date(now, row.zone)
        return NEWS_OVERDUE if is_over else None
    if row.state != "resolved":
        return PROBLEM_NOT_RESOLVED
    if "quiet_since" in row.facts:
        quiet_since = datetime.fromisoformat(row.facts["quiet_since"]["value"])
        if row.resolved_at > quiet_since or any(quiet_since < one <= row.occurred_at for one in disturbances):
            return PROBLEM_NOT_SETTLED
    return FACTS_CHANGED if row.facts.get("severity", {}).get("value", row.severity) != row.severity else None
