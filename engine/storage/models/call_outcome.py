"""What came of one try to call a customer."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, one_of

OUTCOMES = ("reached", "left_message", "no_answer", "wrong_number", "asked_not_to_call", "given_up")


class CallOutcome(Base):
    """Append-only: one row a try. The delivery on the channel `call` is the task; `again_at` is when to try again."""

    __tablename__ = "call_outcomes"
    __table_args__ = (one_of("outcome", OUTCOMES), Index("ix_call_outcomes_delivery_id", "delivery_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    delivery_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deliveries.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    outcome: Mapped[str]
    note: Mapped[str | None]
    again_at: Mapped[datetime | None]
    made_at: Mapped[datetime]
