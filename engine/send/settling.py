"""Settles what a dead worker left behind: leases that ended, and deliveries we don't know about.

A lease that ended in `claimed` is free again, as nothing was submitted. One that ended in `submitting` becomes
`unconfirmed`; the provider is asked where it can be, and nothing is ever resent on silence.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock
from engine.send.calls import LEASE_ENDED
from engine.send.channels import Channels
from engine.send.claiming import MAX_ATTEMPTS
from engine.send.outgoing import Accepted, NotTaken, Refused
from engine.send.recording import record_accepted, record_refused, record_unconfirmed
from engine.send.retrying import GAVE_UP, give_up
from engine.send.submitting import Now
from engine.storage.models import Delivery, Message
from engine.storage.session import Database

log = structlog.get_logger()

# A worker looks at its lease right before it calls the channel, and no call may last longer than this (nor may the
# clocks of two machines differ by more): afterwards nothing that we don't know of can still be taken.
GRACE = timedelta(seconds=30)
# Providers are asked about a delivery for so long; then it is for a receipt or a person to settle.
ASK_FOR = timedelta(days=3)
BATCH = 100


@dataclass(frozen=True)
class Settler:
    """What settling needs. `now` is the installation's time; leases run by the `machine`'s."""

    db: Database
    channels: Channels
    now: Now = clock.now
    machine: Callable[[], datetime] = clock.machine_now


def settle(settler: Settler) -> int:
    """Free ended claims, mark what is unknown, ask the providers that can be asked. Commits in between."""
    with settler.db.writing() as session:
        now, machine = settler.now(session), settler.machine()
        settled = _free_ended_claims(session, now, machine) + _mark_unknown(session, now, machine)
        settled += _end_poisoned(session, now)
    for row in _unknown(settler):
        answer = ask_provider(settler.channels, row)
        if answer is not None:
            with settler.db.writing() as session:
                settled += _record(session, row.id, answer, settler.now(session))
    return settled


def _free_ended_claims(session: Session, now: datetime, machine: datetime) -> int:
    freed = session.scalars(
        update(Delivery)
        .where(Delivery.state == "claimed", Delivery.lease_until < machine)
        .values(state="refused", ended_at=now, reason=LEASE_ENDED)
        .returning(Delivery.id)
    ).all()
    return len(freed)


def _mark_unknown(session: Session, now: datetime, machine: datetime) -> int:
    ended = session.scalars(
        select(Delivery.id).where(Delivery.state == "submitting", Delivery.lease_until < machine - GRACE)
    ).all()
    return record_unconfirmed(session, ended, "no answer was stored", now=now) if ended else 0


def _end_poisoned(session: Session, now: datetime) -> int:
    """A message that every attempt died on must not be tried for ever: it ends where people see it."""
    on_its_way = select(Delivery.id).where(
        Delivery.message_id == Message.id, Delivery.state.in_(("claimed", "submitting", "unconfirmed"))
    )
    poisoned = session.scalars(
        select(Message.id).where(Message.state == "approved", Message.attempts >= MAX_ATTEMPTS, ~on_its_way.exists())
    ).all()
    return sum(give_up(session, message_id, GAVE_UP, now=now) for message_id in poisoned)


def _unknown(settler: Settler) -> Iterator[Any]:
    """Page by page, so that those which nobody can answer for do not hide the others."""
    last: UUID | None = None
    while True:
        with settler.db.reading() as session:
            page = session.execute(
                select(Delivery.id, Delivery.message_id, Delivery.channel)
                .where(
                    Delivery.state == "unconfirmed",
                    Delivery.lease_until < settler.machine() - GRACE,
                    Delivery.unconfirmed_at > settler.now(session) - ASK_FOR,
                    *([Delivery.id > last] if last else ()),
                )
                .order_by(Delivery.id)
                .limit(BATCH)
            ).all()
        if not page:
            return
        yield from page
        last = page[-1].id


def ask_provider(channels: Channels, row: Any) -> Accepted | NotTaken | None:
    """What the provider of `row.channel` knows of `row.message_id`; None where nobody can tell now."""
    try:
        return channels[row.channel].find(row.message_id) if row.channel in channels else None
    except Exception as error:  # a provider that is down tells nothing; it is asked again in the next round
        log.warning("look_up_failed", delivery=str(row.id), error=type(error).__name__)
        return None


def _record(session: Session, delivery_id: UUID, answer: Accepted | NotTaken, now: datetime) -> bool:
    if isinstance(answer, Accepted):
        return record_accepted(session, delivery_id, answer, now=now)
    return record_refused(session, delivery_id, Refused("never_taken", permanent=False), now=now)
