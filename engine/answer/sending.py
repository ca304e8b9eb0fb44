"""One worker's round of answers: claimed with a lease and a fence, `submitting` committed with every check made again,
the channel called while no database connection is held, and what it answered recorded. Channels, gates, redirect mode
and the meaning of answers are those of `engine.send`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, and_, case, or_, select, update
from sqlalchemy.orm import Session

from engine.answer.composing import compose_answers
from engine.answer.recording import let_wait, record_answers, refuse
from engine.answer.ways import Way, hindrances
from engine.listen.threads import REDIRECTED
from engine.record.locking import lock_by_id
from engine.send.calls import Answered, Calls
from engine.send.channels import Channel
from engine.send.claiming import LEASE, Claim
from engine.send.gates import Rules, admit, give_back, has_gate, open_now
from engine.send.outgoing import OutgoingMessage
from engine.send.redirect import mark
from engine.send.submitting import Sender, patiently, tell_the_gate
from engine.send.switch import STOPPED, sending_stopped
from engine.storage.models import Answer, Reply

log = structlog.get_logger()

# What a worker has in its hands of one channel; a person writes each of them.
BATCH = 20
RECORD_SECONDS = 0.5
# Sending was stopped between the claim and the check: it is looked at again so much later.
LOOK_AGAIN = timedelta(seconds=30)


def send_answers(sender: Sender, worker: str, *, enough: Callable[[], bool]) -> int:
    """Hand over the answers that are due; how many a channel accepted."""
    _refuse_strangers(sender)
    accepted = 0
    with sender.calls() as calls:
        for channel in sender.channels.values():
            while not enough() and (claims := claim(sender, channel, worker)):
                accepted += submit(sender, calls, claims)
    return accepted


def claim(sender: Sender, channel: Channel, worker: str) -> list[Claim]:
    """Claim what is due for this channel, and commit that. One that an attempt died on or failed with goes alone. The
    ramp of the first weeks keeps no answer back: nobody is written to who did not ask."""
    with sender.db.writing() as session:
        now, machine = sender.now(session), sender.machine()
        if sending_stopped(session) or not open_now(session, {channel.name: Rules(channel.rate)}, machine=machine):
            return []
        due = session.execute(
            select(Answer.id, Answer.attempts)
            .where(Answer.channel == channel.name, Answer.state == "waiting", Answer.release_at <= now)
            .order_by(Answer.release_at, Answer.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        due = due[:1] if due and due[0].attempts else [row for row in due if not row.attempts]
        ids = [row.id for row in due[: admit(session, channel, len(due), machine=machine)]]
        claimed = update(Answer).where(Answer.id.in_(ids), Answer.state == "waiting")
        rows = session.execute(
            claimed.values(
                state="claimed",
                worker=worker,
                claimed_until=machine + LEASE,
                fence=Answer.fence + 1,
                attempts=Answer.attempts + 1,
            )
            .returning(Answer.id, Answer.fence)
            .execution_options(synchronize_session=False)
        ).all()
    return [Claim(row.id, row.id, channel.name, row.fence, machine + LEASE) for row in rows]


def submit(sender: Sender, calls: Calls, claims: Sequence[Claim]) -> int:
    """Hand over what may still go and wait for what is answered; how many were accepted."""
    # A real provider may have taken it although the power failed a moment later: the commit must be on the disk.
    with sender.db.writing(durable=any(has_gate(claim.channel) for claim in claims)) as session:
        ready = begin_submitting(session, sender, claims)
    for one in claims:
        if one.delivery_id in ready:
            calls.start(one, ready[one.delivery_id])
    accepted = 0
    while calls.under_way():
        accepted += _store(sender, calls.answers(most=BATCH, within=RECORD_SECONDS))
    return accepted


def begin_submitting(session: Session, sender: Sender, claims: Sequence[Claim]) -> dict[UUID, OutgoingMessage]:
    """The second check and the state `submitting`, for the caller to commit: the instant of sending. The customers are
    locked before anything of theirs, as everybody does."""
    mine = _is_mine(claims, sender.machine())
    of = select(Answer.customer_id).where(mine, Answer.customer_id.is_not(None))
    lock_by_id(session, [one for one in session.scalars(of) if one])
    now = sender.now(session)
    held = {row.id: row for row in session.execute(_held(mine))}
    ways = {one: Way(row.channel, row.address, row.customer_id, row.came_by) for one, row in held.items()}
    if sending_stopped(session):
        let_wait(session, ways, STOPPED, until=now + LOOK_AGAIN)
        hindered: dict[UUID, str] = dict.fromkeys(ways, STOPPED)
    else:
        hindered = hindrances(session, ways, redirect=sender.redirect, now=now)
        refuse(session, hindered)
    going = [one for one in ways if one not in hindered]
    composed = compose_answers(session, going, company=sender.company, duties=sender.duties)
    ready = {one: message for one, message in composed.items() if isinstance(message, OutgoingMessage)}
    failed = {one: f"cannot_compose:{why}" for one, why in composed.items() if one not in ready}
    for one, why in failed.items():
        log.error("cannot_compose", answer=str(one), why=why)
    refuse(session, failed)
    ready = {one: _redirected(sender, message, ways[one]) for one, message in ready.items()}
    _record_submitting(session, {one: message.address != ways[one].address for one, message in ready.items()}, now=now)
    for channel in sorted({one.channel for one in claims}):
        unused = sum(one.channel == channel and one.delivery_id not in ready for one in claims)
        give_back(session, channel, unused, machine=sender.machine(), called=False)
    return ready


def _is_mine(claims: Sequence[Claim], machine: datetime) -> ColumnElement[bool]:
    """Still in my hands: the fence is that of my claim, and its lease runs."""
    fenced = [and_(Answer.id == one.delivery_id, Answer.fence == one.fence) for one in claims]
    return and_(or_(*fenced), Answer.state == "claimed", Answer.claimed_until > machine)


def _held(mine: ColumnElement[bool]) -> Select[Any, Any, Any, Any, Any]:
    return (
        select(Answer.id, Answer.channel, Answer.address, Answer.customer_id, Reply.channel.label("came_by"))
        .join(Reply, Reply.id == Answer.reply_id)
        .where(mine)
        .order_by(Answer.id)
        .with_for_update(of=Answer)
    )


def _redirected(sender: Sender, message: OutgoingMessage, way: Way) -> OutgoingMessage:
    address = sender.redirect.address_of(way.channel, way.address)
    if address is None or address == way.address:
        return message
    return mark(replace(message, address=address), way.address)


def _record_submitting(session: Session, redirected: dict[UUID, bool], *, now: datetime) -> None:
    """From here on these may have reached their customers, or the test address."""
    elsewhere = [one for one, is_so in redirected.items() if is_so]
    session.execute(
        update(Answer)
        .where(Answer.id.in_(redirected), Answer.state == "claimed")
        .values(
            state="submitting",
            submitting_at=now,
            reason=case((Answer.id.in_(elsewhere), REDIRECTED), else_=None),
        )
        .execution_options(synchronize_session=False)
    )


def _store(sender: Sender, answered: Sequence[Answered]) -> int:
    def record(session: Session, now: datetime) -> int:
        accepted = record_answers(session, {one.delivery_id: one.answer for one in answered}, now=now)
        for channel in sorted({one.channel for one in answered}):
            said = [one.answer for one in answered if one.channel == channel]
            tell_the_gate(session, channel, said, machine=sender.machine())
        return accepted

    return patiently(sender, record) if answered else 0


def _refuse_strangers(sender: Sender) -> None:
    """What waits for a channel that is offered here no more will never go: a person looks again."""
    with sender.db.reading() as session:
        waits = and_(Answer.state == "waiting", Answer.channel.not_in(list(sender.channels)))
        ids = session.scalars(select(Answer.id).where(waits, Answer.release_at <= sender.now(session))).all()
    if ids:
        with sender.db.writing() as session:
            refuse(session, dict.fromkeys(ids, "not_offered"))
