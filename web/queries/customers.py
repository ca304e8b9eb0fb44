"""Finding customers, and everything their page shows of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.errors import NotFound
from engine.record.wishes import word_of_leaving
from engine.send.away import away_words
from engine.storage.models import (
    Consent,
    ContactPoint,
    Customer,
    CustomerDate,
    Delivery,
    Event,
    Message,
    Preference,
    Problem,
    Revision,
    Suppression,
    Total,
)
from engine.storage.models.consent import ANY
from web.queries.openings import opening_of

PAGE = 30
LATEST_EVENTS = 12
LATEST_MESSAGES = 40
_COMING = ("draft", "in_review", "approved")


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the search. `next_on` is the local day of the next message, where one is coming."""

    external_id: str
    name: str
    zone: str
    country: str | None
    last_active_at: datetime | None
    next_on: date | None = None
    next_occasion: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One message on the customer's page, with what became of it.

    `delivery` is the state of its newest delivery; `away` or `not_asked` where nobody refused it.
    """

    message_id: UUID
    occasion: str
    family: str
    state: str
    reason: str | None
    send_on: date
    subject: str | None
    channel: str
    delivery: str | None
    delivered_at: datetime | None
    redirected: bool


@dataclass(frozen=True, slots=True)
class CustomerView:
    """The records of one customer, as stored."""

    customer: Customer
    name: str
    dates: Sequence[CustomerDate]
    contacts: Sequence[ContactPoint]
    consents: Sequence[Consent]
    preferences: Sequence[Preference]
    suppressions: Sequence[Suppression]
    totals: Sequence[Total]
    problems: Sequence[Problem]
    events: Sequence[Event]
    messages: Sequence[Line]

    @property
    def left(self) -> Preference | None:
        """Their word that they want no marketing at all."""
        return word_of_leaving(self.preferences)

    @property
    def refused_occasions(self) -> Sequence[str]:
        """What else they do not want to hear about, `*` last."""
        named = [one.occasion for one in self.preferences if not one.wanted and one.occasion != ANY]
        other = [one.occasion for one in self.preferences if not one.wanted and one.occasion == ANY and not self.left]
        return named + other


def name_of(customer: Customer) -> str:
    """The customer's name, or the id where none is known."""
    return " ".join(part for part in (customer.first_name, customer.last_name) if part) or customer.external_id


def search(session: Session, wanted: str, *, page: int) -> list[Found]:
    """One page, and one line more where there is another: who has this id, and whose name or address holds the text."""
    like = "%" + wanted.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    full_name = func.coalesce(Customer.first_name, "") + " " + func.coalesce(Customer.last_name, "")
    reached_at = select(ContactPoint.customer_id).where(func.lower(ContactPoint.address).like(like, escape="\\"))
    found = session.scalars(
        select(Customer)
        .where(
            or_(
                Customer.external_id == wanted,
                func.lower(full_name).like(like, escape="\\"),
                Customer.id.in_(reached_at),
            )
        )
        .order_by((Customer.external_id == wanted).desc(), Customer.last_name, Customer.first_name, Customer.id)
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    )
    return [_found(customer) for customer in found]


def coming_up(session: Session, *, page: int) -> list[Found]:
    """One page, and one line more where there is another: the customers of the messages that go next."""
    rows = session.execute(
        select(Customer, Message.send_on, Message.occasion)
        .join(Message, Message.customer_id == Customer.id)
        .where(Message.state.in_(_COMING))
        .order_by(Message.send_at, Message.id)
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    )
    return [_found(customer, send_on, occasion) for customer, send_on, occasion in rows]


def customer_view(session: Session, external_id: str) -> CustomerView:
    """Everything about one customer. Raises NotFound."""
    customer = session.scalar(select(Customer).where(Customer.external_id == external_id))
    if customer is None:
        raise NotFound("There is no customer with this id.")
    mine = customer.id
    return CustomerView(
        customer=customer,
        name=name_of(customer),
        dates=session.scalars(
            select(CustomerDate).where(CustomerDate.customer_id == mine).order_by(CustomerDate.name)
        ).all(),
        contacts=session.scalars(
            select(ContactPoint).where(ContactPoint.customer_id == mine).order_by(ContactPoint.channel)
        ).all(),
        consents=session.scalars(
            select(Consent).where(Consent.customer_id == mine).order_by(Consent.occasion, Consent.channel)
        ).all(),
        preferences=session.scalars(
            select(Preference).where(Preference.customer_id == mine).order_by(Preference.occasion)
        ).all(),
        suppressions=session.scalars(
            select(Suppression).where(Suppression.customer_id == mine, Suppression.lifted_at.is_(None))
        ).all(),
        totals=session.scalars(select(Total).where(Total.customer_id == mine).order_by(Total.metric)).all(),
        problems=session.scalars(
            select(Problem).where(Problem.customer_id == mine).order_by(Problem.opened_at.desc())
        ).all(),
        events=session.scalars(
            select(Event)
            .where(Event.customer_id == mine)
            .order_by(Event.occurred_at.desc(), Event.message_id.desc())
            .limit(LATEST_EVENTS)
        ).all(),
        messages=_messages(session, mine),
    )


def _messages(session: Session, customer_id: UUID) -> list[Line]:
    """A message whose first delivery was refused has several; the newest says what became of it."""
    other = aliased(Delivery)
    newest = select(func.max(other.fence)).where(other.message_id == Message.id).correlate(Message).scalar_subquery()
    rows = session.execute(
        select(Message, Revision.texts, Delivery)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .outerjoin(Delivery, and_(Delivery.message_id == Message.id, Delivery.fence == newest))
        .where(Message.customer_id == customer_id)
        .order_by(Message.send_on.desc(), Message.id.desc())
        .limit(LATEST_MESSAGES)
    )
    return [
        Line(
            message_id=message.id,
            occasion=message.occasion,
            family=message.family,
            state=message.state,
            reason=message.reason,
            send_on=message.send_on,
            subject=opening_of(texts).subject,
            channel=message.channel,
            delivery=_became(delivery) if delivery else None,
            delivered_at=delivery.delivered_at if delivery else None,
            redirected=bool(delivery and delivery.redirected and delivery.accepted_at),
        )
        for message, texts, delivery in rows
    ]


def _became(delivery: Delivery) -> str:
    if away_words(delivery.state, delivery.reason):
        return "away"
    return "not_asked" if delivery.state == "refused" and delivery.submitting_at is None else delivery.state


def _found(customer: Customer, next_on: date | None = None, next_occasion: str | None = None) -> Found:
    return Found(
        external_id=customer.external_id,
        name=name_of(customer),
        zone=customer.zone,
        country=customer.country,
        last_active_at=customer.last_active_at,
        next_on=next_on,
        next_occasion=next_occasion,
    )
