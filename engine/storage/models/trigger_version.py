"""One saved definition of a trigger."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, Json


class TriggerVersion(Base):
    """Never changed once saved: moments and messages keep pointing to the version that made them."""

    __tablename__ = "trigger_versions"
    __table_args__ = (UniqueConstraint("trigger_id", "number"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    trigger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("triggers.id"))
    number: Mapped[int]
    definition: Mapped[Json]
    author: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
