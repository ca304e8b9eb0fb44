"""Decides duplicates: it outlives events that were moved to a detached partition."""

import uuid

from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base


class EventLedger(Base):
    """Message id -> event and the hash of its body. A different body under a known id is a conflict, and reported."""

    __tablename__ = "event_ledger"

    message_id: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID]
    body_hash: Mapped[str]
