"""One cause that touched one or many customers."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base


class Incident(Base):
    """An outage, say. A customer hears at most one recovery about it, and only those who felt it have a problem."""

    __tablename__ = "incidents"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    what_happened: Mapped[str | None]
    what_we_did: Mapped[str | None]
    next_step: Mapped[str | None]
    owner: Mapped[str | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
