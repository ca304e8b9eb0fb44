"""A second pair of eyes on one message."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, one_of, partial


class SecondRead(Base):
    """Asked of one person or of anybody; `number` is the revision that was read. One open question a message."""

    __tablename__ = "second_reads"
    __table_args__ = (
        one_of("answer", ("fine", "change")),
        partial("uq_second_reads_open", "message_id", unique=True, where="answered_at IS NULL"),
        Index("ix_second_reads_message_id", "message_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("messages.id"))
    asked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    asked_of: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    question: Mapped[str | None]
    asked_at: Mapped[datetime]
    number: Mapped[int | None]
    answer: Mapped[str | None]
    remark: Mapped[str | None]
    answered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    answered_at: Mapped[datetime | None]
