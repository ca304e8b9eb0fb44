"""Claims: which worker may hand over which messages, for how long.

A claim is a delivery row with a lease and a fence. Claiming takes a whole batch in one statement; UNIQUE decides races.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.send.switch import sending_stopped
from engine.storage.models import ContactPoint, Delivery, Message
from engine.transitions import FAILED_DELIVERY

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """One message that this worker may hand over until the lease ends. `fence` rises with every claim of a message."""

    delivery_id: UUID
    message_id: UUID
    channel: str
    fence: int
    lease_until: datetime


def claim_due(session: Session, *, now: datetime, machine: datetime, worker: str, limit: int = 10) -> list[Claim]:
    """Claim up to `limit` approved messages whose time has come. The caller commits before it submits any.

    `now` is the installation's time and says what is due; the lease runs by the `machine`'s own time, so that moving a
    demonstration on does not end it.
    """
    if sending_stopped(session):
        return []
    due = _travelling_together(_due(session, now=now, limit=limit))
    if not due:
        return []
    addresses = _addresses(session, [row.customer_id for row in due])
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "message_id": row.id,
            "channel": row.channel,
            "address": addresses.get((row.customer_id, row.channel), ""),
            "state": "claimed",
            "fence": row.fence,
            "worker": worker,
            "lease_until": machine + LEASE,
            "claimed_at": now,
        }
        for row in due
    ]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # Another worker may have claimed one since our statement began: uq_deliveries_one_open decides.
    taken = set(session.scalars(insert(Delivery).on_conflict_do_nothing().returning(Delivery.id), rows))
    mine = [row for row in rows if row["id"] in taken]
    session.execute(
        update(Message)
        .where(Message.id.in_([row["message_id"] for row in mine]))
        .values(attempts=Message.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    return [Claim(row["id"], row["message_id"], row["channel"], row["fence"], row["lease_until"]) for row in mine]


def _due(session: Session, *, now: datetime, limit: int) -> Sequence[Any]:
    fence = select(func.coalesce(func.max(Delivery.fence), 0) + 1).where(Delivery.message_id == Message.id)
    return session.execute(
        select(
            Message.id, Message.customer_id, Message.channel, Message.attempts, fence.scalar_subquery().label("fence")
        )
        .where(
            Message.state == "approved",
            Message.send_at <= now,
            Message.release_at <= now,
            Message.attempts < MAX_ATTEMPTS,
            ~exists().where(Delivery.message_id == Message.id, Delivery.state.not_in(FAILED_DELIVERY)),
        )
        .order_by(Message.send_at, Message.id)
        .limit(limit)
        .with_for_update(of=Message, skip_locked=True)
    ).all()


def _travelling_together(due: Sequence[Any]) -> Sequence[Any]:
    """A message that an attempt died on or failed with travels alone, so that a poisoned one takes no other with it."""
    if due and due[0].attempts:
        return due[:1]
    return [row for row in due if not row.attempts]


def _addresses(session: Session, customer_ids: Sequence[UUID]) -> dict[tuple[UUID, str], str]:
    """The oldest usable address of each customer on each channel."""
    found = session.execute(
        select(ContactPoint.customer_id, ContactPoint.channel, ContactPoint.address)
        .where(ContactPoint.customer_id.in_(customer_ids), ContactPoint.usable)
        .order_by(ContactPoint.id.desc())
    )
    return {(customer_id, channel): address for customer_id, channel, address in found}
