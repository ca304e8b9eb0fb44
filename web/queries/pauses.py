"""The "not now" of this company: those in force, and those that were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.calendar.pauses import as_value
from engine.calendar.scope import NotNow
from engine.storage.models import Pause, Person

SHOWN = 30


@dataclass(frozen=True, slots=True)
class PauseLine:
    """One of them, with who began and who ended it. Ended by nobody: its date was over."""

    id: UUID
    pause: NotNow
    began_at: datetime
    began_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    spread: bool


def pause_lines(session: Session, *, now: datetime) -> tuple[Sequence[PauseLine], Sequence[PauseLine]]:
    """Those in force, however long ago they began, and the latest of those that are over."""
    began, ended = aliased(Person), aliased(Person)
    rows = session.execute(
        select(Pause, began.name, ended.name)
        .outerjoin(began, began.id == Pause.began_by)
        .outerjoin(ended, ended.id == Pause.ended_by)
        .order_by(Pause.ended_at.is_not(None), Pause.began_at.desc(), Pause.id)
        .limit(SHOWN)
    )
    lines = [_line(row, by, end_by, now) for row, by, end_by in rows]
    return [one for one in lines if one.ended_at is None], [one for one in lines if one.ended_at is not None]


def _line(row: Pause, began_by: str | None, ended_by: str | None, now: datetime) -> PauseLine:
    over = row.until if row.ended_at is None and row.until is not None and row.until <= now else row.ended_at
    return PauseLine(row.id, as_value(row), row.began_at, began_by, over, ended_by, row.opened_at is not None)
