"""A furnished office: people, customers, drafts in every state, and letters in the postbox. NOW is a Monday noon."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.definitions.reading import read_definition
from engine.ids import new_id
from engine.send.channels.postbox import Postbox
from engine.send.outgoing import OutgoingMessage
from engine.storage.models import Customer, Delivery, Message, Moment, Person, Revision, Trigger
from engine.write.markdown import lay_out_email, to_html, to_text
from tests.engine.builders import (
    NOW,
    make_customer,
    make_event,
    make_message,
    make_moment,
    make_problem,
    make_trigger,
)
from tests.engine.write.desk import fact, first_order, seed, write
from triggers.table import KINDS

SHIPPED = Path(__file__).parents[2] / "triggers" / "definitions"
PASSWORD = "a long enough password"
ROLES = ("viewer", "agent", "marketing", "admin")
# Made once and cheaply: argon2 as the product uses it would take most of the time of these tests.
_HASH = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)).hash(PASSWORD)
HOSTILE = "<script>alert(1)</script>"


@dataclass(frozen=True)
class Office:
    """The messages that tests speak of."""

    orders: UUID
    birthday: UUID
    serious: UUID
    question: UUID
    sent: UUID


def hire(session: Session) -> None:
    """One person of each role: viewer@example.com and so on."""
    for role in ROLES:
        person = Person(
            email=f"{role}@example.com",
            name=f"Robin {role.title()}",
            role=role,
            zone="Europe/Berlin",
            password_hash=_HASH,
            created_at=NOW,
        )
        session.add(person)


def furnish(session: Session, postbox: Path) -> Office:
    """Everything a day at work needs."""
    seed(session)
    orders_trigger, birthday_trigger, ticket_trigger = (
        make_trigger(session, **read_definition(SHIPPED / f"{name}.yaml", KINDS).model_dump(by_alias=True))
        for name in ("order_milestone", "birthday", "ticket_solved")
    )
    ada = make_customer(
        session, external_id="cd-00042", first_name="Ada", last_name="Marlowe", email="ada.marlowe@example.com"
    )
    first_order(session, ada, 2025, 2, 14)
    ben = make_customer(session, external_id="cd-00107", first_name="Ben", last_name="Okafor", zone="America/New_York")
    cleo = make_customer(session, external_id="cd-00311", first_name="Cleo", last_name="Santos")
    dora = make_customer(session, external_id="cd-00500", first_name="Dora", last_name="Lindqvist")
    emil = make_customer(session, external_id="cd-00777", first_name="Emil", last_name="Hartmann")
    for customer in (ada, ben, cleo, dora, emil):
        make_event(session, customer, "order_completed", occurred_at=NOW - timedelta(days=2))
    ten = {"order_count": fact(10, "event 4711"), "reached_on": fact("2026-05-30", "event 4711", sayable=False)}
    orders = make_message(
        session, make_moment(session, ada, orders_trigger, facts=ten, weight=45), write_at=NOW, weight=45
    )
    day = {"month": fact(6, "birthday", sayable=False), "day": fact(3, "birthday", sayable=False)}
    birthday = make_message(
        session,
        make_moment(session, ben, birthday_trigger, facts=day, nominal_on=date(2026, 6, 3)),
        write_at=NOW,
        must_read=False,
        zone="America/New_York",
    )
    serious = _recovery(session, cleo, ticket_trigger, serious=True, what_we_did="we refunded the second parcel")
    question = _recovery(session, dora, ticket_trigger, serious=False, what_we_did=None)
    earlier = make_moment(session, emil, birthday_trigger, facts=day, nominal_on=date(2026, 5, 31))
    sent = make_message(session, earlier, write_at=NOW - timedelta(days=3))
    write(session)
    _post(session, sent, emil, postbox)
    return Office(orders.id, birthday.id, serious.id, question.id, sent.id)


def furnish_hostile(session: Session, postbox: Path) -> Office:
    """The same office, where every customer and every problem is called like an attack."""
    office = furnish(session, postbox)
    session.execute(update(Customer).values(first_name=HOSTILE, last_name='"><img src=x onerror=alert(2)>'))
    return office


def many_drafts(session: Session, count: int, *, trigger: str = "many") -> None:
    """So many customers with one draft each."""
    definition = read_definition(SHIPPED / "order_milestone.yaml", KINDS).model_dump(by_alias=True)
    spotted_by = make_trigger(session, **definition | {"name": trigger})
    for number in range(count):
        customer = make_customer(session, first_name=f"Number{number}", consent=False)
        facts = {"order_count": fact(10, "event 1"), "reached_on": fact("2026-05-30", "event 1", sayable=False)}
        make_message(session, make_moment(session, customer, spotted_by, facts=facts), write_at=NOW)
    write(session, limit=count)


def _recovery(
    session: Session, customer: Customer, trigger: Trigger, *, serious: bool, what_we_did: str | None
) -> Message:
    problem = make_problem(
        session,
        customer,
        state="resolved",
        resolved_at=NOW - timedelta(days=4),
        owner="Tom",
        what_happened="two parcels arrived, and both were charged",
        what_we_did=what_we_did,
        severity="serious" if serious else "minor",
    )
    facts = {"serious": fact(serious, "ticket", sayable=False)}
    moment = make_moment(session, customer, trigger, facts=facts, problem_id=problem.id, weight=70 if serious else 50)
    template = "ticket_solved_serious" if serious else "ticket_solved"
    deadline = NOW + timedelta(hours=1 if serious else 20)
    return make_message(session, moment, template=template, write_at=NOW, weight=moment.weight, deadline_at=deadline)


def _post(session: Session, message: Message, customer: Customer, postbox: Path) -> None:
    """As it stands after sending: approved, handed over, and in the postbox."""
    session.refresh(message)
    for state, stamp in (("approved", "approved_at"), ("handed_over", "handed_over_at"), ("closed", "closed_at")):
        message.state, message.release_at = state, NOW - timedelta(hours=2)
        setattr(message, stamp, NOW - timedelta(hours=1))
        session.flush()
    for moment in session.query(Moment).filter_by(customer_id=customer.id):
        moment.state, moment.closed_at = "closed", NOW
    text = session.query(Revision).filter_by(message_id=message.id, number=message.number).one().texts["email"]
    body = text["body"].replace("[[ signature ]]", "Robin Agent, Loom & Lantern")
    delivery = Delivery(
        id=new_id(),
        message_id=message.id,
        channel="postbox",
        address="",
        state="delivered",
        fence=1,
        worker="test",
        claimed_at=NOW - timedelta(hours=1),
        submitting_at=NOW - timedelta(hours=1),
        accepted_at=NOW - timedelta(hours=1),
        delivered_at=NOW - timedelta(hours=1),
    )
    session.add(delivery)
    session.flush()
    Postbox(postbox).send(
        OutgoingMessage(
            message_id=message.id,
            delivery_id=delivery.id,
            address="",
            recipient_name=f"{customer.first_name} {customer.last_name}",
            sender_name="Robin Agent, Loom & Lantern",
            subject=text["subject"],
            text=to_text(body),
            html=lay_out_email(to_html(body), text["subject"], "", "You receive this because.", "en"),
            occasion=message.occasion,
        )
    )
