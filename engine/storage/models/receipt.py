"""What a provider told us about a message: one row for each thing said, however often it was said."""

import uuid
from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, Json, one_of, partial

KINDS = (
    "processed",
    "deferred",
    "delivered",
    "read",
    "opened",
    "clicked",
    "bounced",
    "dropped",
    "complained",
    "unsubscribed",
    "failed",
)


class Receipt(Base):
    """Append-only, unique by what was said (`key`), not by the provider's own event id, which changes with repeats.

    `message_id` is ours as the provider handed it back, and may be unknown here. `applied_at` is empty while no
    delivery is known that it could belong to.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        one_of("kind", KINDS),
        UniqueConstraint("provider", "key"),
        partial("ix_receipts_parked", "received_at", where="applied_at IS NULL"),
        Index("ix_receipts_message_id", "message_id"),
        partial("ix_receipts_of_delivery", "delivery_id", where="delivery_id IS NOT NULL"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    provider: Mapped[str]
    key: Mapped[str]
    kind: Mapped[str]
    message_id: Mapped[uuid.UUID | None]
    delivery_id: Mapped[uuid.UUID | None]
    provider_id: Mapped[str | None]
    address_hash: Mapped[str | None]
    detail: Mapped[str | None]
    data: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
