"""What the company's app shows a customer: the in-app messages that were handed over, and that they were read.

Every question names the customer, so that nobody's message is found by its id alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.send.channels.inapp import NAME, InApp
from engine.send.composing import CannotCompose, compose
from engine.send.recording import record_read
from engine.storage.models import Customer, Delivery, Message

_THERE = ("accepted", "delivered")
NO_CUSTOMER = "There is no such customer."
NO_MESSAGE = "This customer has no such message."


@dataclass(frozen=True, slots=True)
class AppMessage:
    """One message as the app shows it. `html` is a fragment without scripts or styles, `text` the same in plain."""

    id: UUID
    occasion: str
    family: str
    locale: str
    sender: str
    subject: str
    text: str
    html: str
    sent_at: datetime
    read_at: datetime | None


def messages_for_app(
    session: Session, external_id: str, *, company: str, team: str, before: UUID | None = None, limit: int = 20
) -> tuple[Sequence[AppMessage], UUID | None]:
    """A customer's messages, newest first, from the message `before` on backwards, and what to give as `before` for
    the next page, if there is one. Raises NotFound for a stranger."""
    customer_id = _customer(session, external_id)
    query = _of(customer_id, Delivery.id, Delivery.message_id, Delivery.accepted_at, Delivery.read_at)
    if before is not None:
        query = query.where(Delivery.id < _of(customer_id, Delivery.id).where(Message.id == before).scalar_subquery())
    found = session.execute(query.order_by(Delivery.id.desc()).limit(limit + 1)).all()
    rows, more = found[:limit], len(found) > limit
    composed = compose(session, [row.id for row in rows], {NAME: InApp()}, company=company, team=team)
    made = ((row, composed[row.id]) for row in rows)
    page = [
        AppMessage(
            id=message.message_id,
            occasion=message.occasion,
            family=message.family,
            locale=message.locale,
            sender=message.sender_name,
            subject=message.subject,
            text=message.text,
            html=message.html,
            sent_at=row.accepted_at,
            read_at=row.read_at,
        )
        for row, message in made
        if not isinstance(message, CannotCompose)
    ]
    return page, rows[-1].message_id if more else None


def unread_for_app(session: Session, external_id: str) -> int:
    """How many of them nobody has read yet."""
    customer_id = _customer(session, external_id)
    return session.scalar(_of(customer_id, func.count()).where(Delivery.read_at.is_(None))) or 0


def read_in_app(session: Session, external_id: str, message_id: UUID, *, now: datetime) -> bool:
    """The customer saw it; False where that was known. Raises NotFound where it is not theirs."""
    customer_id = _customer(session, external_id)
    delivery_id = session.scalar(_of(customer_id, Delivery.id).where(Message.id == message_id))
    if delivery_id is None:
        raise NotFound(NO_MESSAGE)
    return record_read(session, delivery_id, now=now)


def _customer(session: Session, external_id: str) -> UUID:
    found = session.scalar(select(Customer.id).where(Customer.external_id == external_id, Customer.erased_at.is_(None)))
    if found is None:
        raise NotFound(NO_CUSTOMER)
    return found


def _of(customer_id: UUID, *what: ColumnElement[Any] | Any) -> Select[Any]:
    return (
        select(*what)
        .select_from(Delivery)
        .join(Message, Message.id == Delivery.message_id)
        .where(Message.customer_id == customer_id, Delivery.channel == NAME, Delivery.state.in_(_THERE))
    )
