"""Hands claimed messages over. `submitting` is committed, with every check made again in that commit, before the
channel is called without a database session; then the answer is recorded.

The instant of sending is the commit of `submitting`: what changes later finds a message that has gone.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy import exists, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine import clock
from engine.channel_terms import Offered
from engine.plan.times import recompute_send_times
from engine.send.channels import Channels
from engine.send.checking import hindrances, lock_claimed, lock_customers
from engine.send.claiming import Claim
from engine.send.composing import CannotCompose, compose
from engine.send.duties import NO_DUTIES, Duties
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from engine.send.recording import (
    record_accepted,
    record_failed_to_compose,
    record_hindered,
    record_refused,
    record_submitting,
    record_unconfirmed,
)
from engine.storage.models import Delivery
from engine.storage.session import Database

log = structlog.get_logger()

Now = Callable[[Session], datetime]
Answer = TypeVar("Answer")
LEASE_ENDED = "lease_ended"
# An answer that cannot be stored at once is worth some patience: without it nobody knows whether the message arrived.
PATIENCE_SECONDS = (0.2, 1.0, 3.0)


@dataclass(frozen=True)
class Sender:
    """What handing over needs besides the claims. `now` is the installation's time; leases run by the `machine`'s."""

    db: Database
    channels: Channels
    offered: Offered
    company: str
    team: str
    duties: Duties = NO_DUTIES
    now: Now = clock.now
    machine: Callable[[], datetime] = clock.machine_now


def submit(sender: Sender, claims: Sequence[Claim]) -> int:
    """Hand over what may still go; returns how many were accepted. Commits before and after each channel's call."""
    with sender.db.writing() as session:
        ready = begin_submitting(session, sender, claims)
    return sum(_hand_over(sender, claim, ready[claim.delivery_id]) for claim in claims if claim.delivery_id in ready)


def begin_submitting(session: Session, sender: Sender, claims: Sequence[Claim]) -> dict[UUID, OutgoingMessage]:
    """The second check and the state `submitting`, for the caller to commit. What may not go is put off or ended."""
    customers = lock_customers(session, claims)
    now = sender.now(session)  # after the lock, which may have had to be waited for
    recompute_send_times(session, customer_ids=customers, now=now)  # of those who moved to another zone
    claimed = lock_claimed(session, claims, machine=sender.machine())
    hindered = hindrances(session, claimed, now=now, channels=sender.offered)
    record_hindered(session, hindered, now=now)
    going = [one.delivery_id for one in claimed if one.delivery_id not in hindered]
    composed = compose(session, going, sender.channels, company=sender.company, team=sender.team, duties=sender.duties)
    ready = {}
    for delivery_id, message in composed.items():
        if isinstance(message, CannotCompose):  # it must not keep the others
            log.error("cannot_compose", delivery=str(delivery_id), why=str(message))
            record_failed_to_compose(session, delivery_id, f"cannot_compose:{message}", now=now)
        else:
            ready[delivery_id] = message
    record_submitting(session, list(ready), now=now)
    return ready


def _hand_over(sender: Sender, claim: Claim, message: OutgoingMessage) -> bool:
    """The lease is looked at right before the call: a worker that slept past it may not submit, as others have dealt
    with the message since. Whoever finds that out knows that nothing was submitted, and says so."""
    if not _is_mine(sender, claim):
        log.warning("lease_ended_before_submitting", delivery=str(claim.delivery_id))
        refusal = Refused(LEASE_ENDED, permanent=False)
        _store(sender, lambda session, now: record_refused(session, claim.delivery_id, refusal, now=now))
        return False
    answer = _call(sender, claim, message)
    if isinstance(answer, Accepted):
        return _store(sender, lambda session, now: record_accepted(session, claim.delivery_id, answer, now=now))
    if isinstance(answer, Refused):
        _store(sender, lambda session, now: record_refused(session, claim.delivery_id, answer, now=now))
    else:
        _store(sender, lambda session, now: record_unconfirmed(session, [claim.delivery_id], answer, now=now))
    return False


def _call(sender: Sender, claim: Claim, message: OutgoingMessage) -> Accepted | Refused | str:
    """The channel's answer; a text where we don't know whether the message was taken."""
    try:
        return sender.channels[claim.channel].send(message)
    except Refused as refusal:
        return refusal
    except Exception as error:  # whatever it was: it may have been taken
        log.warning("delivery_unconfirmed", delivery=str(claim.delivery_id), error=type(error).__name__)
        return type(error).__name__


def _is_mine(sender: Sender, claim: Claim) -> bool:
    mine = exists().where(
        Delivery.id == claim.delivery_id,
        Delivery.fence == claim.fence,
        Delivery.state == "submitting",
        Delivery.lease_until > sender.machine(),
    )
    with sender.db.reading() as session:
        return bool(session.scalar(select(mine)))


def _store(sender: Sender, what: Callable[[Session, datetime], Answer]) -> Answer:
    """Store in a transaction of its own, with some patience for a database that restarts."""
    for seconds in PATIENCE_SECONDS:
        try:
            with sender.db.writing() as session:
                return what(session, sender.now(session))
        except OperationalError:
            time.sleep(seconds)
    with sender.db.writing() as session:
        return what(session, sender.now(session))
