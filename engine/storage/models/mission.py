"""The customer-experience mission statement, versioned."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, Json


class Mission(Base):
    """One version of the mission; the highest number is in force."""

    __tablename__ = "missions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(unique=True)
    body: Mapped[Json]
    author: Mapped[str]
    reason: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime]
