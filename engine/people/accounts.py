"""Accounts: making a person, checking a password, and what a role may do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pwdlib import PasswordHash
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.people.audit import Doer, record
from engine.storage.models import Person
from engine.storage.models.person import ROLES

SHORTEST_PASSWORD = 10
_hasher = PasswordHash.recommended()
# Checked when the e-mail is unknown, so that the answer takes as long as for a known one.
_NOBODY = _hasher.hash("nobody has this password")


@dataclass(frozen=True)
class NewPerson:
    """What an account needs. Roles, from least to most: viewer, agent, marketing, admin."""

    email: str
    name: str
    role: str
    password: str
    zone: str = "UTC"


def create_person(session: Session, new: NewPerson, *, now: datetime, doer: Doer) -> Person:
    """Add an account. Raises InvalidInput for a weak password or unknown role, Conflict for a known e-mail."""
    email = new.email.strip().lower()
    if new.role not in ROLES:
        raise InvalidInput(f"role: `{new.role}` is not one of {', '.join(ROLES)}")
    if "@" not in email:
        raise InvalidInput(f"email: `{new.email}` is not an e-mail address")
    if len(new.password) < SHORTEST_PASSWORD:
        raise InvalidInput(f"password: at least {SHORTEST_PASSWORD} characters")
    if session.scalar(select(Person.id).where(Person.email == email)):
        raise Conflict(f"email: {email} has an account already")
    person = Person(
        email=email,
        name=new.name,
        role=new.role,
        zone=new.zone,
        password_hash=_hasher.hash(new.password),
        active=True,
        session_epoch=0,
        created_at=now,
    )
    session.add(person)
    session.flush()
    record(session, doer, "create_person", person, now=now, role=new.role)
    return person


def authenticate(session: Session, email: str, password: str) -> Person | None:
    """The active person with this e-mail and password, or None; an unknown e-mail takes as long as a wrong password."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    known = person is not None and person.active
    fits = _hasher.verify(password, person.password_hash if person is not None and known else _NOBODY)
    return person if known and fits else None


def end_sessions(session: Session, person_id: UUID, *, now: datetime) -> None:
    """End every session of this person, wherever it is open."""
    person = session.get_one(Person, person_id)
    person.session_epoch += 1
    record(session, Doer(person.name, person.id), "sign_out", person, now=now)


def anyone(session: Session) -> bool:
    """Whether there is any account yet."""
    return bool(session.scalar(select(func.count()).select_from(Person)))


def require(person: Person, role: str) -> None:
    """Raise NotAllowed unless the person's role is `role` or above it."""
    if ROLES.index(person.role) < ROLES.index(role):
        raise NotAllowed(f"this needs the role {role}; yours is {person.role}")
