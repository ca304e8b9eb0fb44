"""Approved messages in any number, made quickly: one is made as the tests make it, the others are its copies."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.plan.times import recompute_send_times
from engine.storage.models import (
    Base,
    Consent,
    ContactPoint,
    Customer,
    CustomerDate,
    Message,
    MessageMoment,
    Moment,
    Person,
    Revision,
    Trigger,
)
from engine.storage.models.contact_point import hash_of_address
from engine.storage.session import Database
from tests.engine.builders import make_customer
from tests.engine.send.approved import approve

PIECE = 1_000
ADDRESS = "c{number}@customers.example"
Row = dict[str, Any]


def make_approved(db: Database, count: int, *, first: int = 0, by_person: bool = False) -> None:
    """So many messages by e-mail, due since an hour, in a window of the whole day; numbered from `first`."""
    now = datetime.now(UTC)
    with db.writing() as session:
        recompute_send_times(session, now=now)
        prototype = _prototype(session, now, first, by_person=by_person)
        copies = list(range(first + 1, first + count))
    for at in range(0, len(copies), PIECE):
        with db.writing() as session:
            _copy(session, prototype, copies[at : at + PIECE])


def _prototype(session: Session, now: datetime, number: int, *, by_person: bool) -> dict[type[Base], list[Row]]:
    day: Row = {"window_start": time(0), "window_end": time(0), "zone": "UTC", "send_on": now.date()}
    stamps: Row = {"send_at": now - timedelta(hours=1), "release_at": now, "expires_at": now + timedelta(days=2)}
    if by_person:
        person = Person(
            email=f"p{number}@example.com", name="Kim", role="agent", password_hash="-", zone="UTC", created_at=now
        )
        session.add(person)
        session.flush()
        stamps |= {"approved_by": person.id, "approved_at": now}
    customer = make_customer(session, email=ADDRESS.format(number=number), zone="UTC")
    trigger = session.scalars(select(Trigger)).first()  # all are of one, as most of a morning's are
    message = approve(session, customer, trigger, channel="email", **day, **stamps)
    session.execute(
        update(Moment)
        .where(Moment.customer_id == customer.id)
        .values(expires_at=stamps["expires_at"], send_on=now.date())
    )
    session.expire_all()
    moment = session.scalars(select(Moment).where(Moment.customer_id == customer.id)).one()
    of = {
        Customer: Customer.id == customer.id,
        ContactPoint: ContactPoint.customer_id == customer.id,
        Consent: Consent.customer_id == customer.id,
        CustomerDate: CustomerDate.customer_id == customer.id,
        Moment: Moment.id == moment.id,
        Message: Message.id == message.id,
        MessageMoment: MessageMoment.message_id == message.id,
        Revision: Revision.message_id == message.id,
    }
    return {model: [_values(row) for row in session.scalars(select(model).where(which))] for model, which in of.items()}


def _values(row: Base) -> Row:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def _copy(session: Session, prototype: dict[type[Base], list[Row]], numbers: list[int]) -> None:
    ids = [(number, new_id(), new_id(), new_id()) for number in numbers]
    for model, rows in prototype.items():
        session.execute(insert(model), [_copied(model, row, *one) for one in ids for row in rows])


def _copied(model: type[Base], row: Row, number: int, customer: Any, moment: Any, message: Any) -> Row:
    new = dict(row)
    own = {Customer: customer, Moment: moment, Message: message}
    if "id" in row:
        new["id"] = own.get(model) or new_id()
    new |= {
        name: value
        for name, value in (("customer_id", customer), ("moment_id", moment), ("message_id", message))
        if name in row
    }
    if model is Customer:
        new |= {"external_id": f"copy-{number}", "bucket": number * 7919 % (2**31 - 1)}
    if model is ContactPoint:
        address = ADDRESS.format(number=number)
        new |= {"address": address, "address_hash": hash_of_address(address)}
    return new
