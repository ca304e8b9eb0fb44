"""What a person wrote back to a customer's reply, and what became of it."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, needs, one_of, partial


class Answer(Base):
    """Handed over once, as a delivery is: claimed with a lease and a fence, `submitting` committed before the call."""

    __tablename__ = "answers"
    __table_args__ = (
        one_of("state", ("waiting", "claimed", "submitting", "accepted", "refused", "unconfirmed", "withdrawn")),
        needs("claimed", "claimed_until", "worker"),
        needs("submitting", "submitting_at"),
        needs("accepted", "accepted_at"),
        needs("refused", "reason"),
        partial("ix_answers_to_send", "release_at", where="state IN ('waiting', 'claimed', 'submitting')"),
        Index("ix_answers_reply_id", "reply_id"),
        Index("ix_answers_customer_id", "customer_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    reply_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("replies.id"))
    customer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("customers.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"))
    channel: Mapped[str]
    address: Mapped[str]
    subject: Mapped[str | None]
    text: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    created_at: Mapped[datetime]
    release_at: Mapped[datetime]
    fence: Mapped[int] = mapped_column(default=0, server_default="0")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    worker: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    submitting_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    provider_id: Mapped[str | None]
