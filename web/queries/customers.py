"""Everything the page of one customer shows of them, but for what happened when (timeline.py) and the empathy map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from engine.definitions.store import ActiveTrigger
from engine.errors import NotFound
from engine.kinds import TotalState
from engine.listen.quoting import parted
from engine.record.wishes import word_of_leaving
from engine.send.away import away_words
from engine.storage.models import (
    Consent,
    ContactPoint,
    Customer,
    CustomerDate,
    Delivery,
    Message,
    Preference,
    Problem,
    Reply,
    Revision,
    Suppression,
    Total,
)
from engine.storage.models.consent import ANY
from triggers.ahead import Day, Mark, PartialDay, next_days, next_marks
from web.queries.openings import opening_of

LATEST_MESSAGES = 12
LATEST_PROBLEMS = 20
LONGEST_ANSWER = 300


@dataclass(frozen=True, slots=True)
class Line:
    """One message on the customer's page, with what became of it and what was answered.

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
    answers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reached:
    """Where they can be reached, and how well: `wrong` says what stands against it, `heard_at` when they last wrote."""

    channel: str
    address: str
    wrong: str | None
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class CustomerView:
    """The records of one customer, as stored."""

    customer: Customer
    name: str
    dates: Sequence[CustomerDate]
    contacts: Sequence[Reached]
    consents: Sequence[Consent]
    preferences: Sequence[Preference]
    suppressions: Sequence[Suppression]
    totals: Sequence[Total]
    problems: Sequence[Problem]
    messages: Sequence[Line]

    @property
    def left(self) -> Preference | None:
        """Their word that they want no marketing at all."""
        return word_of_leaving(self.preferences)

    @property
    def refused(self) -> Sequence[Preference]:
        """What else they do not want to hear about, `*` last."""
        named = [one for one in self.preferences if not one.wanted and one.occasion != ANY]
        other = [one for one in self.preferences if not one.wanted and one.occasion == ANY and not self.left]
        return named + other

    def marks_ahead(self, triggers: Sequence[ActiveTrigger], today: date) -> list[Mark]:
        """How far each total is from the next mark of its trigger."""
        totals = {total.metric: TotalState(total.value, total.detail) for total in self.totals}
        return next_marks(triggers, totals, today)

    def days_ahead(self, triggers: Sequence[ActiveTrigger], today: date) -> list[Day]:
        """When each date comes round next; placeholders never do."""
        known = {one.name: PartialDay(one.month, one.day, one.year) for one in self.dates if not one.placeholder}
        return next_days(triggers, known, today)


def name_of(customer: Customer) -> str:
    """The customer's name, or the id where none is known."""
    return " ".join(part for part in (customer.first_name, customer.last_name) if part) or customer.external_id


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
        contacts=_contacts(session, mine),
        consents=session.scalars(
            select(Consent).where(Consent.customer_id == mine).order_by(Consent.occasion, Consent.channel)
        ).all(),
        preferences=session.scalars(
            select(Preference).where(Preference.customer_id == mine).order_by(Preference.occasion)
        ).all(),
        suppressions=session.scalars(
            select(Suppression)
            .where(Suppression.customer_id == mine, Suppression.lifted_at.is_(None))
            .order_by(Suppression.created_at)
        ).all(),
        totals=session.scalars(select(Total).where(Total.customer_id == mine).order_by(Total.metric)).all(),
        problems=session.scalars(
            select(Problem)
            .where(Problem.customer_id == mine)
            .order_by(Problem.last_event_at.desc(), Problem.id.desc())
            .limit(LATEST_PROBLEMS)
        ).all(),
        messages=_messages(session, mine),
    )


def _contacts(session: Session, customer_id: UUID) -> list[Reached]:
    points = session.scalars(
        select(ContactPoint)
        .where(ContactPoint.customer_id == customer_id)
        .order_by(ContactPoint.channel, ContactPoint.usable.desc(), ContactPoint.id)
    ).all()
    barred = session.scalars(
        select(Suppression).where(
            Suppression.address_hash.in_([point.address_hash for point in points]), Suppression.lifted_at.is_(None)
        )
    ).all()
    return [
        Reached(
            point.channel, point.address, _wrong(point, [one for one in barred if _bars(one, point)]), point.heard_at
        )
        for point in points
    ]


def _bars(suppression: Suppression, point: ContactPoint) -> bool:
    return suppression.address_hash == point.address_hash and suppression.channel in (None, point.channel)


def _wrong(point: ContactPoint, barred: Sequence[Suppression]) -> str | None:
    """What stands against writing there, the gravest first."""
    reasons = {one.reason for one in barred}
    if "complained" in reasons:
        return "complained: marked a message as spam"
    if not point.usable:
        return f"came back{f': {point.unusable_reason}' if point.unusable_reason else ''}"
    if "stop" in reasons:
        return "wrote STOP"
    return f"must not be written to: {sorted(reasons)[0].replace('_', ' ')}" if reasons else None


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
    ).all()
    answers = _answers(session, customer_id, [message.id for message, _, _ in rows])
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
            answers=answers.get(message.id, ()),
        )
        for message, texts, delivery in rows
    ]


def _answers(session: Session, customer_id: UUID, message_ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
    """What they wrote back to each of these, in their own words."""
    found: dict[UUID, list[str]] = {}
    rows = session.execute(
        select(Reply.message_id, Reply.text)
        .where(Reply.customer_id == customer_id, Reply.message_id.in_(message_ids), Reply.meaning == "text")
        .order_by(Reply.received_at)
        .limit(3 * LATEST_MESSAGES)
    )
    for message_id, text in rows:
        if message_id is not None:
            found.setdefault(message_id, []).append(parted(text)[0][:LONGEST_ANSWER])
    return found


def _became(delivery: Delivery) -> str:
    if away_words(delivery.state, delivery.reason):
        return "away"
    return "not_asked" if delivery.state == "refused" and delivery.submitting_at is None else delivery.state
