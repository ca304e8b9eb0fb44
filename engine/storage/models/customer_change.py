"""The append-only memory of what changed about a customer, so that the past can be replayed as it was."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, JsonValue


class CustomerChange(Base):
    """One field of one customer: what it was, what it became, when that was true and when we learned it."""

    __tablename__ = "customer_changes"
    __table_args__ = (Index("ix_customer_changes_of_field", "customer_id", "field", "effective_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"))
    field: Mapped[str]
    old: Mapped[Any] = mapped_column(JsonValue, nullable=True)
    new: Mapped[Any] = mapped_column(JsonValue, nullable=True)
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    source: Mapped[str]
