"""Settles what a dead worker left behind: leases that ended, and deliveries we don't know about.

A lease that ended in `claimed` is free again, as nothing was submitted. One that ended in `submitting` becomes
`unconfirmed`; the provider is asked where it can be, and nothing is ever resent on silence.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.plan.ending import end_message
from engine.send.channels import Channels
from engine.send.claiming import MAX_ATTEMPTS
from engine.send.outgoing import Accepted, NotTaken, Refused
from engine.send.submitting import Now, record_accepted, record_refused, record_unconfirmed
from engine.storage.models import Delivery, Message
from engine.storage.session import Database

# A worker checks its lease right before it calls the channel, so after this long no call of it can still begin.
GRACE = timedelta(seconds=30)
BATCH = 100


def settle(db: Database, channels: Channels, *, now: Now) -> int:
    """Free ended claims, mark what is unknown, ask the providers that can be asked. Commits in between."""
    with db.writing() as session:
        at = now(session)
        settled = _free_ended_claims(session, at) + _mark_unknown(session, at) + _end_poisoned(session, at)
        unknown = session.execute(
            select(Delivery.id, Delivery.message_id, Delivery.channel)
            .where(Delivery.state == "unconfirmed", Delivery.lease_until < at - GRACE)
            .limit(BATCH)
        ).all()
    for delivery_id, message_id, channel in unknown:
        answer = channels[channel].find(message_id) if channel in channels else None
        if answer is not None:
            with db.writing() as session:
                _record(session, delivery_id, answer, now(session))
                settled += 1
    return settled


def _record(session: Session, delivery_id: UUID, answer: Accepted | NotTaken, now: datetime) -> None:
    if isinstance(answer, Accepted):
        record_accepted(session, delivery_id, answer, now=now)
    else:
        record_refused(session, delivery_id, Refused("never_taken", permanent=False), now=now)


def _free_ended_claims(session: Session, now: datetime) -> int:
    freed = session.scalars(
        update(Delivery)
        .where(Delivery.state == "claimed", Delivery.lease_until < now)
        .values(state="refused", ended_at=now, reason="lease_ended")
        .returning(Delivery.id)
    ).all()
    return len(freed)


def _mark_unknown(session: Session, now: datetime) -> int:
    ended: Sequence[UUID] = session.scalars(
        select(Delivery.id).where(Delivery.state == "submitting", Delivery.lease_until < now - GRACE)
    ).all()
    return record_unconfirmed(session, ended, "no answer was stored", now=now) if ended else 0


def _end_poisoned(session: Session, now: datetime) -> int:
    """A message that every attempt died on must not be tried for ever: it ends where people see it."""
    poisoned = session.scalars(
        select(Message.id).where(
            Message.state == "approved",
            Message.attempts >= MAX_ATTEMPTS,
            ~select(Delivery.id)
            .where(Delivery.message_id == Message.id, Delivery.state.in_(("claimed", "submitting")))
            .exists(),
        )
    ).all()
    return sum(end_message(session, message_id, "skipped", "gave_up", now=now) for message_id in poisoned)
