"""Something that a person who works here must be told, by mail or to the company's webhook."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, partial


class Notice(Base):
    """Written with what it is about, in one transaction, and carried by a worker. `key` decides that the same is told
    once; `person_id` is NULL for the webhook alone. The text holds no customer's data, and is emptied once it went.
    """

    __tablename__ = "notices"
    __table_args__ = (
        partial("ix_notices_to_carry", "next_at", where="sent_at IS NULL AND dropped_at IS NULL"),
        Index("ix_notices_of_person", "person_id", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    subject: Mapped[str]
    body: Mapped[str]
    path: Mapped[str]
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    sent_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    reason: Mapped[str | None]
