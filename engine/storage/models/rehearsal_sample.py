"""A real customer whom a kept run shows, with the message they would have got."""

import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, JsonValue


class RehearsalSample(Base):
    """Apart from the run's counts, so that it goes with the customer it is about, and sooner than the counts."""

    __tablename__ = "rehearsal_samples"
    __table_args__ = (Index("ix_rehearsal_samples_customer_id", "customer_id"),)

    rehearsal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("rehearsals.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"))
    told: Mapped[dict[str, Any]] = mapped_column(JsonValue)
