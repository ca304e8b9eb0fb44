"""Input that could not be recorded, kept with its reason so that nothing is lost silently."""

import uuid
from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, Json


class RejectedEvent(Base):
    """An event that was refused, or that conflicts with one recorded earlier under the same message id.

    Its key is a hash of what it said and why it was refused, so that the same row is kept once however often it comes.
    """

    __tablename__ = "rejected_events"
    __table_args__ = (Index("ix_rejected_events_recorded_at", "recorded_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    message_id: Mapped[str | None]
    reason: Mapped[str]
    body: Mapped[Json]
    source: Mapped[str]
    recorded_at: Mapped[datetime]
