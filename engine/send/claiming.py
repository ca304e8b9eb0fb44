"""Claims: which worker may hand over which messages, for how long.

A claim is a delivery row with a lease and a fence. Claiming takes a whole batch in one statement; UNIQUE decides races.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.storage.models import ContactPoint, Delivery, Installation, Message
from engine.transitions import FAILED_DELIVERY

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5
STOPPED = "sending_stopped"


@dataclass(frozen=True, slots=True)
class Claim:
    """One message that this worker may hand over until the lease ends. `fence` is the number of the attempt."""

    delivery_id: UUID
    message_id: UUID
    channel: str
    fence: int
    lease_until: datetime


def sending_stopped(session: Session) -> bool:
    """Whether someone pulled the switch that stops all sending."""
    stopped = session.get(Installation, STOPPED)
    return bool(stopped and stopped.value)


def claim_due(session: Session, *, now: datetime, worker: str, limit: int = 10) -> list[Claim]:
    """Claim up to `limit` approved messages whose time has come. The caller commits before it submits any."""
    if sending_stopped(session):
        return []
    due = session.execute(
        select(Message.id, Message.customer_id, Message.channel, Message.attempts)
        .where(
            Message.state == "approved",
            Message.send_at <= now,
            Message.release_at <= now,
            Message.attempts < MAX_ATTEMPTS,
            ~exists().where(Delivery.message_id == Message.id, Delivery.state.not_in(FAILED_DELIVERY)),
        )
        .order_by(Message.send_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not due:
        return []
    addresses = _addresses(session, [row.customer_id for row in due])
    rows = [
        {
            "id": new_id(),
            "message_id": row.id,
            "channel": row.channel,
            "address": addresses.get((row.customer_id, row.channel), ""),
            "state": "claimed",
            "fence": row.attempts + 1,
            "worker": worker,
            "lease_until": now + LEASE,
            "claimed_at": now,
        }
        for row in due
    ]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    taken = set(session.scalars(dialect.insert(Delivery).on_conflict_do_nothing().returning(Delivery.id), rows))
    session.execute(
        update(Message)
        .where(Message.id.in_([row["message_id"] for row in rows if row["id"] in taken]))
        .values(attempts=Message.attempts + 1)
    )
    return [
        Claim(row["id"], row["message_id"], row["channel"], row["fence"], row["lease_until"])  # type: ignore[arg-type]
        for row in rows
        if row["id"] in taken
    ]


def _addresses(session: Session, customer_ids: list[UUID]) -> dict[tuple[UUID, str], str]:
    found = session.execute(
        select(ContactPoint.customer_id, ContactPoint.channel, ContactPoint.address)
        .where(ContactPoint.customer_id.in_(customer_ids), ContactPoint.usable)
        .order_by(ContactPoint.id.desc())
    )
    return {(customer_id, channel): address for customer_id, channel, address in found}
