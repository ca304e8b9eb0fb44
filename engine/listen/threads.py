"""Which thread a reply belongs to: the message or answer that it names, else the last one that went to its address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.listen.incoming import EMAIL, Incoming
from engine.storage.models import Answer, ContactPoint, Delivery, Message, Reply
from engine.storage.models.contact_point import hash_of_address

# An answer from an address alone belongs to the last message that went there, if it is no older.
ANSWERS_WITHIN = timedelta(days=60)
# What an answer that went to the test address of redirect mode keeps as its reason.
REDIRECTED = "redirected"
# A telephone number may be known as one of texts and answer by WhatsApp, or the other way round.
_SAME_NUMBER = {EMAIL: (EMAIL,), "sms": ("sms", "whatsapp"), "whatsapp": ("sms", "whatsapp")}


@dataclass(frozen=True, slots=True)
class Thread:
    """What a reply belongs to, as far as it is known. `person_id` wrote last; `redirected`: it comes from a test
    address."""

    customer_id: UUID | None = None
    message_id: UUID | None = None
    person_id: UUID | None = None
    occasion: str | None = None
    redirected: bool = False


def thread_of(session: Session, incoming: Incoming, *, now: datetime) -> Thread:
    """As far as it is known."""
    named = incoming.message_id
    found = (_by_message(session, named) or _by_answer(session, named)) if named else None
    return found or _by_address(session, incoming, now=now)


def _by_message(session: Session, message_id: UUID) -> Thread | None:
    row = session.execute(
        select(Message.customer_id, Message.id, Message.approved_by, Message.occasion).where(Message.id == message_id)
    ).one_or_none()
    if row is None:
        return None
    redirected = session.scalar(
        select(Delivery.redirected).where(Delivery.message_id == message_id).order_by(Delivery.fence.desc()).limit(1)
    )
    return Thread(*row, redirected=bool(redirected))


def _by_answer(session: Session, answer_id: UUID) -> Thread | None:
    """What answers an answer of ours belongs to the same message, and to who wrote that answer."""
    row = session.execute(
        select(Answer.customer_id, Reply.message_id, Answer.person_id, Message.occasion, Answer.reason)
        .join(Reply, Reply.id == Answer.reply_id)
        .outerjoin(Message, Message.id == Reply.message_id)
        .where(Answer.id == answer_id)
    ).one_or_none()
    return Thread(*row[:4], redirected=row.reason == REDIRECTED) if row is not None else None


def _by_address(session: Session, incoming: Incoming, *, now: datetime) -> Thread:
    """The customer with this address, and the last message that went there. An address of two customers is nobody's."""
    owners = session.scalars(
        select(ContactPoint.customer_id)
        .where(
            ContactPoint.address_hash == hash_of_address(incoming.from_address),
            or_(ContactPoint.channel == incoming.channel, ContactPoint.channel.in_(_SAME_NUMBER[incoming.channel])),
        )
        .distinct()
        .limit(2)
    ).all()
    if not owners:
        return Thread()
    row = session.execute(
        select(
            Message.customer_id,
            Message.id,
            Message.approved_by,
            Message.occasion,
            Delivery.redirected,
            Delivery.submitting_at,
        )
        .join(Delivery, Delivery.message_id == Message.id)
        .where(
            Message.customer_id.in_(owners),
            Delivery.channel == incoming.channel,
            Delivery.submitting_at > now - ANSWERS_WITHIN,
            ~Delivery.redirected,
        )
        .order_by(Delivery.submitting_at.desc(), Delivery.id.desc())
        .limit(1)
    ).one_or_none()
    since = row.submitting_at if row is not None else now - ANSWERS_WITHIN
    if answered := _last_answer(session, owners, incoming, since=since):
        return answered
    if row is not None:
        return Thread(*row[:5])
    return Thread(owners[0]) if len(owners) == 1 else Thread()


def _last_answer(session: Session, owners: Sequence[UUID], incoming: Incoming, *, since: datetime) -> Thread | None:
    """The thread of our last answer to this address, where it is later than every message that went there."""
    answer_id = session.scalar(
        select(Answer.id)
        .where(
            Answer.customer_id.in_(owners),
            Answer.channel == incoming.channel,
            Answer.address == incoming.from_address,
            Answer.submitting_at > since,
            Answer.reason.is_distinct_from(REDIRECTED),
        )
        .order_by(Answer.submitting_at.desc())
        .limit(1)
    )
    return _by_answer(session, answer_id) if answer_id else None
