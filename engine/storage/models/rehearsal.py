"""A backtest or forecast that somebody asked for, and what it found."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, JsonValue, needs, one_of, partial

_OPEN = "state IN ('waiting', 'running')"


class Rehearsal(Base):
    """Claimed by a worker with a lease and a fence, as a delivery is. One runs at a time, and a person has at most one
    of each mode that is not over: a run needs the database for itself for a minute.

    `subjects` are definitions as plain values, as they were when it was asked for; `names` their names, each between
    two blanks. `result` holds no customer: those that are shown stand in `rehearsal_samples`.
    """

    __tablename__ = "rehearsals"
    __table_args__ = (
        one_of("mode", ("backtest", "forecast")),
        one_of("state", ("waiting", "running", "done", "stopped", "failed")),
        needs("running", "started_at", "worker", "lease_until"),
        needs("done", "result", "ended_at"),
        needs("stopped", "ended_at"),
        needs("failed", "error", "ended_at"),
        partial("uq_rehearsals_one_running", "state", where="state = 'running'", unique=True),
        partial("uq_rehearsals_one_asked", "asked_by", "mode", where=_OPEN, unique=True),
        Index("ix_rehearsals_mode_state_ended_at", "mode", "state", "ended_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    mode: Mapped[str]
    names: Mapped[str]
    subjects: Mapped[list[Any]] = mapped_column(JsonValue)
    first_on: Mapped[date]
    last_on: Mapped[date]
    state: Mapped[str]
    part: Mapped[str | None]
    progress: Mapped[int] = mapped_column(default=0, server_default="0")
    error: Mapped[str | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(JsonValue)
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    stop_wanted: Mapped[bool] = mapped_column(default=False, server_default=false())
    fence: Mapped[int] = mapped_column(default=0, server_default="0")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
