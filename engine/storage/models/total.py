"""The running totals of a customer: a cache of folds over their events."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, Json


class Total(Base):
    """The state of one fold for one customer, and the position (occurred_at, message_id) up to which it was folded.

    Newer events add to it; late, amended or retracted ones fold it again. Money is in minor units.
    """

    __tablename__ = "totals"

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
    detail: Mapped[Json | None]
    last_at: Mapped[datetime]
    last_message_id: Mapped[str]
