""" "This feels wrong": what an agent stopped, and what marketing answered."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, one_of, partial


class Flag(Base):
    """Open until marketing answers. While one is open, its message cannot be approved."""

    __tablename__ = "flags"
    __table_args__ = (
        one_of("outcome", ("changed", "kept", "skipped")),
        partial("ix_flags_open", "raised_at", where="answered_at IS NULL"),
        Index("ix_flags_message_id", "message_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("messages.id"))
    trigger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("triggers.id"))
    template: Mapped[str]
    text: Mapped[str]
    paused_trigger: Mapped[bool] = mapped_column(default=False, server_default=false())
    raised_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    raised_at: Mapped[datetime]
    outcome: Mapped[str | None]
    answer: Mapped[str | None]
    answered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    answered_at: Mapped[datetime | None]
