"""The list of what the postbox took, newest first."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from engine.storage.base import Json
from engine.storage.models import Customer, Delivery, Message, Person, Revision
from web.queries.customers import name_of
from web.queries.openings import opening_of

PAGE = 40
CHANNEL = "postbox"
_NEVER_TAKEN = ("claimed", "refused")


@dataclass(frozen=True, slots=True)
class Posted:
    """One line of the mailbox. `place` is where the next page begins; `zone` the customer's."""

    place: UUID
    message_id: UUID
    customer_name: str
    external_id: str
    subject: str
    opening: str
    occasion: str
    family: str
    state: str
    posted_at: datetime
    send_on: date
    zone: str
    approved_by: str | None


def posted(session: Session, *, before: UUID | None = None, limit: int = PAGE + 1) -> list[Posted]:
    """What went to the postbox, from the delivery `before` on backwards."""
    deliveries = (
        _lines()
        .where(Delivery.channel == CHANNEL, Delivery.state.not_in(_NEVER_TAKEN))
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    if before:
        deliveries = deliveries.where(Delivery.id < before)
    return [_posted(*row) for row in session.execute(deliveries)]


def posted_message(session: Session, message_id: UUID) -> Posted | None:
    """The line of one message."""
    row = session.execute(
        _lines().where(Delivery.message_id == message_id, Delivery.state.not_in(_NEVER_TAKEN))
    ).first()
    return _posted(*row) if row else None


def _lines() -> Select[Delivery, Message, Customer, Json, str]:
    return (
        select(Delivery, Message, Customer, Revision.texts, Person.name)
        .join(Message, Message.id == Delivery.message_id)
        .join(Customer, Customer.id == Message.customer_id)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .outerjoin(Person, Person.id == Message.approved_by)
    )


def _posted(delivery: Delivery, message: Message, customer: Customer, texts: object, approved_by: str | None) -> Posted:
    opening = opening_of(texts)
    return Posted(
        place=delivery.id,
        message_id=message.id,
        customer_name=name_of(customer),
        external_id=customer.external_id,
        subject=opening.subject or "(no subject)",
        opening=opening.text,
        occasion=message.occasion,
        family=message.family,
        state=delivery.state,
        posted_at=delivery.delivered_at or delivery.accepted_at or delivery.submitting_at or delivery.claimed_at,
        send_on=message.send_on,
        zone=message.zone,
        approved_by=approved_by,
    )
