"""Where a customer can be reached on a channel."""

import uuid
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ForeignKey, Index, UniqueConstraint, true
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base


def hash_of_address(address: str) -> str:
    """What suppressions keep of an address, so that it is known again after its customer was erased."""
    return sha256(address.strip().casefold().encode()).hexdigest()


def _hash(context: DefaultExecutionContext) -> str:
    return hash_of_address(context.get_current_parameters()["address"])  # type: ignore[no-untyped-call]


class ContactPoint(Base):
    """One address of one customer on one channel; `usable` ends with a hard bounce, and `unusable_reason` says so.
    `heard_at` is when the customer last wrote to us from it.

    `address_hash` lets suppressed addresses be found for a whole set in one statement.
    """

    __tablename__ = "contact_points"
    __table_args__ = (
        UniqueConstraint("customer_id", "channel", "address"),
        Index("ix_contact_points_address_hash", "address_hash"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"))
    channel: Mapped[str]
    address: Mapped[str]
    address_hash: Mapped[str] = mapped_column(default=_hash)
    usable: Mapped[bool] = mapped_column(default=True, server_default=true())
    unusable_reason: Mapped[str | None]
    heard_at: Mapped[datetime | None]
