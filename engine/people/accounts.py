"""Accounts: making a person, checking a password, and what a role may do."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import Conflict, NotAllowed
from engine.people.audit import Doer, record
from engine.people.details import Duties, checked_email, checked_name, checked_role, checked_zone
from engine.people.passwords import NO_PASSWORD, check_password, fits, hash_of
from engine.storage.models import Person
from engine.storage.models.person import ROLES


@dataclass(frozen=True)
class NewPerson:
    """What an account needs. Roles, from least to most: viewer, agent, marketing, admin. Without a password they set
    their own, by a link (engine/people/access.py)."""

    email: str
    name: str
    role: str
    password: str | None = None
    zone: str = "UTC"
    duties: Duties = field(default_factory=Duties)


def create_person(session: Session, new: NewPerson, *, now: datetime, doer: Doer) -> Person:
    """Add an account. Raises InvalidInput for a weak password or unknown role, Conflict for a known e-mail."""
    email, name, role = checked_email(new.email), checked_name(new.name), checked_role(new.role)
    if new.password is not None:
        check_password(new.password, name=name, email=email)
    if session.scalar(select(Person.id).where(Person.email == email)):
        raise Conflict(f"email: {email} has an account already")
    person = Person(
        email=email,
        name=name,
        role=role,
        zone=checked_zone(new.zone),
        password_hash=NO_PASSWORD if new.password is None else hash_of(new.password),
        active=True,
        session_epoch=0,
        created_at=now,
        **new.duties.checked().columns(),
    )
    try:
        with session.begin_nested():  # somebody else may be adding them in this moment
            session.add(person)
    except IntegrityError as error:
        raise Conflict(f"email: {email} has an account already") from error
    record(session, doer, "create_person", person, now=now, role=role)
    return person


def authenticate(session: Session, email: str, password: str) -> Person | None:
    """The active person with this e-mail and password, or None; an unknown e-mail takes as long as a wrong password."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    known = person is not None and person.active
    right = fits(password, person.password_hash if person is not None and known else None)
    return person if known and right else None


def anyone(session: Session) -> bool:
    """Whether there is any account yet."""
    return bool(session.scalar(select(func.count()).select_from(Person)))


def require(person: Person, role: str) -> None:
    """Raise NotAllowed unless the person's role is `role` or above it, and they have not left."""
    if person.active is False:
        raise NotAllowed("This account is disabled. Nothing can be done in its name.")
    if ROLES.index(person.role) < ROLES.index(role):
        raise NotAllowed(f"this needs the role {role}; yours is {person.role}")
