"""Hands claimed messages over. `submitting` is committed for a batch, with every check made again in that commit,
before the channel is called without a database session; then the answers are recorded, a batch at a time.

The instant of sending is the commit of `submitting`: what changes later finds a message that has gone.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine import clock
from engine.calendar.day_rules import with_days
from engine.calendar.pauses import hand_over_in_turn
from engine.channel_terms import Offered
from engine.plan.holds import HoldView
from engine.plan.times import recompute_send_times
from engine.send.calls import Answered, Calls
from engine.send.channels import Channels
from engine.send.checking import Claimed, hindrances, lock_claimed, lock_customers
from engine.send.choosing_again import move_to_present_channels
from engine.send.claiming import Claim
from engine.send.composing import CannotCompose, compose
from engine.send.duties import NO_DUTIES, Duties
from engine.send.gates import give_back, has_gate, note_failure, note_success
from engine.send.letting_go import record_failed_to_compose, record_hindered
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from engine.send.recording import NotCalled, Unknown, record_answers
from engine.send.redirect import HINDRANCE, Redirect, mark
from engine.storage.models import Delivery, Message
from engine.storage.session import Database
from engine.storage.upsert import given, is_among, is_given, table_of
from engine.storage.words import in_words

log = structlog.get_logger()

Now = Callable[[Session], datetime]
Result = TypeVar("Result")
# Recorded together, or what came within so many seconds: one slow answer must not leave the others unrecorded.
RECORD_BATCH = 100
RECORD_SECONDS = 0.5
# An answer that cannot be stored at once is worth some patience: without it nobody knows whether the message arrived.
PATIENCE_SECONDS = (0.2, 1.0, 3.0)

_DELIVERIES, _MESSAGES = table_of(Delivery), table_of(Message)
_SUBMITTING = in_words(
    update(_DELIVERIES)
    .where(is_given(_DELIVERIES.c.id), _DELIVERIES.c.state == "claimed")
    .values(state="submitting", submitting_at=bindparam("at"))
    .returning(_DELIVERIES.c.message_id)
)
_HANDED_OVER = (
    update(_MESSAGES).where(is_given(_MESSAGES.c.id)).values(state="handed_over", handed_over_at=bindparam("at"))
)


@dataclass(frozen=True)
class Sender:
    """What handing over needs besides the claims. `now` is the installation's time; leases and gates run by the
    `machine`'s. `caps` are the most messages a day by channel."""

    db: Database
    channels: Channels
    offered: Offered
    company: str
    team: str
    duties: Duties = NO_DUTIES
    redirect: Redirect = field(default_factory=Redirect)
    caps: Mapping[str, int] = field(default_factory=dict)
    now: Now = clock.now
    machine: Callable[[], datetime] = clock.machine_now

    def calls(self) -> Calls:
        """The threads on which its channels are called."""
        return Calls(self.channels, self.machine)


def submit(sender: Sender, claims: Sequence[Claim]) -> int:
    """Hand over what may still go and wait for the answers; returns how many were accepted."""
    with sender.calls() as calls:
        start(sender, calls, claims)
        return finish(sender, calls)


def start(sender: Sender, calls: Calls, claims: Sequence[Claim]) -> int:
    """Commit `submitting` for these and have their channels called; how many that are."""
    # A real provider may have taken it although the power failed a moment later: the commit must be on the disk.
    with sender.db.writing(durable=any(has_gate(claim.channel) for claim in claims)) as session:
        ready = begin_submitting(session, sender, claims)
    for claim in claims:
        if claim.delivery_id in ready:
            calls.start(claim, ready[claim.delivery_id])
    return len(ready)


def finish(sender: Sender, calls: Calls) -> int:
    """Wait for all answers and record them; how many messages were accepted."""
    accepted = 0
    while calls.under_way():
        accepted += store(sender, calls.answers(most=RECORD_BATCH, within=RECORD_SECONDS))
    return accepted


def begin_submitting(session: Session, sender: Sender, claims: Sequence[Claim]) -> dict[UUID, OutgoingMessage]:
    """The second check and the state `submitting`, for the caller to commit. What may not go is put off or ended."""
    hand_over_in_turn(session)
    customers = lock_customers(session, claims)
    now = sender.now(session)  # after the locks, which may have had to be waited for
    offered = with_days(session, sender.offered)
    # Of those who moved to another zone, or now want other hours.
    recompute_send_times(session, customer_ids=customers, now=now, channels=offered)
    claimed = lock_claimed(session, claims, machine=sender.machine(), channels=offered)
    claims_of = {one.delivery_id: one.message_id for one in claimed}
    moved = move_to_present_channels(session, claims_of, offered=offered, now=now)
    staying = [one for one in claimed if one.delivery_id not in moved]
    meant_for, unaddressed = _redirected(session, sender.redirect, staying)
    hindered = moved | hindrances(session, staying, now=now, channels=offered, also=unaddressed)
    record_hindered(session, hindered, now=now)
    going = [one.delivery_id for one in claimed if one.delivery_id not in hindered]
    composed = compose(session, going, sender.channels, company=sender.company, team=sender.team, duties=sender.duties)
    failed = {one: f"cannot_compose:{why}" for one, why in composed.items() if isinstance(why, CannotCompose)}
    for delivery_id, reason in failed.items():  # it must not keep the others
        log.error("cannot_compose", delivery=str(delivery_id), why=reason)
    record_failed_to_compose(session, failed, now=now)
    ready = {one: message for one, message in composed.items() if isinstance(message, OutgoingMessage)}
    _record_submitting(session, list(ready), now=now)
    _give_back_unused(session, sender, [claim for claim in claims if claim.delivery_id not in ready])
    return {one: mark(message, meant_for[one]) if one in meant_for else message for one, message in ready.items()}


def store(sender: Sender, answered: Sequence[Answered]) -> int:
    """Record these answers in one commit; how many were accepted. One that cannot be recorded must not keep the others,
    as all of them would be unknown for ever."""
    if not answered:
        return 0
    try:
        return patiently(sender, lambda session, now: _record(session, sender, answered, now))
    except OperationalError:
        raise
    except Exception as error:
        if len(answered) == 1:
            log.exception("answer_not_recorded", delivery=str(answered[0].delivery_id), error=type(error).__name__)
            return 0
        return sum(store(sender, [one]) for one in answered)


def _record(session: Session, sender: Sender, answered: Sequence[Answered], now: datetime) -> int:
    answers = {one.delivery_id: one.answer for one in answered}
    accepted = record_answers(session, answers, offered=sender.offered, now=now)
    by_channel = sorted(answered, key=lambda one: one.channel)  # gates in the order in which everybody locks them
    for channel, of_channel in groupby(by_channel, key=lambda one: one.channel):
        tell_the_gate(session, channel, [one.answer for one in of_channel], machine=sender.machine())
    return len(accepted)


def tell_the_gate(session: Session, channel: str, answers: Sequence[object], *, machine: datetime) -> None:
    """Answers in the order in which the provider gave them. What it did not take does not count for the day."""
    give_back(session, channel, sum(isinstance(one, NotCalled) for one in answers), machine=machine, called=False)
    give_back(session, channel, sum(isinstance(one, Refused) for one in answers), machine=machine, called=True)
    unknown, refusals, sensible = list[Unknown](), list[Refused](), False
    for answer in answers:
        if isinstance(answer, Unknown):
            unknown.append(answer)
        elif isinstance(answer, Refused) and answer.whose == "provider":
            refusals.append(answer)
        elif isinstance(answer, Accepted | Refused):
            unknown, sensible = [], True
    if sensible:
        note_success(session, channel, machine=machine)
    if unknown:
        note_failure(session, channel, unknown[-1].reason, machine=machine, unknown=len(unknown))
    if refusals:
        asked = max((one.retry_after for one in refusals if one.retry_after is not None), default=None)
        note_failure(session, channel, refusals[-1].reason, machine=machine, retry_after=asked)


def _redirected(
    session: Session, redirect: Redirect, claimed: Sequence[Claimed]
) -> tuple[dict[UUID, str], dict[UUID, HoldView]]:
    """Point deliveries at the test addresses of redirect mode: whom these were meant for, and what has no address."""
    if not redirect.on:
        return {}, {}
    ids = [one.delivery_id for one in claimed]
    rows = session.execute(
        select(Delivery.id, Delivery.channel, Delivery.address).where(is_among(session, Delivery.id, ids))
    ).all()
    addresses = {row.id: redirect.address_of(row.channel, row.address) for row in rows}
    moved = [row for row in rows if addresses[row.id] not in (None, row.address)]
    if moved:
        changes = [{"id": row.id, "address": addresses[row.id], "redirected": True} for row in moved]
        session.execute(update(Delivery), changes)
    meant_for = {row.id: row.address for row in moved}
    return meant_for, {row.id: HoldView(HINDRANCE) for row in rows if addresses[row.id] is None}


def _record_submitting(session: Session, delivery_ids: Sequence[UUID], *, now: datetime) -> None:
    """From here on these may have reached their customers."""
    if not delivery_ids:
        return
    messages = session.scalars(_SUBMITTING, given(delivery_ids) | {"at": now}).all()
    session.execute(_HANDED_OVER, given(messages) | {"at": now})


def _give_back_unused(session: Session, sender: Sender, claims: Sequence[Claim]) -> None:
    machine = sender.machine()
    for channel in sorted({claim.channel for claim in claims}):
        give_back(session, channel, sum(c.channel == channel for c in claims), machine=machine, called=False)


def patiently(sender: Sender, what: Callable[[Session, datetime], Result]) -> Result:
    """Do it in a transaction of its own, with some patience for a database that restarts."""
    for seconds in PATIENCE_SECONDS:
        try:
            with sender.db.writing() as session:
                return what(session, sender.now(session))
        except OperationalError:
            time.sleep(seconds)
    with sender.db.writing() as session:
        return what(session, sender.now(session))
