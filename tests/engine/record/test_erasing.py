"""Erasing a customer: nothing that identifies them is left in any table, nothing goes any more, nobody comes back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.people.audit import Doer
from engine.people.audit import record as write_down
from engine.record.customer_rows import CustomerRow
from engine.record.customers import record_customers
from engine.record.erasing import ERASED, Erased, customer_named, erase
from engine.record.events import EventRow, record_events
from engine.send.claiming import Door, claim_due
from engine.storage.base import Base
from engine.storage.models import (
    CallOutcome,
    ContactPoint,
    Customer,
    CustomerChange,
    CustomerDate,
    Delivery,
    Event,
    Hold,
    Message,
    Moment,
    Note,
    Preference,
    Problem,
    Receipt,
    RejectedEvent,
    Reply,
    Revision,
    Suppression,
    Total,
)
from engine.storage.models.contact_point import hash_of_address
from tests.engine.builders import NOW, make_customer, make_moment, make_trigger
from tests.engine.send.approved import Stub, approve

TOLD = ("Zenobia", "Quackenbush", "zenobia@", "+49305550", "cust-4711", "Tortellini")


def known(session: Session) -> Customer:
    """A customer of whom everything is known that can be, in every table."""
    customer = make_customer(
        session,
        external_id="cust-4711",
        first_name="Zenobia",
        last_name="Quackenbush",
        email="zenobia@example.com",
        traits={"dog": "Tortellini"},
        region="BE",
    )
    of = {"customer_id": customer.id}
    session.add_all(
        [
            ContactPoint(**of, channel="sms", address="+49305550"),
            CustomerDate(**of, name="dog_birthday", month=2, day=3, month_day=203, source="Zenobia"),
            CustomerChange(**of, field="first_name", new="Zenobia", effective_at=NOW, recorded_at=NOW, source="test"),
            Note(**of, kind="other", text="Tortellini is ill", created_at=NOW),
            Preference(**of, occasion="birthday", wanted=True, source="Zenobia", changed_at=NOW),
            Total(**of, metric="x", value=1, detail={"of": "Tortellini"}, last_at=NOW, last_message_id="m1"),
            Event(
                **of,
                message_id="m1",
                name="order_completed",
                occurred_at=NOW,
                occurred_on=NOW.date(),
                recorded_at=NOW,
                properties={"to": "Quackenbush"},
                source="test",
            ),
            Problem(
                **of,
                key="t1",
                kind="ticket",
                category="delivery",
                severity="minor",
                state="open",
                incident_key="ticket:t1",
                opened_at=NOW,
                last_event_at=NOW,
                reopened=0,
                what_happened="Zenobia waited",
            ),
            RejectedEvent(
                message_id="m2", reason="bad", body={"customer": "cust-4711"}, source="test", recorded_at=NOW
            ),
        ]
    )
    return customer


def told(session: Session, customer: Customer, **fields: Any) -> Message:
    """A message of theirs, with all that comes of one."""
    message = approve(session, customer, make_trigger(session), **fields)
    session.execute(
        update(Revision)
        .where(Revision.message_id == message.id)
        .values(texts={"email": {"subject": "Zenobia", "body": "Dear Zenobia"}}, facts={"name": {"value": "Zenobia"}})
    )
    delivery = Delivery(
        message_id=message.id,
        channel="email",
        address="zenobia@example.com",
        state="refused",
        fence=1,
        worker="one",
        reason="550 no <ZENOBIA@example.com>",
        claimed_at=NOW,
        ended_at=NOW,
    )
    session.add(delivery)
    session.flush()
    moment = session.scalars(select(Moment).where(Moment.customer_id == customer.id)).first()
    assert moment is not None
    receipt = {"provider": "sendgrid", "kind": "bounced", "occurred_at": NOW, "received_at": NOW}
    session.add_all(
        [
            Receipt(
                **receipt,
                key=f"{message.id}:bounced",
                message_id=message.id,
                delivery_id=delivery.id,
                address_hash=hash_of_address("zenobia@example.com"),
                detail="no such user zenobia@example.com",
                data={"email": "zenobia@example.com"},
            ),
            Reply(
                channel="email",
                provider_key="r1",
                customer_id=customer.id,
                from_address="zenobia@example.com",
                text="Tortellini says hi",
                received_at=NOW,
            ),
            Reply(
                channel="email",
                provider_key="r2",
                from_address="zenobia@example.com",
                text="Quackenbush here",
                received_at=NOW,
            ),
            CallOutcome(delivery_id=delivery.id, outcome="reached", note="Zenobia was glad", made_at=NOW),
            Hold(moment_id=moment.id, name="cap", detail="Zenobia had one", opened_at=NOW),
        ]
    )
    write_down(session, Doer("test"), "edited", message, now=NOW, text="Dear Zenobia")
    write_down(session, Doer("test"), "changed", customer, now=NOW, name="Quackenbush")
    session.flush()
    return message


def everything(session: Session) -> str:
    """Every value of every table as one text."""
    session.flush()
    tables = Base.metadata.sorted_tables
    return "\n".join(f"{table.name} {row}" for table in tables for row in session.execute(select(table)))


def test_nothing_that_identifies_them_is_left_in_any_table(session: Session) -> None:
    """Whatever is known of a customer is found beforehand, and nothing of it afterwards."""
    customer = known(session)
    told(session, customer)
    before = everything(session)
    assert [word for word in TOLD if word not in before] == []
    assert hash_of_address("zenobia@example.com") in before
    erase(session, customer.id, now=NOW)
    left = [line for line in everything(session).splitlines() if any(word in line for word in TOLD)]
    assert left == []


def test_of_another_customer_nothing_is_touched(session: Session) -> None:
    """Only the one who asked."""
    erased, other = make_customer(session), known(session)
    told(session, other)
    before = {table: line for line in everything(session).splitlines() if "Zenobia" in line for table in [line]}
    told_before = sorted(before)
    erase(session, erased.id, now=NOW)
    assert sorted(line for line in everything(session).splitlines() if "Zenobia" in line) == told_before


def test_what_is_on_its_way_is_stopped(session: Session) -> None:
    """Messages that have not gone end by the name of the hold, and so do moments without one."""
    customer = known(session)
    message = told(session, customer)
    make_moment(session, customer, make_trigger(session))
    assert erase(session, customer.id, now=NOW) == Erased((message.id,), 1)
    session.expire_all()
    assert (message.state, message.reason) == ("skipped", ERASED)
    assert set(session.execute(select(Moment.state, Moment.reason)).all()) == {("skipped", ERASED)}
    assert claim_due(session, Door("one", Stub()), now=NOW, machine=NOW) == []


def test_erasing_again_does_nothing_more(session: Session) -> None:
    """And whoever looks for the old id finds nobody."""
    customer = known(session)
    erase(session, customer.id, now=NOW)
    assert erase(session, customer.id, now=NOW + timedelta(days=1)) == Erased((), 0)
    with pytest.raises(NotFound):
        customer_named(session, "cust-4711")


def test_their_addresses_are_not_written_to_under_another_id(session: Session) -> None:
    """The hash stays, a suppression of its channel alone."""
    customer = known(session)
    erase(session, customer.id, now=NOW)
    kept = session.execute(select(Suppression.address_hash, Suppression.channel, Suppression.reason)).all()
    assert set(kept) == {
        (hash_of_address("zenobia@example.com"), "email", ERASED),
        (hash_of_address("+49305550"), "sms", ERASED),
    }


def test_no_import_and_no_event_brings_them_back(session: Session) -> None:
    """Neither as a customer, nor as an event that waits among the rejected ones."""
    customer = known(session)
    erase(session, customer.id, now=NOW)
    back = CustomerRow("cust-4711", first_name="Zenobia", contacts={"email": "zenobia@example.com"})
    record_customers(session, [back], now=NOW, source="test", triggers=[])
    event = EventRow("m9", "cust-4711", "order_completed", datetime(2026, 1, 1, tzinfo=UTC), {"to": "Quackenbush"})
    recorded = record_events(session, [event], triggers=[], now=NOW, source="test")
    assert [one.reason for one in recorded.rejected] == ["this customer was erased and stays so"]
    assert [word for word in TOLD if word in everything(session)] == []
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_who_does_not_exist_cannot_be_erased(session: Session) -> None:
    """An error that names the id."""
    with pytest.raises(NotFound, match="nobody"):
        customer_named(session, "nobody")
