"""What happened to some customers, as the tests of insight want it: moments that went out, and what came after."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.storage.models import Customer, CustomerChange, Delivery, Message, Moment, Person, Receipt, Reply, Trigger
from tests.engine.builders import NOW, make_customer, make_message, make_moment

TODAY = NOW.date()


def at(on: date, hour: int = 8) -> datetime:
    """An instant of that day."""
    return datetime.combine(on, time(hour), NOW.tzinfo)


def send(
    session: Session,
    customer: Customer,
    trigger: Trigger,
    *,
    on: date,
    state: str = "delivered",
    approver: Person | None = None,
    edited: bool = False,
    took: timedelta = timedelta(hours=2),
    **fields: Any,
) -> Message:
    """A moment of that day whose message went out at eight, was written two days before and approved after `took`."""
    moment = make_moment(session, customer, trigger, nominal_on=on, send_on=on, **fields)
    return deliver(session, [moment], state=state, approver=approver, edited=edited, took=took)


def deliver(
    session: Session,
    moments: Sequence[Moment],
    *,
    state: str = "delivered",
    approver: Person | None = None,
    edited: bool = False,
    took: timedelta = timedelta(hours=2),
) -> Message:
    """The message of these moments, gone out."""
    went, written = at(moments[0].send_on), at(moments[0].send_on) - timedelta(days=2)
    message = make_message(
        session,
        *moments,
        state="closed",
        written_at=written,
        approved_at=written + took,
        approved_by=approver.id if approver else None,
        release_at=written + took,
        handed_over_at=went,
        closed_at=went,
        edited=edited,
    )
    for moment in moments:
        session.refresh(moment)
        moment.state, moment.closed_at = "closed", went
    stamps = {"delivered": {"delivered_at": went}, "unconfirmed": {"unconfirmed_at": went, "reason": "no answer"}}
    ended = {"ended_at": went, "reason": "no such mailbox"}
    session.add(
        Delivery(
            message_id=message.id,
            channel="email",
            address="a@example.com",
            state=state,
            fence=1,
            worker="test",
            claimed_at=went,
            submitting_at=went,
            accepted_at=went if state in ("accepted", "delivered") else None,
            **stamps.get(state, ended if state in ("bounced", "refused") else {}),
        )
    )
    session.flush()
    return message


def answer(session: Session, message: Message, **fields: Any) -> None:
    """A reply to it, an hour after."""
    values = {"channel": "email", "text": "Thank you", "from_address": "a@example.com"}
    came = (message.handed_over_at or NOW) + timedelta(hours=1)
    whom = {"customer_id": message.customer_id, "message_id": message.id}
    session.add(Reply(provider_key=str(new_id()), received_at=came, **values | whom | fields))
    session.flush()


def tell(session: Session, message: Message, kind: str) -> None:
    """A receipt about it."""
    when = message.handed_over_at or NOW
    session.add(
        Receipt(
            provider="test", key=str(new_id()), kind=kind, message_id=message.id, occurred_at=when, received_at=when
        )
    )
    session.flush()


def leave(session: Session, message: Message, *, days: int = 1, field: str = "preferences.*", new: Any = None) -> None:
    """Its customer asks to hear less, so many days after."""
    when = (message.handed_over_at or NOW) + timedelta(days=days)
    said = {"wanted": False, "channel": None} if new is None else new
    session.add(
        CustomerChange(
            customer_id=message.customer_id,
            field=field,
            old=None,
            new=said,
            effective_at=when,
            recorded_at=when,
            source="unsubscribe",
        )
    )
    session.flush()


def hire_one(session: Session) -> Person:
    """Somebody who approves."""
    person = Person(email="robin@example.com", name="Robin", role="agent", password_hash="x", created_at=NOW)
    session.add(person)
    session.flush()
    return person


def decide(session: Session, trigger: Trigger, *, on: date, control: bool, **fields: Any) -> Customer:
    """A customer whose moment of that day came to the decision of the control group."""
    customer = fields.pop("customer", None) or make_customer(session, consent=False)
    stamps = {"state": "control", "reason": "control", "closed_at": at(on)} if control else {"planned_at": at(on)}
    make_moment(session, customer, trigger, nominal_on=on, send_on=on, **stamps | fields)
    return customer
