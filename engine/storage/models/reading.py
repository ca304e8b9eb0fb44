"""What somebody here believes a customer thinks or feels."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, one_of


class Reading(Base):
    """The part of the empathy map that nobody can observe: marked as one person's reading, and open to the customer."""

    __tablename__ = "readings"
    __table_args__ = (one_of("quadrant", ("thinks", "feels")), Index("ix_readings_customer_id", "customer_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"))
    quadrant: Mapped[str]
    text: Mapped[str]
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
