"""People for the tests of accounts, with a hash that costs nothing."""

from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.orm import Session

from engine.people.audit import Doer
from engine.storage.models import Person
from tests.engine.builders import NOW

PASSWORD = "a horse in the rain"
HASH = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)).hash(PASSWORD)
COMMAND = Doer("command line")


def make_person(session: Session, email: str = "mia@example.com", role: str = "agent", **more: Any) -> Person:
    """Stored, active, with PASSWORD."""
    named = {"name": email.partition("@")[0].title(), "zone": "UTC", "password_hash": HASH}
    person = Person(email=email, role=role, created_at=NOW, **(named | more))
    session.add(person)
    session.flush()
    return person


def as_doer(person: Person) -> Doer:
    """Who acts."""
    return Doer(person.name, person.id)
