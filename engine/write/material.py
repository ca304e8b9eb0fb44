"""What messages are written from, read for a whole batch at once: customers, moments, problems, first orders, and
what each customer already got.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.storage.base import Json
from engine.storage.models import Customer, CustomerDate, Message, MessageMoment, Moment, Problem, Revision
from engine.storage.upsert import is_among

FIRST_ORDER = "first:order_completed"
# Texts that reached the customer, or are about to.
_GOING_OUT = ("approved", "handed_over", "closed")
_EARLIER = 20


@dataclass(frozen=True, slots=True)
class Spoken:
    """One moment that a message speaks of, with its problem as it stands now."""

    moment: Moment
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A text that the customer got before."""

    message_id: UUID
    template: str
    variant: int | None
    texts: Json


@dataclass(frozen=True, slots=True)
class Material:
    """Everything one message is written from; the first of `spoken` leads. `earlier` is newest first."""

    message: Message
    customer: Customer
    spoken: Sequence[Spoken]
    first_order_on: date | None
    earlier: Sequence[Earlier]

    @property
    def lead(self) -> Spoken:
        """The moment the message is about; others were merged in."""
        return self.spoken[0]


def gather(session: Session, messages: Sequence[Message], *, with_earlier: bool = True) -> dict[UUID, Material]:
    """Message id -> its material, in a handful of statements however many the messages are. Who asks for the facts
    alone needs no earlier texts, of which a customer may have many."""
    customer_ids = {message.customer_id for message in messages}
    customers = {
        customer.id: customer
        for customer in session.scalars(select(Customer).where(is_among(session, Customer.id, customer_ids)))
    }
    spoken = _spoken(session, [message.id for message in messages])
    firsts = _first_orders(session, customer_ids)
    earlier = _earlier(session, customer_ids) if with_earlier else {}
    return {
        message.id: Material(
            message,
            customers[message.customer_id],
            spoken.get(message.id, ()),
            firsts.get(message.customer_id),
            [one for one in earlier.get(message.customer_id, ()) if one.message_id != message.id][:_EARLIER],
        )
        for message in messages
    }


def _spoken(session: Session, message_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Spoken]]:
    """Also of messages that ended: their moments led them, live or not."""
    rows = session.execute(
        select(MessageMoment.message_id, Moment, Problem)
        .join(Moment, Moment.id == MessageMoment.moment_id)
        .outerjoin(Problem, Problem.id == Moment.problem_id)
        .where(is_among(session, MessageMoment.message_id, message_ids))
        .order_by(MessageMoment.position, Moment.id)
    )
    found: dict[UUID, list[Spoken]] = {}
    for message_id, moment, problem in rows:
        found.setdefault(message_id, []).append(Spoken(moment, problem))
    return found


def _first_orders(session: Session, customer_ids: set[UUID]) -> Mapping[UUID, date]:
    rows = session.scalars(
        select(CustomerDate).where(
            is_among(session, CustomerDate.customer_id, customer_ids),
            CustomerDate.name == FIRST_ORDER,
            CustomerDate.placeholder.is_(None),
        )
    )
    return {row.customer_id: row.on for row in rows if row.on is not None}


def _earlier(session: Session, customer_ids: set[UUID]) -> Mapping[UUID, Sequence[Earlier]]:
    rows = session.execute(
        select(Message.customer_id, Message.id, Message.template, Revision.variant, Revision.texts)
        .join(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .where(is_among(session, Message.customer_id, customer_ids), Message.state.in_(_GOING_OUT))
        .order_by(Message.send_on.desc(), Message.id.desc())
    )
    found: dict[UUID, list[Earlier]] = {}
    for customer_id, message_id, template, variant, texts in rows:
        found.setdefault(customer_id, []).append(Earlier(message_id, template, variant, texts))
    return found
