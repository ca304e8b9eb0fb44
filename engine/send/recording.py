"""Records what became of deliveries. Each change is an UPDATE that names the states it may start from, so that whoever
comes late, comes twice or was thought dead changes nothing; and knowledge only moves forward.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.plan.ending import end_message
from engine.send.claiming import MAX_ATTEMPTS
from engine.send.outgoing import Accepted, Refused
from engine.storage.models import Delivery, Message, MessageMoment, Moment
from engine.transitions import MOMENT, sources_of

GAVE_UP = "gave_up"
_WAITING_FOR_AN_ANSWER = ("submitting", "unconfirmed")


def record_hindered(session: Session, reasons: Mapping[UUID, str], *, now: datetime) -> None:
    """End claims of messages that may not go, each with its reason. A hindrance costs the message no attempt."""
    for delivery_id, reason in reasons.items():
        message_id = _let_go(session, delivery_id, reason, now=now)
        session.execute(
            update(Message).where(Message.id == message_id, Message.attempts > 0).values(attempts=Message.attempts - 1)
        )


def record_failed_to_compose(session: Session, delivery_id: UUID, reason: str, *, now: datetime) -> None:
    """End the claim of a message that cannot be made; it uses up its attempts and ends where people look."""
    message_id = _let_go(session, delivery_id, reason, now=now)
    if message_id is not None:
        _try_later(session, message_id, reason, now=now)


def record_submitting(session: Session, delivery_ids: Sequence[UUID], *, now: datetime) -> None:
    """From here on these may have reached their customers."""
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.state == "claimed")
        .values(state="submitting", submitting_at=now)
    )
    session.execute(
        update(Message)
        .where(Message.id.in_(select(Delivery.message_id).where(Delivery.id.in_(delivery_ids))))
        .values(state="handed_over", handed_over_at=now)
        .execution_options(synchronize_session=False)
    )


def record_accepted(session: Session, delivery_id: UUID, answer: Accepted, *, now: datetime) -> bool:
    """Record the provider's yes; False where more is known already."""
    message_id = session.scalar(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state.in_(_WAITING_FOR_AN_ANSWER))
        .values(state="accepted", accepted_at=now, provider_id=answer.provider_id, reason=None)
        .returning(Delivery.message_id)
    )
    if message_id is None:
        return False
    session.execute(
        update(Moment)
        .where(
            Moment.id.in_(select(MessageMoment.moment_id).where(MessageMoment.message_id == message_id)),
            Moment.state.in_(sources_of(MOMENT, "closed")),
        )
        .values(state="closed", closed_at=now)
        .execution_options(synchronize_session=False)
    )
    if answer.delivered:
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(state="delivered", delivered_at=now))
        session.execute(
            update(Message)
            .where(Message.id == message_id, Message.state == "handed_over")
            .values(state="closed", closed_at=now)
        )
    return True


def record_refused(session: Session, delivery_id: UUID, refusal: Refused, *, now: datetime) -> bool:
    """Record that nothing was taken; False where more is known already.

    For good: the message ends. For now: it is tried again, later and later, until it has had its attempts.
    """
    message_id = session.scalar(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state.in_(_WAITING_FOR_AN_ANSWER))
        .values(state="refused", ended_at=now, reason=refusal.reason)
        .returning(Delivery.message_id)
    )
    if message_id is None:
        return False
    session.execute(
        update(Message)
        .where(Message.id == message_id, Message.state == "handed_over")
        .values(state="approved", handed_over_at=None)
    )
    if refusal.permanent:
        end_message(session, message_id, "skipped", f"refused:{refusal.reason}", now=now)
    else:
        _try_later(session, message_id, f"refused:{refusal.reason}", now=now)
    return True


def record_unconfirmed(session: Session, delivery_ids: Sequence[UUID], reason: str, *, now: datetime) -> int:
    """We don't know whether these arrived. They are never sent again by themselves."""
    changed = session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.state == "submitting")
        .values(state="unconfirmed", unconfirmed_at=now, reason=reason)
        .returning(Delivery.id)
    ).all()
    return len(changed)


def give_up(session: Session, message_id: UUID, reason: str, *, now: datetime) -> bool:
    """End a message that has had its attempts. A person who lets it go again gives it new ones."""
    session.execute(update(Message).where(Message.id == message_id).values(attempts=0))
    return end_message(session, message_id, "skipped", reason, now=now)


def _let_go(session: Session, delivery_id: UUID, reason: str, *, now: datetime) -> UUID | None:
    return session.scalar(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == "claimed")
        .values(state="refused", ended_at=now, reason=reason)
        .returning(Delivery.message_id)
    )


def _try_later(session: Session, message_id: UUID, reason: str, *, now: datetime) -> None:
    """Try an approved message again after a while; one that has had its attempts ends where people see it."""
    attempts = session.scalar(select(Message.attempts).where(Message.id == message_id)) or 0
    if attempts >= MAX_ATTEMPTS:
        give_up(session, message_id, reason, now=now)
        return
    session.execute(update(Message).where(Message.id == message_id).values(send_at=now + _back_off(attempts)))


def _back_off(attempts: int) -> timedelta:
    """1, 2, 4, 8 minutes, each up to half longer, so that refused messages do not all come back together."""
    return timedelta(minutes=2 ** max(attempts - 1, 0)) * (1 + random.random() / 2)  # noqa: S311 - no secret
