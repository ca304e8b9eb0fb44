"""People and written messages, for tests of reviewing."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.accounts import NewPerson, create_person
from engine.people.audit import Doer
from engine.storage.models import AuditEntry, Delivery, Message, Person
from tests.engine.builders import NOW
from tests.engine.write.desk import write


def person(session: Session, name: str = "Ada Agent", role: str = "agent") -> Person:
    email = f"{name.replace(' ', '.').lower()}@shop.example"
    new = NewPerson(email, name, role, "a long password")
    return create_person(session, new, now=NOW, doer=Doer("test"))


def written(session: Session, message: Message) -> Message:
    """The message after the writer's round."""
    write(session)
    session.refresh(message)
    return message


def claim(session: Session, message: Message, state: str = "claimed", **fields: Any) -> Delivery:
    """A worker takes the message."""
    values = {"channel": "postbox", "address": "", "fence": 1, "worker": "w", "lease_until": NOW, "claimed_at": NOW}
    delivery = Delivery(message_id=message.id, state=state, **values | fields)
    session.add(delivery)
    session.flush()
    return delivery


def audited(session: Session, message: Message) -> list[tuple[str, str]]:
    """Who did what to it, in order."""
    rows = session.execute(
        select(AuditEntry.actor, AuditEntry.action)
        .where(AuditEntry.subject == "message", AuditEntry.subject_id == message.id)
        .order_by(AuditEntry.id)
    )
    return [(actor, action) for actor, action in rows]
