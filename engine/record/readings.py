"""Readings: what somebody here believes a customer thinks or feels, under their name and with the day.

The half of the empathy map that nobody can observe. It is for people to read and for nothing else: no trigger, no
template and no fact comes from it, and the customer may ask to see it.
"""

import uuid
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.storage.models import Customer, Person, Reading

QUADRANTS = ("thinks", "feels")
LONGEST_TEXT = 500


def add_reading(
    session: Session, customer_id: uuid.UUID, quadrant: str, text: str, *, author: Person, now: datetime
) -> Reading:
    """Keep it under the author's name. Raises InvalidInput, NotAllowed, or NotFound where nothing is kept of them."""
    require(author, "agent")
    customer = session.scalar(select(Customer).where(Customer.id == customer_id).with_for_update(key_share=True))
    if customer is None or customer.erased_at:
        raise NotFound("Nothing is kept of this customer.")
    clean = text.replace("\x00", "").strip()
    if quadrant not in QUADRANTS or not clean or len(clean) > LONGEST_TEXT:
        raise InvalidInput(f"A reading is one thought or feeling, in 1 to {LONGEST_TEXT} characters.")
    reading = Reading(customer_id=customer_id, quadrant=quadrant, text=clean, author_id=author.id, created_at=now)
    session.add(reading)
    session.flush()
    record(session, Doer(author.name, author.id), "add_reading", reading, now=now, quadrant=quadrant)
    return reading


def withdraw_reading(session: Session, reading_id: uuid.UUID, *, person: Person, now: datetime) -> Reading:
    """Take a reading back: any agent who finds it wrong may. Doing it twice changes nothing."""
    require(person, "agent")
    reading = session.get(Reading, reading_id)
    if reading is None:
        raise NotFound("There is no such reading.")
    withdrawn = session.execute(
        update(Reading)
        .where(Reading.id == reading_id, Reading.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
        .returning(Reading.id)
    ).scalar()
    if withdrawn:
        record(session, Doer(person.name, person.id), "withdraw_reading", reading, now=now)
    return reading
