"""What a customer wrote back."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, one_of, partial


class Reply(Base):
    """Threaded to the message it answers and to the person under whose name that went, where both are known.

    `meaning` is what the words asked for by themselves (stop, start, help); `handled_at` when a person dealt with it;
    `negative` that it sounded unhappy, or that a person said so, and `problem_id` what was opened because of it.
    """

    __tablename__ = "replies"
    __table_args__ = (
        one_of("meaning", ("text", "stop", "start", "help", "automatic")),
        UniqueConstraint("channel", "provider_key"),
        partial("ix_replies_waiting", "received_at", where="handled_at IS NULL"),
        Index("ix_replies_of_customer", "customer_id", "received_at"),
        partial("ix_replies_unhappy", "received_at", where="negative AND problem_id IS NULL"),
        Index("ix_replies_message_id", "message_id"),
        Index("ix_replies_from_address", "from_address", "received_at"),
        Index("ix_replies_received_at", "received_at", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    channel: Mapped[str]
    provider_key: Mapped[str]
    customer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("customers.id"))
    message_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("messages.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    from_address: Mapped[str]
    subject: Mapped[str | None]
    text: Mapped[str]
    meaning: Mapped[str] = mapped_column(default="text", server_default="text")
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    negative: Mapped[bool] = mapped_column(default=False, server_default=false())
    problem_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("problems.id"))
