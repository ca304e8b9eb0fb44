"""A fact with a time."""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, Json, partial


class Event(Base):
    """Immutable, unique by its message id (the ledger decides), ordered by (occurred_at, message_id) in every fold.

    `occurred_on` is the customer's local date. `subject` is the problem it speaks of (a ticket, a refund).
    `corrects` is the message id of the event that this one retracts or amends.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_fold", "customer_id", "name", "occurred_at", "message_id"),
        partial("ix_events_of_subject", "customer_id", "subject", where="subject IS NOT NULL"),
        partial("ix_events_corrections", "corrects", where="corrects IS NOT NULL"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[str]
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"))
    name: Mapped[str]
    occurred_at: Mapped[datetime]
    occurred_on: Mapped[date]
    recorded_at: Mapped[datetime]
    properties: Mapped[Json]
    subject: Mapped[str | None]
    corrects: Mapped[str | None]
    source: Mapped[str]
