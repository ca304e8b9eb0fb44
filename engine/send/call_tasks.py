"""Calls to make, as agents see them: an accepted delivery on the channel `call` is the task, and each try leaves a row.

What came of a try is written down in `engine.send.call_outcomes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from engine.dates.hours import hours_for
from engine.errors import NotFound
from engine.kinds import Fact
from engine.send.channels.call import NAME, Call
from engine.send.composing import compose
from engine.send.outgoing import OutgoingMessage
from engine.storage.models import CallOutcome, Customer, Delivery, Message, Person, Revision, Suppression
from engine.write.facts import fact_from

LAW = "legal"
# Who writes is no fact about the customer.
_OF_THE_HOUSE = ("sender.", "company.", "mission.")


@dataclass(frozen=True, slots=True)
class CallTask:
    """One call to make. `due_at`: since when, or when it is to be tried again. `stopped`: why it may not be made any
    more; `closed`: which rule of the hours keeps it from being made at this instant."""

    delivery_id: UUID
    message_id: UUID
    customer_name: str
    external_id: str
    locale: str
    zone: str
    number: str
    due_at: datetime
    tries: int
    stopped: str | None
    closed: str | None


@dataclass(frozen=True, slots=True)
class Script:
    """What to say: the approved text as talking points, and the facts it was written from."""

    points: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Try:
    """One try, as it was written down."""

    outcome: str
    note: str | None
    person: str | None
    made_at: datetime
    again_at: datetime | None


def open_calls(session: Session, *, now: datetime, limit: int, law: str = LAW) -> Sequence[CallTask]:
    """The calls to make, those that have been due the longest first."""
    due = func.coalesce(_last(CallOutcome.again_at), Delivery.accepted_at)
    rows = session.execute(_tasks(due).where(Delivery.state == "accepted").order_by(due, Delivery.id).limit(limit))
    return [_task(row, now=now, law=law) for row in rows]


def call_task(session: Session, delivery_id: UUID, *, now: datetime, law: str = LAW) -> CallTask:
    """One of them, whether it is still open or not. Raises NotFound where there is no such call."""
    due = func.coalesce(_last(CallOutcome.again_at), Delivery.accepted_at)
    row = session.execute(_tasks(due).where(Delivery.id == delivery_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such call to make.")
    return _task(row, now=now, law=law)


def is_open_call(session: Session, delivery_id: UUID) -> bool:
    """Whether it is still to be made."""
    return session.scalar(select(Delivery.state).where(Delivery.id == delivery_id)) == "accepted"


def calls_waiting(now: datetime | ColumnElement[datetime]) -> Select[int]:
    """How many are due now."""
    again = _last(CallOutcome.again_at)
    due = or_(again.is_(None), again <= now)
    return select(func.count()).where(Delivery.channel == NAME, Delivery.state == "accepted", due)


def script_of(session: Session, delivery_id: UUID, *, company: str, team: str) -> Script:
    """What the agent has before them on the phone."""
    message = compose(session, [delivery_id], {NAME: Call()}, company=company, team=team).get(delivery_id)
    stored = session.scalar(
        select(Revision.facts)
        .join(Message, and_(Message.id == Revision.message_id, Message.number == Revision.number))
        .join(Delivery, Delivery.message_id == Message.id)
        .where(Delivery.id == delivery_id)
    )
    facts = {name: fact_from(one) for name, one in (stored or {}).items() if not name.startswith(_OF_THE_HOUSE)}
    return Script(message.text if isinstance(message, OutgoingMessage) else "", facts)


def tries_of(session: Session, delivery_id: UUID) -> Sequence[Try]:
    """What came of it so far, the first try first."""
    rows = session.execute(
        select(CallOutcome, Person.name)
        .outerjoin(Person, Person.id == CallOutcome.person_id)
        .where(CallOutcome.delivery_id == delivery_id)
        .order_by(CallOutcome.id)
    )
    return [Try(one.outcome, one.note, name, one.made_at, one.again_at) for one, name in rows]


def stopped_by() -> Any:
    """What keeps the customer of a statement from being called, as they asked; NULL where nothing does."""
    stop = select(Suppression.reason).where(
        Suppression.lifted_at.is_(None),
        or_(Suppression.channel.is_(None), Suppression.channel == NAME),
        Suppression.customer_id == Customer.id,
    )
    return stop.correlate(Customer).limit(1).scalar_subquery()


def gone(customer: Customer) -> str | None:
    """Why there is nobody to call any more."""
    reasons = (("deceased", customer.deceased), ("closed", customer.closed), ("erased", customer.erased_at))
    return next((name for name, is_so in reasons if is_so), None)


def closed_by(customer: Customer, *, now: datetime, law: str = LAW) -> str | None:
    """Which rule of the hours keeps a call from being made at this instant."""
    quiet = (customer.quiet_from, customer.quiet_until) if customer.quiet_from and customer.quiet_until else None
    hours = hours_for(
        NAME,
        country=customer.country,
        region=customer.region,
        zone_guessed=customer.zone_guessed,
        quiet=quiet,
        law=law,
    )
    return hours.forbidden_by(now, customer.zone)


def _tasks(due: Any) -> Select[Any]:
    return (
        select(
            Delivery.id,
            Delivery.message_id,
            Delivery.address,
            Customer,
            due.label("due_at"),
            _tries().label("tries"),
            stopped_by().label("stop"),
        )
        .join(Message, Message.id == Delivery.message_id)
        .join(Customer, Customer.id == Message.customer_id)
        .where(Delivery.channel == NAME)
    )


def _tries() -> Any:
    return select(func.count()).where(CallOutcome.delivery_id == Delivery.id).correlate(Delivery).scalar_subquery()


def _last(column: Any) -> Any:
    """This column of the latest try."""
    later = CallOutcome.__table__.alias("later")
    newer = exists().where(and_(later.c.delivery_id == CallOutcome.delivery_id, later.c.id > CallOutcome.id))
    return select(column).where(CallOutcome.delivery_id == Delivery.id, ~newer).correlate(Delivery).scalar_subquery()


def _task(row: Any, *, now: datetime, law: str) -> CallTask:
    customer: Customer = row.Customer
    return CallTask(
        delivery_id=row.id,
        message_id=row.message_id,
        customer_name=" ".join(name for name in (customer.first_name, customer.last_name) if name),
        external_id=customer.external_id,
        locale=customer.locale,
        zone=customer.zone,
        number=row.address,
        due_at=row.due_at,
        tries=row.tries,
        stopped=gone(customer) or row.stop,
        closed=closed_by(customer, now=now, law=law),
    )
