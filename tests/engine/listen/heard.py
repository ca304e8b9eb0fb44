"""Messages that were handed over, and what is said of them, for tests of listening."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.ids import new_id
from engine.listen.receipts import Said, record_receipts
from engine.storage.models import ContactPoint, Customer, Delivery, Message, Receipt
from tests.engine.builders import NOW, make_customer, make_trigger
from tests.engine.send.approved import approve

OFFERED = Offered(("email",), ("sms",))
ADDRESS = "ada@example.org"


def submitted(
    session: Session,
    customer: Customer | None = None,
    *,
    channel: str = "email",
    address: str = ADDRESS,
    redirected: bool = False,
    provider_id: str | None = None,
    handed_over: bool = True,
    **fields: Any,
) -> Delivery:
    """A delivery whose hand-over began a minute ago, or that is claimed only; nothing was answered yet."""
    customer = customer or make_customer(session)
    known = select(ContactPoint.id).where(ContactPoint.customer_id == customer.id, ContactPoint.channel == channel)
    if session.scalar(known) is None:
        session.add(ContactPoint(customer_id=customer.id, channel=channel, address=address))
    message = approve(
        session, customer, fields.pop("trigger", None) or make_trigger(session), channel=channel, **fields
    )
    delivery = Delivery(
        id=new_id(),
        message_id=message.id,
        channel=channel,
        address="test@example.com" if redirected else address,
        redirected=redirected,
        state="claimed",
        fence=1,
        worker="test",
        provider_id=provider_id,
        lease_until=NOW + timedelta(minutes=1),
        claimed_at=NOW - timedelta(minutes=1),
    )
    session.add(delivery)
    session.flush()
    if not handed_over:
        return delivery
    delivery.state, delivery.submitting_at = "submitting", NOW - timedelta(minutes=1)
    message.state, message.handed_over_at = "handed_over", NOW - timedelta(minutes=1)
    session.flush()
    return delivery


def said(kind: str, delivery: Delivery | None = None, **fields: Any) -> Said:
    """What a provider says about this delivery's message."""
    message_id: UUID | None = delivery.message_id if delivery else None
    values: dict[str, Any] = {
        "provider": "sendgrid",
        "key": f"{message_id}:{kind}",
        "kind": kind,
        "occurred_at": NOW,
        "message_id": message_id,
        "address": delivery.address if delivery else ADDRESS,
        "data": {"channels": ["email"]},
    }
    return Said(**values | fields)


def hear(session: Session, *ones: Said) -> int:
    """Record and apply these; how many are new."""
    return record_receipts(session, ones, offered=OFFERED, now=NOW)


def state_of(session: Session, delivery: Delivery) -> str:
    return session.scalars(select(Delivery.state).where(Delivery.id == delivery.id)).one()


def message_of(session: Session, delivery: Delivery) -> Message:
    return session.get_one(Message, delivery.message_id, populate_existing=True)


def receipts(session: Session) -> Sequence[Receipt]:
    return session.scalars(select(Receipt).order_by(Receipt.key).execution_options(populate_existing=True)).all()
