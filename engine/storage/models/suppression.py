"""Whom, and which addresses, we must not write to."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, partial


class Suppression(Base):
    """Per customer, or per address as a hash (it outlives an erased customer); no channel means all of them."""

    __tablename__ = "suppressions"
    __table_args__ = (
        CheckConstraint("customer_id IS NOT NULL OR address_hash IS NOT NULL", name="of_someone"),
        partial("ix_suppressions_of_customer", "customer_id", where="lifted_at IS NULL"),
        partial("ix_suppressions_of_address", "address_hash", where="lifted_at IS NULL"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    customer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("customers.id"))
    address_hash: Mapped[str | None]
    channel: Mapped[str | None]
    reason: Mapped[str]
    source: Mapped[str]
    created_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
