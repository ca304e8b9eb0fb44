"""The list of what the postbox took, newest first: messages, and answers to replies."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from engine.storage.base import Json
from engine.storage.models import Answer, Customer, Delivery, Message, Person, Revision
from web.queries.customers import name_of
from web.queries.openings import first_words, opening_of

PAGE = 40
CHANNEL = "postbox"
_NEVER_TAKEN = ("claimed", "refused")
_NEVER_POSTED = ("waiting", "claimed", "refused", "withdrawn")
_NOBODY_KNOWN = "Somebody who wrote to us"


@dataclass(frozen=True, slots=True)
class Posted:
    """One line of the mailbox. `place` is where the next page begins, `letter_id` the name that the letter is kept
    under; `zone` the customer's, `by` who let it go or wrote it. Of an answer `reply_id` is what it answers."""

    place: UUID
    letter_id: UUID
    customer_name: str
    external_id: str | None
    subject: str
    opening: str
    state: str
    posted_at: datetime
    zone: str
    by: str | None
    reply_id: UUID | None = None


def posted(session: Session, *, before: UUID | None = None, limit: int = PAGE + 1) -> list[Posted]:
    """What went to the postbox, from the place `before` on backwards. Places are in the order of time."""
    deliveries = _lines().where(Delivery.channel == CHANNEL, Delivery.state.not_in(_NEVER_TAKEN))
    answers = _answers().where(Answer.channel == CHANNEL, Answer.state.not_in(_NEVER_POSTED))
    if before:
        deliveries, answers = deliveries.where(Delivery.id < before), answers.where(Answer.id < before)
    lines = [
        *(_posted(*row) for row in session.execute(deliveries.order_by(Delivery.id.desc()).limit(limit))),
        *(_answered(*row) for row in session.execute(answers.order_by(Answer.id.desc()).limit(limit))),
    ]
    return sorted(lines, key=lambda line: line.place, reverse=True)[:limit]


def posted_letter(session: Session, letter_id: UUID) -> Posted | None:
    """The line of one letter."""
    row = session.execute(_lines().where(Delivery.message_id == letter_id, Delivery.state.not_in(_NEVER_TAKEN))).first()
    if row:
        return _posted(*row)
    answer = session.execute(_answers().where(Answer.id == letter_id, Answer.state.not_in(_NEVER_POSTED))).first()
    return _answered(*answer) if answer else None


def _lines() -> Select[Delivery, Message, Customer, Json, str]:
    return (
        select(Delivery, Message, Customer, Revision.texts, Person.name)
        .join(Message, Message.id == Delivery.message_id)
        .join(Customer, Customer.id == Message.customer_id)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .outerjoin(Person, Person.id == Message.approved_by)
    )


def _answers() -> Select[Answer, Customer, str]:
    return (
        select(Answer, Customer, Person.name)
        .outerjoin(Customer, Customer.id == Answer.customer_id)
        .join(Person, Person.id == Answer.person_id)
    )


def _posted(delivery: Delivery, message: Message, customer: Customer, texts: object, approved_by: str | None) -> Posted:
    opening = opening_of(texts)
    return Posted(
        place=delivery.id,
        letter_id=message.id,
        customer_name=name_of(customer),
        external_id=customer.external_id,
        subject=opening.subject or "(no subject)",
        opening=opening.text,
        state=delivery.state,
        posted_at=delivery.delivered_at or delivery.accepted_at or delivery.submitting_at or delivery.claimed_at,
        zone=message.zone,
        by=approved_by,
    )


def _answered(answer: Answer, customer: Customer | None, written_by: str) -> Posted:
    return Posted(
        place=answer.id,
        letter_id=answer.id,
        customer_name=name_of(customer) if customer else _NOBODY_KNOWN,
        external_id=customer.external_id if customer else None,
        subject=answer.subject or "(no subject)",
        opening=first_words(answer.text),
        state=answer.state,
        posted_at=answer.accepted_at or answer.submitting_at or answer.release_at,
        zone=customer.zone if customer else "UTC",
        by=written_by,
        reply_id=answer.reply_id,
    )
