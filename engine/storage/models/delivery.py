"""One attempt to hand a message to a channel's provider, and what became of it."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from engine import transitions
from engine.ids import new_id
from engine.storage.base import Base, needs, one_of, partial, quoted


class Delivery(Base):
    """At most one per message may have reached the customer: a second needs the first clearly refused or bounced.

    `fence` rises with every claim of the message; a worker whose fence is old may not submit. `unconfirmed` means that
    we don't know whether it arrived; it is never resent by itself. `address` is the one really used: of a `redirected`
    delivery it is a test address, so what it answers says nothing about the customer's.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        one_of("state", transitions.DELIVERY),
        needs("claimed", "lease_until"),
        needs("submitting", "lease_until", "submitting_at"),
        needs("accepted", "submitting_at", "accepted_at"),
        needs("delivered", "submitting_at", "delivered_at"),
        needs("refused", "ended_at", "reason"),
        needs("bounced", "submitting_at", "ended_at", "reason"),
        needs("unconfirmed", "submitting_at", "unconfirmed_at", "reason"),
        partial(
            "uq_deliveries_one_open",
            "message_id",
            unique=True,
            where=f"state NOT IN ({quoted(transitions.FAILED_DELIVERY)})",
        ),
        partial("ix_deliveries_leases", "lease_until", where="state IN ('claimed', 'submitting')"),
        partial("ix_deliveries_calls_to_make", "accepted_at", where="channel = 'call' AND state = 'accepted'"),
        partial("ix_deliveries_delivered_at", "delivered_at", where="state = 'delivered'"),
        partial("ix_deliveries_unconfirmed_at", "unconfirmed_at", where="state = 'unconfirmed'"),
        Index("ix_deliveries_claimed_at", "claimed_at"),
        Index("ix_deliveries_message_id", "message_id"),
        Index("ix_deliveries_provider_id", "provider_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("messages.id"))
    channel: Mapped[str]
    address: Mapped[str]
    state: Mapped[str]
    fence: Mapped[int]
    worker: Mapped[str]
    lease_until: Mapped[datetime | None]
    reason: Mapped[str | None]
    redirected: Mapped[bool] = mapped_column(default=False, server_default=false())
    provider_id: Mapped[str | None]
    claimed_at: Mapped[datetime]
    submitting_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    unconfirmed_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
