"""What messages are written from, read for a whole batch at once: customers, moments, problems, first orders, and
what each customer already got.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.storage.base import Json
from engine.storage.models import Customer, CustomerDate, Message, MessageMoment, Moment, Problem, Revision
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_among, is_given

FIRST_ORDER = "first:order_completed"
# Texts that reached the customer, or are about to.
_GOING_OUT = ("approved", "handed_over", "closed")
_EARLIER = 20

_CUSTOMERS = select(Customer).where(is_given(Customer.id))
# Also of messages that ended: their moments led them, live or not.
_SPOKEN = (
    select(MessageMoment.message_id, Moment, Problem)
    .join(Moment, Moment.id == MessageMoment.moment_id)
    .outerjoin(Problem, Problem.id == Moment.problem_id)
    .where(is_given(MessageMoment.message_id))
    .order_by(MessageMoment.position, Moment.id)
)
_FIRST_ORDERS = select(CustomerDate.customer_id, CustomerDate.year, CustomerDate.month, CustomerDate.day).where(
    is_given(CustomerDate.customer_id), CustomerDate.name == FIRST_ORDER, CustomerDate.placeholder.is_(None)
)

# The same where nothing but the facts is asked for, as of every batch that is sent: one row for a message with its
# customer, their first order and what its text was written from, and one for each moment.
_FOR_FACTS = (
    select(
        Message.id,
        Message.edited,
        Customer.first_name,
        Customer.zone,
        CustomerDate.year,
        CustomerDate.month,
        CustomerDate.day,
        Revision.facts,
        Revision.template_version_id,
    )
    .join(Customer, Customer.id == Message.customer_id)
    .join(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
    .outerjoin(
        CustomerDate,
        and_(
            CustomerDate.customer_id == Message.customer_id,
            CustomerDate.name == FIRST_ORDER,
            CustomerDate.placeholder.is_(None),
        ),
    )
    .where(is_given(Message.id))
)
_SPOKEN_FOR_FACTS = _SPOKEN.with_only_columns(MessageMoment.message_id, Moment.facts, Problem)


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


def gather(session: Session, messages: Sequence[Message]) -> dict[UUID, Material]:
    """Message id -> its material, in a handful of statements however many the messages are."""
    customers = session.scalars(_CUSTOMERS, given(message.customer_id for message in messages))
    rows = session.execute(_SPOKEN, given(message.id for message in messages))
    spoken = ((row.message_id, Spoken(row.Moment, row.Problem)) for row in rows)
    earlier = _earlier(session, {message.customer_id for message in messages})
    return _materials(session, messages, customers, spoken, earlier)


def gather_for_facts(session: Session, message_ids: Sequence[UUID]) -> dict[UUID, Material]:
    """The same for who asks for the facts alone, of messages that have been written: without earlier texts, of which a
    customer may have many, and with rows where there would be objects. A message's row also has the `facts` and the
    `template_version_id` that its text was written from."""
    rows: Sequence[Any] = past_the_orm(session).execute(_FOR_FACTS, given(message_ids)).all()
    spoken: dict[UUID, list[Spoken]] = {}
    moments: Iterable[Any] = past_the_orm(session).execute(_SPOKEN_FOR_FACTS, given(message_ids))
    for moment in moments:
        about = Spoken(moment, moment if moment.id is not None else None)  # the id is that of its problem
        spoken.setdefault(moment.message_id, []).append(about)
    return {row.id: Material(row, row, spoken.get(row.id, ()), _day_of(row), ()) for row in rows}


def _materials(
    session: Session,
    messages: Sequence[Any],
    customers: Iterable[Any],
    spoken: Iterable[tuple[UUID, Spoken]],
    earlier: Mapping[UUID, Sequence[Earlier]],
) -> dict[UUID, Material]:
    of_id = {customer.id: customer for customer in customers}
    of_message: dict[UUID, list[Spoken]] = {}
    for message_id, one in spoken:
        of_message.setdefault(message_id, []).append(one)
    firsts = _first_orders(session, set(of_id))
    return {
        message.id: Material(
            message,
            of_id[message.customer_id],
            of_message.get(message.id, ()),
            firsts.get(message.customer_id),
            [one for one in earlier.get(message.customer_id, ()) if one.message_id != message.id][:_EARLIER],
        )
        for message in messages
    }


def _first_orders(session: Session, customer_ids: set[UUID]) -> Mapping[UUID, date]:
    rows = session.execute(_FIRST_ORDERS, given(customer_ids))
    return {row.customer_id: on for row in rows if (on := _day_of(row))}


def _day_of(row: Any) -> date | None:
    return date(row.year, row.month, row.day) if row.year else None


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
