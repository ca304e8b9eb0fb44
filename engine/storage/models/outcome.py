"""What the company wants to see happen after a moment, or not to happen: a repeat purchase, a reopened problem."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base

LONGEST_DAYS = 365


class Outcome(Base):
    """It happened where an event of this name (and with this text in `property`, where one is named) came within so
    many days from the moment's day on. `good`: we hope for it; else we hope against it. Retired ones keep their name.
    """

    __tablename__ = "outcomes"
    __table_args__ = (
        CheckConstraint(f"within_days BETWEEN 1 AND {LONGEST_DAYS}", name="within_a_year"),
        CheckConstraint("(property IS NULL) = (value IS NULL)", name="filter_is_whole"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    event: Mapped[str]
    property: Mapped[str | None]
    value: Mapped[str | None]
    within_days: Mapped[int]
    good: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
