"""What a worker counted of one trigger and one outcome: a cache, of which the events and moments know better."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, JsonValue


class EffectCount(Base):
    """Good for this version of the outcome and this share of the control group, in ten-thousandths. `days` is a list of
    [day, customers, happened] of those assigned to a message, followed by the same two of the control group."""

    __tablename__ = "effect_counts"

    trigger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("triggers.id"), primary_key=True)
    outcome_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outcomes.id"), primary_key=True)
    outcome_version: Mapped[int]
    share: Mapped[int]
    counted_on: Mapped[date]
    days: Mapped[Any] = mapped_column(JsonValue)
