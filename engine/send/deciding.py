"""What a person says of a message whose fate nobody knows, or that could not be handed over. Each is audited."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from engine.errors import Conflict, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.send.outgoing import Accepted, Refused
from engine.send.recording import record_accepted, record_refused
from engine.storage.models import Delivery, Person

ROLE = "agent"
SAID_LOST = "said_not_to_have_arrived"


def say_arrived(session: Session, delivery_id: UUID, *, person: Person, now: datetime) -> None:
    """The customer has it: the delivery is delivered. Raises Conflict where more is known by now."""
    delivery = _unknown(session, delivery_id, person)
    answer = Accepted(provider_id=delivery.provider_id or "", delivered=True)
    if not record_accepted(session, delivery_id, answer, now=now):
        raise Conflict
    record(session, Doer(person.name, person.id), "say_arrived", delivery, now=now)


def say_lost(session: Session, delivery_id: UUID, *, person: Person, now: datetime) -> None:
    """The customer does not have it: the message goes again, if its time has not passed, after every check."""
    delivery = _unknown(session, delivery_id, person)
    if not record_refused(session, delivery_id, Refused(SAID_LOST, permanent=False), now=now):
        raise Conflict
    record(session, Doer(person.name, person.id), "say_lost", delivery, now=now)


def _unknown(session: Session, delivery_id: UUID, person: Person) -> Delivery:
    require(person, ROLE)
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound("There is no such delivery.")
    if delivery.state != "unconfirmed":
        raise Conflict(f"It is known by now what became of this delivery: {delivery.state}.")
    return delivery
