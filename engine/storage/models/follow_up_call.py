"""A call that a serious or repeated problem asks for, within two days of its resolution."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, needs, one_of, partial


class FollowUpCall(Base):
    """One for each problem that asks for one, about its resolution at `resolved_at`: a later one brings it back. It is
    no delivery: the message goes its own way."""

    __tablename__ = "follow_up_calls"
    __table_args__ = (
        one_of("state", ("open", "done", "dropped")),
        needs("done", "ended_at"),
        needs("dropped", "ended_at", "reason"),
        partial("ix_follow_up_calls_open", "due_at", where="state = 'open'"),
        Index("ix_follow_up_calls_customer_id", "customer_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    problem_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("problems.id"), unique=True)
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"))
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    state: Mapped[str]
    reason: Mapped[str | None]
    resolved_at: Mapped[datetime]
    due_at: Mapped[datetime]
    again_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    outcome: Mapped[str | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
