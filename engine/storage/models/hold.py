"""A named reason why a moment must wait or must not go."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, partial


class Hold(Base):
    """Always stored, always shown. `until` is when it ends by itself, where that is known."""

    __tablename__ = "holds"
    __table_args__ = (partial("uq_holds_open", "moment_id", "name", unique=True, where="released_at IS NULL"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    moment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("moments.id"), index=True)
    name: Mapped[str]
    detail: Mapped[str | None]
    opened_at: Mapped[datetime]
    until: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
