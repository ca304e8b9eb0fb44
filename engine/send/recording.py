"""Records what became of deliveries: the channels' answers, a batch at a time, and what receipts say later. Each change
names the states it may start from, so that whoever comes late, comes twice or was thought dead changes nothing; and
knowledge only moves forward.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, bindparam, select, update
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.plan.ending import end_message
from engine.send.falling_back import fall_back
from engine.send.letting_go import record_not_called
from engine.send.outgoing import Accepted, Refused
from engine.send.retrying import try_later
from engine.storage.bulk import update_alike
from engine.storage.models import ContactPoint, Delivery, Message, MessageMoment, Moment
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_among, is_given, table_of
from engine.storage.words import in_words
from engine.transitions import DELIVERY, MOMENT, sources_of

NOTHING_OFFERED = Offered(())
_WAITING_FOR_AN_ANSWER = ("submitting", "unconfirmed")
_MESSAGES, _MOMENTS = table_of(Message), table_of(Moment)
_TOLD = select(MessageMoment.moment_id).where(is_given(MessageMoment.message_id))
_CLOSE_MOMENTS = in_words(
    update(_MOMENTS)
    .where(_MOMENTS.c.id.in_(_TOLD), _MOMENTS.c.state.in_(sources_of(MOMENT, "closed")))
    .values(state="closed", closed_at=bindparam("at"))
)
_CLOSE_MESSAGES = in_words(
    update(_MESSAGES)
    .where(is_given(_MESSAGES.c.id), _MESSAGES.c.state == "handed_over")
    .values(state="closed", closed_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Whatever went wrong: the message may have been taken."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotCalled:
    """The worker let the message go before it called the channel."""

    reason: str


Answer = Accepted | Refused | Unknown | NotCalled


def record_answers(session: Session, answers: Mapping[UUID, Answer], *, offered: Offered, now: datetime) -> set[UUID]:
    """Record what was answered to these deliveries; which of them are accepted now. Of others more is known already."""
    locked = _lock(session, answers)
    yes = {delivery_id: answer for delivery_id, answer in answers.items() if isinstance(answer, Accepted)}
    unknown = {delivery_id: answer.reason for delivery_id, answer in answers.items() if isinstance(answer, Unknown)}
    not_called = {
        delivery_id: answer.reason for delivery_id, answer in answers.items() if isinstance(answer, NotCalled)
    }
    accepted = _accept(session, locked, yes, now=now)
    for reason in set(unknown.values()):
        record_unconfirmed(session, [one for one, said in unknown.items() if said == reason], reason, now=now)
    record_not_called(session, not_called, now=now)
    for delivery_id, answer in answers.items():
        if isinstance(answer, Refused) and delivery_id in locked:
            _refuse(session, locked[delivery_id], answer, offered=offered, now=now)
    return accepted


def record_accepted(session: Session, delivery_id: UUID, answer: Accepted, *, now: datetime) -> bool:
    """Record the provider's yes; False where more is known already."""
    return bool(_accept(session, _lock(session, [delivery_id]), {delivery_id: answer}, now=now))


def record_refused(
    session: Session, delivery_id: UUID, refusal: Refused, *, offered: Offered = NOTHING_OFFERED, now: datetime
) -> bool:
    """Record that nothing was taken; False where more is known already.

    For good: the message takes its next channel, or ends. For now: it is tried again, later and later, until it has had
    its attempts; where it was the provider's fault, it waits unharmed for the gate.
    """
    row = _lock(session, [delivery_id]).get(delivery_id)
    if row is None:
        return False
    _refuse(session, row, refusal, offered=offered, now=now)
    return True


def record_unconfirmed(session: Session, delivery_ids: Collection[UUID], reason: str, *, now: datetime) -> int:
    """We don't know whether these arrived. They are never sent again by themselves."""
    changed = session.scalars(
        update(Delivery)
        .where(is_among(session, Delivery.id, delivery_ids), Delivery.state == "submitting")
        .values(state="unconfirmed", unconfirmed_at=now, reason=reason)
        .returning(Delivery.id)
    ).all()
    return len(changed)


def record_delivered(session: Session, delivery_id: UUID, *, now: datetime) -> bool:
    """A receipt says that it arrived; also of a delivery whose answer was never stored, or not yet. False where more is
    known already."""
    if not _take(session, delivery_id, now=now):
        return False
    return _deliver(session, [delivery_id], now=now)


def record_read(session: Session, delivery_id: UUID, *, now: datetime) -> bool:
    """A receipt says that the customer saw it: then it was delivered, too. False where that is known, or it bounced."""
    record_delivered(session, delivery_id, now=now)
    read = update(Delivery).where(Delivery.id == delivery_id, Delivery.state == "delivered", Delivery.read_at.is_(None))
    return session.scalar(read.values(read_at=now).returning(Delivery.id)) is not None


def record_bounced(
    session: Session, delivery_id: UUID, reason: str, *, address_dead: bool, offered: Offered, now: datetime
) -> bool:
    """A receipt says that it came back. The message takes its next channel, or ends. False where that was known.

    What a redirected delivery meets says nothing about the customer, so it changes neither the address nor the channel.
    """
    row = _take(session, delivery_id, now=now)
    if row is None:
        return False
    session.execute(
        update(Delivery).where(Delivery.id == delivery_id).values(state="bounced", ended_at=now, reason=reason)
    )
    if row.redirected:
        _close(session, [row.message_id], now=now)
        return True
    if address_dead:
        end_address(session, row, reason)
    _take_back(session, row.message_id)
    _go_on_or_end(session, row.message_id, "bounced", reason, offered=offered, now=now)
    return True


def _lock(session: Session, delivery_ids: Collection[UUID], states: Collection[str] = _WAITING_FOR_AN_ANSWER) -> Any:
    """Delivery id -> the deliveries that are in these states, locked, messages in the order in which all lock them."""
    return {row.id: row for row in past_the_orm(session).execute(_locked_in(tuple(states)), given(delivery_ids))}


@lru_cache(maxsize=8)
def _locked_in(states: tuple[str, ...]) -> Executable:
    return in_words(
        select(
            Delivery.id,
            Delivery.message_id,
            Delivery.state,
            Delivery.channel,
            Delivery.address,
            Delivery.redirected,
            Message.customer_id,
        )
        .join(Message, Message.id == Delivery.message_id)
        .where(is_given(Delivery.id), Delivery.state.in_(states))
        .order_by(Message.id)
        .with_for_update()
    )


def _accept(
    session: Session, locked: Mapping[UUID, Any], answers: Mapping[UUID, Accepted], *, now: datetime
) -> set[UUID]:
    mine = {delivery_id: answer for delivery_id, answer in answers.items() if delivery_id in locked}
    if not mine:
        return set()
    known = {"state": "accepted", "accepted_at": now, "reason": None}
    rows = [{"id": delivery_id, "provider_id": answer.provider_id} for delivery_id, answer in mine.items()]
    update_alike(session, Delivery, rows, same=known)
    session.execute(_CLOSE_MOMENTS, given(locked[one].message_id for one in mine) | {"at": now})
    _deliver(session, [delivery_id for delivery_id, answer in mine.items() if answer.delivered], now=now)
    return set(mine)


def _deliver(session: Session, delivery_ids: Collection[UUID], *, now: datetime) -> bool:
    if not delivery_ids:
        return False
    messages = session.scalars(
        update(Delivery)
        .where(is_among(session, Delivery.id, delivery_ids), Delivery.state.in_(sources_of(DELIVERY, "delivered")))
        .values(state="delivered", delivered_at=now)
        .returning(Delivery.message_id)
        .execution_options(synchronize_session=False)
    ).all()
    _close(session, messages, now=now)
    return bool(messages)


def _close(session: Session, message_ids: Collection[UUID], *, now: datetime) -> None:
    session.execute(_CLOSE_MESSAGES, given(message_ids) | {"at": now})


def _take(session: Session, delivery_id: UUID, *, now: datetime) -> Any:
    """The delivery, which a receipt speaks of; if nobody recorded that the provider took it, that is recorded first."""
    row = _lock(session, [delivery_id], (*_WAITING_FOR_AN_ANSWER, "accepted", "delivered")).get(delivery_id)
    if row is not None and row.state in _WAITING_FOR_AN_ANSWER:
        known = session.scalar(select(Delivery.provider_id).where(Delivery.id == delivery_id))
        _accept(session, {delivery_id: row}, {delivery_id: Accepted(known or "")}, now=now)
    return row


def _refuse(session: Session, row: Any, refusal: Refused, *, offered: Offered, now: datetime) -> None:
    if refusal.whose == "provider":
        _wait_for_the_gate(session, row, refusal.reason, now=now)
        return
    session.execute(
        update(Delivery).where(Delivery.id == row.id).values(state="refused", ended_at=now, reason=refusal.reason)
    )
    _take_back(session, row.message_id)
    if not refusal.permanent:
        reason = f"refused:{refusal.reason}"
        try_later(session, row.message_id, reason, now=now, retry_after=refusal.retry_after)
        return
    if refusal.whose == "address" and not row.redirected:
        end_address(session, row, refusal.reason)
    _go_on_or_end(session, row.message_id, "refused", refusal.reason, offered=offered, now=now)


def _wait_for_the_gate(session: Session, row: Any, reason: str, *, now: datetime) -> None:
    if row.state == "submitting":
        record_not_called(session, {row.id: reason}, now=now)
        return
    session.execute(update(Delivery).where(Delivery.id == row.id).values(state="refused", ended_at=now, reason=reason))
    _take_back(session, row.message_id)


def _take_back(session: Session, message_id: UUID) -> None:
    """It did not reach the customer: the message and its moments are as they were before it was handed over."""
    session.execute(
        update(Message)
        .where(Message.id == message_id, Message.state.in_(("handed_over", "closed")))
        .values(state="approved", handed_over_at=None, closed_at=None)
    )
    session.execute(
        update(Moment)
        .where(
            Moment.id.in_(
                select(MessageMoment.moment_id).where(MessageMoment.message_id == message_id, MessageMoment.live)
            ),
            Moment.state == "closed",
        )
        .values(state="written", closed_at=None)
        .execution_options(synchronize_session=False)
    )


def _go_on_or_end(
    session: Session, message_id: UUID, how: str, reason: str, *, offered: Offered, now: datetime
) -> None:
    if not fall_back(session, message_id, reason, offered=offered, now=now):
        end_message(session, message_id, "skipped", f"{how}:{reason}", now=now)


def end_address(session: Session, row: Any, reason: str) -> None:
    """The address of this delivery or answer (`customer_id`, `channel`, `address`) is not used again."""
    session.execute(
        update(ContactPoint)
        .where(
            ContactPoint.customer_id == row.customer_id,
            ContactPoint.channel == row.channel,
            ContactPoint.address == row.address,
            ContactPoint.usable,
        )
        .values(usable=False, unusable_reason=reason)
    )
