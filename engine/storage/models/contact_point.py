"""Where a customer can be reached on a channel."""

import uuid

from sqlalchemy import ForeignKey, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base


class ContactPoint(Base):
    """One address of one customer on one channel; `usable` ends with a hard bounce."""

    __tablename__ = "contact_points"
    __table_args__ = (UniqueConstraint("customer_id", "channel", "address"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"))
    channel: Mapped[str]
    address: Mapped[str]
    usable: Mapped[bool] = mapped_column(default=True, server_default=true())
