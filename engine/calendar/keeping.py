"""Keeps the holds of a "not now" beside what had been planned before it began, so that every page says so; and lets
them go when it is over. Hand-overs do not wait for this: they ask for themselves.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, exists, literal, null, or_, select, update
from sqlalchemy.orm import Session

from engine.calendar.pauses import in_force
from engine.calendar.scope import NotNow
from engine.conditions.expressions import json_text
from engine.storage.base import UtcDateTime
from engine.storage.json_sql import new_key
from engine.storage.models import Customer, Hold, Moment, Pause, TriggerVersion
from engine.storage.upsert import insert_into

NAME = "pause"
_WAITING = ("planned", "written")
_QUIETLY = {"synchronize_session": False}


def keep_holds(session: Session, *, now: datetime) -> int:
    """Open and release what has not been yet; how many pauses that were. Nothing to do costs one small look."""
    unsettled = session.scalars(
        select(Pause).where(or_(Pause.opened_at.is_(None), Pause.released_at.is_(None))).with_for_update()
    ).all()
    over = [row for row in unsettled if not _holds(row, now) and row.released_at is None]
    new = [row for row in unsettled if _holds(row, now) and row.opened_at is None]
    if not over and not new:
        return 0
    settle_holds(session, {row.id for row in new}, now=now, some_are_over=bool(over))
    for row in over:
        row.opened_at, row.released_at = row.opened_at or now, now
    for row in new:
        row.opened_at = now
    return len(over) + len(new)


def settle_holds(session: Session, new: Collection[UUID], *, now: datetime, some_are_over: bool) -> None:
    """Open the holds of those that are `new`, and let go what only those kept that are over."""
    standing = in_force(session, now=now)
    if some_are_over:
        _release(session, standing, now=now)
    for one in standing:
        if one.id in new:
            _open(session, one, now=now)


def look_again(session: Session, *, now: datetime) -> None:
    """Moments that were held from being planned are planned now, and not only when somebody next looks at them."""
    held = exists().where(Hold.moment_id == Moment.id, Hold.name == NAME, Hold.released_at.is_(None))
    session.execute(
        update(Moment).where(Moment.state == "spotted", Moment.check_at > now, held).values(check_at=now),
        execution_options=_QUIETLY,
    )


def moments_of(pause: NotNow, *states: str) -> Select[Any]:
    """The moments in these states that it touches."""
    return (
        select(Moment.id)
        .join(Customer, Customer.id == Moment.customer_id)
        .where(
            Moment.state.in_(states),
            pause.stops(Moment.family, Moment.trigger_version_id, marketing_versions()),
            pause.meets(),
        )
    )


def marketing_versions() -> Select[UUID]:
    """The versions of class marketing of all triggers."""
    return select(TriggerVersion.id).where(json_text(TriggerVersion.definition, "class") == "marketing")


def _open(session: Session, pause: NotNow, *, now: datetime) -> None:
    """Beside everything that is planned or written; what is only spotted is asked about when it would be planned."""
    touched = moments_of(pause, *_WAITING).subquery("touched")
    rows = select(
        new_key(),
        touched.c.id,
        literal(NAME, Text),
        literal(pause.reason, Text),
        literal(now, UtcDateTime),
        literal(pause.until, UtcDateTime) if pause.until else null(),
    ).where(_always())
    columns = ["id", "moment_id", "name", "detail", "opened_at", "until"]
    session.execute(insert_into(session, Hold).from_select(columns, rows).on_conflict_do_nothing())


def _release(session: Session, standing: Sequence[NotNow], *, now: datetime) -> None:
    """All that no other one keeps; planning looks at them first, while it can be seen what waited."""
    look_again(session, now=now)
    kept = [Hold.moment_id.not_in(moments_of(one, "spotted", *_WAITING)) for one in standing]
    session.execute(
        update(Hold).where(Hold.name == NAME, Hold.released_at.is_(None), *kept).values(released_at=now),
        execution_options=_QUIETLY,
    )


def _holds(row: Pause, now: datetime) -> bool:
    """Whether it is in force."""
    return (row.ended_at is None or row.ended_at > now) and (row.until is None or row.until > now)


def _always() -> ColumnElement[bool]:
    """SQLite reads `ON` after a bare SELECT as a join's."""
    return literal(1) == literal(1)
