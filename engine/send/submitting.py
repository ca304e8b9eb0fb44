"""Hands claimed messages over. `submitting` is committed, with every check made again in that commit, before the
channel is called without a database session; then the answer is recorded.

The instant of sending is the commit of `submitting`: what changes later finds a message that has gone.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.plan.candidates import Channels as Offered
from engine.plan.ending import cancel_moments, end_message
from engine.plan.holds import HoldView, holds_of, store_holds
from engine.send.channels import Channels
from engine.send.claiming import MAX_ATTEMPTS, Claim, sending_stopped
from engine.send.composing import compose
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from engine.send.slots import next_slot
from engine.spot.truth import no_longer_true
from engine.storage.models import Customer, Delivery, Message, MessageMoment, Moment
from engine.storage.session import Database
from engine.transitions import MOMENT, sources_of

log = structlog.get_logger()

LOOK_AGAIN = timedelta(minutes=15)
Now = Callable[[Session], datetime]


@dataclass(frozen=True)
class Sender:
    """What handing over needs besides the claims. `now` tells the time of this installation."""

    db: Database
    channels: Channels
    default_channel: str
    company: str
    team: str
    now: Now

    @property
    def offered(self) -> Offered:
        """The channels as planning knows them."""
        return Offered(frozenset(self.channels), self.default_channel)


def submit(sender: Sender, claims: Sequence[Claim]) -> int:
    """Hand over what may still go; returns how many were accepted. Commits before and after the channels are called."""
    with sender.db.writing() as session:
        ready = begin_submitting(session, sender, claims)
    accepted = 0
    for claim in claims:
        if claim.delivery_id in ready:
            accepted += _hand_over(sender, claim, ready[claim.delivery_id])
    return accepted


def begin_submitting(session: Session, sender: Sender, claims: Sequence[Claim]) -> dict[UUID, OutgoingMessage]:
    """The second check and the state `submitting`, for the caller to commit. What may not go is put off or ended."""
    now = sender.now(session)
    mine = _still_claimed(session, claims, now)
    moments = _moments_of(session, [message.id for message in mine.values()])
    every = [moment_id for ids in moments.values() for moment_id in ids]
    holds = holds_of(session, every, now=now, channels=sender.offered)
    store_holds(session, every, holds, now=now)
    untrue = no_longer_true(session, every)
    going = []
    for delivery_id, message in mine.items():
        ids = moments[message.id]
        held = [hold for moment_id in ids for hold in holds.get(moment_id, ())]
        if sending_stopped(session):
            _let_go(session, delivery_id, "sending_stopped", now=now)
        elif gone := [moment_id for moment_id in ids if moment_id in untrue]:
            _let_go(session, delivery_id, "no_longer_true", now=now)
            cancel_moments(session, gone, untrue[gone[0]], now=now)
        elif message.expires_at <= now:
            _let_go(session, delivery_id, "too_late", now=now)
            end_message(session, message.id, "expired", "too_late", now=now)
        elif held:
            _let_go(session, delivery_id, f"held:{held[0].name}", now=now)
            _put_off(session, message, held, now=now)
        elif next_slot(message, now=now) != now:
            _let_go(session, delivery_id, "outside_window", now=now)
            _reschedule(session, message, next_slot(message, now=now), now=now)
        else:
            going.append(delivery_id)
    composed = compose(session, going, sender.channels, company=sender.company, team=sender.team)
    session.execute(update(Delivery).where(Delivery.id.in_(composed)).values(state="submitting", submitting_at=now))
    session.execute(
        update(Message)
        .where(Message.id.in_([message.message_id for message in composed.values()]))
        .values(state="handed_over", handed_over_at=now)
    )
    return composed


def record_accepted(session: Session, delivery_id: UUID, answer: Accepted, *, now: datetime) -> bool:
    """Record the provider's yes. Only forward: a delivery that is known to have arrived stays so."""
    values = {"state": "accepted", "accepted_at": now, "provider_id": answer.provider_id}
    message_id = session.scalar(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state.in_(("submitting", "unconfirmed")))
        .values(**values)
        .returning(Delivery.message_id)
    )
    if message_id is None:
        return False
    session.execute(
        update(Moment)
        .where(Moment.id.in_(_moment_ids(message_id)), Moment.state.in_(sources_of(MOMENT, "closed")))
        .values(state="closed", closed_at=now)
    )
    if answer.delivered:
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(state="delivered", delivered_at=now))
        session.execute(
            update(Message)
            .where(Message.id == message_id, Message.state == "handed_over")
            .values(state="closed", closed_at=now)
        )
    return True


def record_refused(session: Session, delivery_id: UUID, refusal: Refused, *, now: datetime) -> None:
    """Record the provider's no. For good: the message ends. For now: it is tried again, later and later."""
    message_id = session.scalar(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state.in_(("submitting", "unconfirmed")))
        .values(state="refused", ended_at=now, reason=refusal.reason)
        .returning(Delivery.message_id)
    )
    if message_id is None:
        return
    attempts = session.scalar(
        update(Message)
        .where(Message.id == message_id, Message.state == "handed_over")
        .values(state="approved", handed_over_at=None)
        .returning(Message.attempts)
    )
    if refusal.permanent or (attempts or 0) >= MAX_ATTEMPTS:
        end_message(session, message_id, "skipped", f"refused:{refusal.reason}", now=now)
    else:
        session.execute(update(Message).where(Message.id == message_id).values(send_at=now + _back_off(attempts or 1)))


def _hand_over(sender: Sender, claim: Claim, message: OutgoingMessage) -> bool:
    with sender.db.reading() as session:
        # A worker that slept past its lease may not submit: someone else has dealt with the message since.
        if sender.now(session) >= claim.lease_until:
            log.warning("lease_ended_before_submit", delivery=str(claim.delivery_id))
            return False
    try:
        answer = sender.channels[claim.channel].send(message)
    except Refused as refusal:
        with sender.db.writing() as session:
            record_refused(session, claim.delivery_id, refusal, now=sender.now(session))
        return False
    except Exception as error:  # whatever it was, we don't know whether the message was taken
        with sender.db.writing() as session:
            record_unconfirmed(session, [claim.delivery_id], type(error).__name__, now=sender.now(session))
        log.warning("delivery_unconfirmed", delivery=str(claim.delivery_id), error=type(error).__name__)
        return False
    with sender.db.writing() as session:
        return record_accepted(session, claim.delivery_id, answer, now=sender.now(session))


def record_unconfirmed(session: Session, delivery_ids: Sequence[UUID], reason: str, *, now: datetime) -> int:
    """We don't know whether these arrived. They are never sent again by themselves."""
    changed = session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.state == "submitting")
        .values(state="unconfirmed", unconfirmed_at=now, reason=reason)
        .returning(Delivery.id)
    ).all()
    return len(changed)


def _still_claimed(session: Session, claims: Sequence[Claim], now: datetime) -> dict[UUID, Message]:
    """Delivery id -> message, for the claims whose lease and fence still hold; the customers are locked."""
    rows = session.execute(
        select(Delivery.id, Message)
        .join(Message, Message.id == Delivery.message_id)
        .join(Customer, Customer.id == Message.customer_id)
        .where(
            Delivery.id.in_([claim.delivery_id for claim in claims]),
            Delivery.state == "claimed",
            Delivery.lease_until > now,
            Message.state == "approved",
        )
        .order_by(Customer.id)
        .with_for_update()
    )
    return {row.id: row.Message for row in rows}


def _moments_of(session: Session, message_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    rows = session.execute(
        select(MessageMoment.message_id, MessageMoment.moment_id)
        .where(MessageMoment.message_id.in_(message_ids), MessageMoment.live)
        .order_by(MessageMoment.position)
    )
    found: dict[UUID, list[UUID]] = {message_id: [] for message_id in message_ids}
    for message_id, moment_id in rows:
        found[message_id].append(moment_id)
    return found


def _moment_ids(message_id: UUID) -> Select[tuple[UUID]]:
    return select(MessageMoment.moment_id).where(MessageMoment.message_id == message_id)


def _let_go(session: Session, delivery_id: UUID, reason: str, *, now: datetime) -> None:
    session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == "claimed")
        .values(state="refused", ended_at=now, reason=reason)
    )


def _put_off(session: Session, message: Message, held: Sequence[HoldView], *, now: datetime) -> None:
    """Held at the last moment: a hold for good ends the message, any other has it looked at again."""
    final = [hold for hold in held if hold.final]
    if final:
        end_message(session, message.id, "skipped", final[0].name, now=now)
        return
    until = max((hold.until for hold in held if hold.until), default=now + LOOK_AGAIN)
    _reschedule(session, message, next_slot(message, now=max(until, now + LOOK_AGAIN)), now=now)


def _reschedule(session: Session, message: Message, send_at: datetime | None, *, now: datetime) -> None:
    """Put off to `send_at`; None where no window is left before it expires. A hold costs no attempt."""
    if send_at is None:
        end_message(session, message.id, "expired", "too_late", now=now)
        return
    session.execute(
        update(Message).where(Message.id == message.id).values(send_at=send_at, attempts=Message.attempts - 1)
    )
    ring(session, "jubilee.plan")


def _back_off(attempts: int) -> timedelta:
    """1, 2, 4, 8 minutes, each up to half longer, so that refused messages do not all come back together."""
    return timedelta(minutes=2 ** (attempts - 1)) * (1 + random.random() / 2)  # noqa: S311 - jitter, not a secret
