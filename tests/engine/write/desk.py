"""A database with the shipped templates and mission, and messages on their way: for tests of writing and reviewing."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.storage.models import Customer, CustomerDate, Hold, Message, Moment, Revision, Trigger
from engine.write.drafts import write_due
from engine.write.folders import read_all
from engine.write.mission import read_mission
from engine.write.store import seed_mission, seed_templates
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_problem, make_trigger

TEMPLATES = Path(__file__).parents[3] / "templates"
COMPANY = "Loom & Lantern"
TEAM = "the care team"
FOLDERS = read_all(TEMPLATES)
MISSION = read_mission(TEMPLATES / "mission.yaml")
SOLVED = {"what_happened": "the parcel came without the lamp shade", "what_we_did": "we sent the shade by courier"}


def seed(session: Session) -> None:
    seed_templates(session, FOLDERS, now=NOW)
    seed_mission(session, MISSION, now=NOW)


def write(session: Session, **arguments: Any) -> int:
    """A round of writing."""
    return write_due(session, **{"now": NOW, "company": COMPANY, "team_name": TEAM} | arguments)


def fact(value: object, source: str = "test", *, sayable: bool = True) -> dict[str, object]:
    return {"value": value, "source": source, "sayable": sayable}


def birthday(
    session: Session, customer: Customer | None = None, trigger: Trigger | None = None, **fields: Any
) -> Message:
    """A birthday on 14 February that is due for writing."""
    facts = {"month": fact(2, "birthday", sayable=False), "day": fact(14, "birthday", sayable=False)}
    return message_of(session, trigger or make_trigger(session), facts, customer, **fields)


def orders(session: Session, count: int = 10, customer: Customer | None = None, **fields: Any) -> Message:
    """So many orders, due for writing."""
    trigger = make_trigger(session, occasion="order_milestone", template="order_milestone", title="Orders")
    facts = {"order_count": fact(count, "event m1"), "reached_on": fact("2026-05-30", "event m1", sayable=False)}
    return message_of(session, trigger, facts, customer, **fields)


def solved(session: Session, *, serious: bool = False, problem: dict[str, Any] | None = None, **fields: Any) -> Message:
    """A ticket that was solved four days ago, due for writing."""
    name = "ticket_solved_serious" if serious else "ticket_solved"
    definition = {"family": "recover", "occasion": "ticket_solved", "kind": "recovery", "template": name}
    trigger = make_trigger(session, params={"kinds": ["ticket"]}, **definition)
    customer = make_customer(session)
    about = {"state": "resolved", "resolved_at": NOW - timedelta(days=4), "owner": "Tom", "key": "ticket:1"} | SOLVED
    row = make_problem(session, customer, **about | (problem or {}))
    moment = make_moment(session, customer, trigger, facts={"serious": fact(serious)}, problem_id=row.id)
    return make_message(session, moment, **{"template": name, "write_at": NOW} | fields)


def message_of(
    session: Session, trigger: Trigger, facts: dict[str, Any], customer: Customer | None = None, **fields: Any
) -> Message:
    customer = customer or make_customer(session)
    moment = make_moment(session, customer, trigger, facts=facts)
    return make_message(session, moment, **{"write_at": NOW} | fields)


def first_order(session: Session, customer: Customer, year: int, month: int, day: int) -> None:
    row = CustomerDate(
        customer_id=customer.id,
        name="first:order_completed",
        year=year,
        month=month,
        day=day,
        month_day=month * 100 + day,
        source="events",
        event_name="order_completed",
    )
    session.add(row)
    session.flush()


def latest(session: Session, message: Message) -> Revision:
    session.expire_all()
    return session.scalars(
        select(Revision).where(Revision.message_id == message.id, Revision.number == message.number)
    ).one()


def body(session: Session, message: Message, text: str = "email") -> str:
    return str(latest(session, message).texts[text]["body"])


def questions(session: Session, message: Message) -> list[tuple[str, str | None]]:
    """The open holds of the message's moments."""
    session.expire_all()
    rows = session.execute(
        select(Hold.name, Hold.detail)
        .join(Moment, Moment.id == Hold.moment_id)
        .where(Moment.customer_id == message.customer_id, Hold.released_at.is_(None))
    )
    return [(name, detail) for name, detail in rows]
