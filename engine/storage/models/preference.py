"""Which occasions a customer wants to hear about, and how."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base


class Preference(Base):
    """The customer's wish for one occasion; no row means the occasion's default. The reason is never stored."""

    __tablename__ = "preferences"

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    occasion: Mapped[str] = mapped_column(primary_key=True)
    wanted: Mapped[bool]
    channel: Mapped[str | None]
    source: Mapped[str]
    changed_at: Mapped[datetime]
