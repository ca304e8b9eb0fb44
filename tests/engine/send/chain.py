"""Approved messages whose customers can be reached in more than one way, for tests of the chain of channels."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.storage.models import AuditEntry, ContactPoint, Customer, Delivery, Message, Moment, Preference, Revision
from engine.write.store import seed_mission
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger
from tests.engine.send.approved import approve
from tests.engine.write.desk import MISSION

HOUSE = Offered(("email", "inapp", "sms"), ("letter",))
SMS = "Hello Ada, happy birthday to you! "


def reachable(session: Session, *channels: str, **fields: Any) -> Customer:
    """A customer with an address on each of these channels."""
    customer = make_customer(session, **fields)
    for channel in channels:
        session.add(ContactPoint(customer_id=customer.id, channel=channel, address=f"{channel}:{customer.external_id}"))
    session.flush()
    return customer


def ready(session: Session, customer: Customer, **fields: Any) -> Message:
    """A message by e-mail that is ready to go, in a wording for e-mail and one for SMS; a policy let it go."""
    seed_mission(session, MISSION, now=NOW)
    values = {"channel": "email", "channel_reason": "company_order", "must_read": False}
    values["approved_texts"] = ["email", "sms"]  # type: ignore[assignment]
    message = approve(session, customer, **values | fields)
    for revision in session.scalars(select(Revision).where(Revision.message_id == message.id)):
        sender = "[[ signature ]]" if revision.number == 1 else "Kim"
        revision.texts = revision.texts | {"sms": {"subject": None, "body": SMS + sender}}
    session.flush()
    return message


def refused(session: Session, message: Message, state: str = "refused", **fields: Any) -> Delivery:
    """A delivery by the message's channel of which this is known, the message as it is when that was recorded."""
    stamps = {
        "refused": {"ended_at": NOW, "reason": "550 unknown user"},
        "bounced": {"ended_at": NOW, "reason": "550 unknown user", "accepted_at": NOW},
        "accepted": {"accepted_at": NOW},
        "delivered": {"accepted_at": NOW, "delivered_at": NOW},
        "unconfirmed": {"unconfirmed_at": NOW, "reason": "TimeoutError"},
    }[state]
    values = {"channel": message.channel, "address": "x", "fence": 1, "worker": "w", "claimed_at": NOW}
    delivery = Delivery(message_id=message.id, state=state, submitting_at=NOW, **values | stamps | fields)
    session.add(delivery)
    session.flush()
    return delivery


def wish(session: Session, customer: Customer, channel: str) -> None:
    """From now on the customer wants to hear of birthdays by this channel."""
    wished = {"occasion": "birthday", "wanted": True, "channel": channel, "source": "test", "changed_at": NOW}
    session.merge(Preference(customer_id=customer.id, **wished))
    session.flush()


def lose(session: Session, customer: Customer, channel: str) -> None:
    """Their address on this channel is dead."""
    session.execute(
        update(ContactPoint)
        .where(ContactPoint.customer_id == customer.id, ContactPoint.channel == channel)
        .values(usable=False)
    )


def audit_of(session: Session, message_id: UUID, action: str) -> list[dict[str, Any]]:
    """What the audit says of it."""
    rows = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject_id == message_id, AuditEntry.action == action)
        .order_by(AuditEntry.id)
    )
    return [row.detail for row in rows]


def other_celebration(session: Session, message: Message, days: int) -> Moment:
    """Another celebration of the same customer so many days later."""
    customer = session.get_one(Customer, message.customer_id)
    on = message.send_on + timedelta(days=days)
    moment = make_moment(session, customer, make_trigger(session), nominal_on=on)
    make_message(session, moment)
    return moment
