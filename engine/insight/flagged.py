"""What agents stopped because it felt wrong, by trigger and template, and whether marketing answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Float, case, cast, func, select
from sqlalchemy.orm import Session

from engine.storage.models import Flag, Person, Trigger
from engine.storage.time_sql import seconds_between

MOST_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Flagged:
    """Flags of one trigger and template. `answered_within` is the mean of those that were answered."""

    trigger: str
    template: str
    raised: int
    open: int
    changed: int
    kept: int
    skipped: int
    answered_within: timedelta | None


@dataclass(frozen=True, slots=True)
class Said:
    """One flag in its own words. What became of it is empty while it is open."""

    message_id: UUID
    trigger: str
    template: str
    text: str
    raised_by: str | None
    raised_at: datetime
    outcome: str | None
    answer: str | None


def flagged(session: Session, begins: datetime, ends: datetime) -> list[Flagged]:
    """Those raised in this time, most first: one statement."""
    took = case((Flag.answered_at.is_not(None), seconds_between(Flag.raised_at, Flag.answered_at)))
    query = (
        select(Trigger.name, Flag.template, func.count().label("raised"), cast(func.avg(took), Float).label("took"))
        .add_columns(func.sum(case((Flag.answered_at.is_(None), 1), else_=0)).label("open"))
        .add_columns(
            *(
                func.sum(case((Flag.outcome == outcome, 1), else_=0)).label(outcome)
                for outcome in ("changed", "kept", "skipped")
            )
        )
        .join(Trigger, Trigger.id == Flag.trigger_id)
        .where(Flag.raised_at >= begins, Flag.raised_at < ends)
        .group_by(Trigger.name, Flag.template)
        .order_by(func.count().desc(), Trigger.name, Flag.template)
    )
    return [
        Flagged(
            trigger=row.name,
            template=row.template,
            raised=row.raised,
            open=row.open,
            changed=row.changed,
            kept=row.kept,
            skipped=row.skipped,
            answered_within=None if row.took is None else timedelta(seconds=row.took),
        )
        for row in session.execute(query)
    ]


def last_flags(session: Session, begins: datetime, ends: datetime, *, limit: int = MOST_SHOWN) -> Sequence[Said]:
    """The newest, in the words of those who raised them."""
    query = (
        select(Flag.message_id, Trigger.name, Flag.template, Flag.text, Person.name.label("person"))
        .add_columns(Flag.raised_at, Flag.outcome, Flag.answer)
        .join(Trigger, Trigger.id == Flag.trigger_id)
        .outerjoin(Person, Person.id == Flag.raised_by)
        .where(Flag.raised_at >= begins, Flag.raised_at < ends)
        .order_by(Flag.raised_at.desc(), Flag.id.desc())
        .limit(limit)
    )
    return [
        Said(row.message_id, row.name, row.template, row.text, row.person, row.raised_at, row.outcome, row.answer)
        for row in session.execute(query)
    ]
