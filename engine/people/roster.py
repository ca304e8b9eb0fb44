"""Changes of other people's accounts: role and duties, disabling and enabling. Only admins make them.

Whoever changes an account holds every admin's row meanwhile, so that two admins who take each other's role at the same
moment are served one after the other: an admin who still may act is always left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, NotAllowed, NotFound
from engine.people.audit import Doer, record
from engine.people.deciding import DECIDERS
from engine.people.details import Duties, checked_name, checked_role, checked_zone
from engine.people.passwords import NO_PASSWORD
from engine.people.visits import end_all
from engine.review.sharing import give_up_all
from engine.storage.models import Person

LAST_ADMIN = "This is the last admin who can sign in. Make somebody else an admin first."
OWN_ROLE = "Nobody changes their own role. Ask another admin."
OWN_ACCOUNT = "Nobody disables their own account. Ask another admin."


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything an admin says of somebody. `substitute_id` is told in their place until `away_until`."""

    name: str
    role: str
    zone: str
    duties: Duties = field(default_factory=Duties)
    substitute_id: UUID | None = None
    away_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What somebody says of themselves."""

    name: str
    zone: str
    substitute_id: UUID | None = None
    away_until: datetime | None = None


def change(session: Session, person_id: UUID, terms: Terms, *, doer: Doer, now: datetime) -> Person:
    """Change role, duties and what else an admin says. Raises NotAllowed for one's own role, Conflict for the last
    admin's."""
    admins = _admins(session, doer)
    person = _person(session, person_id)
    role = checked_role(terms.role)
    if role != person.role:
        if doer.person_id == person_id:
            raise NotAllowed(OWN_ROLE)
        _leave_one(admins, person)
    wanted = {
        "name": checked_name(terms.name),
        "role": role,
        "zone": checked_zone(terms.zone),
        "substitute_id": _substitute(session, person, terms.substitute_id),
        "away_until": _ahead(terms.away_until, now),
        **terms.duties.checked().columns(),
    }
    _apply(session, person, wanted, "change_person", doer=doer, now=now)
    if person.role not in DECIDERS:
        give_up_all(session, person, doer=doer, now=now)
    return person


def change_own(session: Session, person_id: UUID, profile: Profile, *, now: datetime) -> Person:
    """Change what somebody says of themselves; never a role or a duty."""
    person = _person(session, person_id)
    wanted = {
        "name": checked_name(profile.name),
        "zone": checked_zone(profile.zone),
        "substitute_id": _substitute(session, person, profile.substitute_id),
        "away_until": _ahead(profile.away_until, now),
    }
    _apply(session, person, wanted, "change_account", doer=Doer(person.name, person.id), now=now)
    return person


def disable(session: Session, person_id: UUID, *, doer: Doer, now: datetime, machine: datetime) -> Person:
    """Shut somebody out, at once and everywhere. What they approved keeps their name; their open drafts go to others.
    Raises Conflict for the last admin."""
    admins = _admins(session, doer)
    person = _person(session, person_id)
    if doer.person_id == person_id:
        raise NotAllowed(OWN_ACCOUNT)
    if not person.active:
        return person
    _leave_one(admins, person)
    person.active = False
    end_all(session, person_id, machine=machine)
    record(session, doer, "disable_person", person, now=now)
    session.flush()
    give_up_all(session, person, doer=doer, now=now)
    return person


def enable(session: Session, person_id: UUID, *, doer: Doer, now: datetime) -> Person:
    """Let somebody in again, with the password they had."""
    _admins(session, doer)
    person = _person(session, person_id)
    if not person.active:
        person.active = True
        record(session, doer, "enable_person", person, now=now)
        session.flush()
    return person


def held(session: Session, person_id: UUID, *, doer: Doer) -> Person:
    """Somebody whom an admin does something to that is no change of the account. Raises NotAllowed, NotFound."""
    _admins(session, doer)
    return _person(session, person_id)


def refuse_disabled() -> NoReturn:
    """Nothing that opens an account is made for one that is shut."""
    raise Conflict("This account is disabled. Enable it first.")


def person_by_email(session: Session, email: str) -> Person:
    """Raises NotFound where nobody has it."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    if person is None:
        raise NotFound(f"Nobody has an account with {email.strip()}; `jubilee people list` shows them.")
    return person


def _admins(session: Session, doer: Doer) -> Sequence[Person]:
    """Every active admin, held until the commit. Raises NotAllowed where who acts is none of them any more."""
    query = select(Person).where(Person.role == "admin", Person.active).order_by(Person.id).with_for_update()
    admins = session.scalars(query.execution_options(populate_existing=True)).all()
    if doer.person_id is not None and doer.person_id not in {admin.id for admin in admins}:
        raise NotAllowed("This needs the role admin.")
    return admins


def _leave_one(admins: Sequence[Person], person: Person) -> None:
    """Raise Conflict where nobody who can sign in would be an admin after `person`."""
    able = {admin.id for admin in admins if admin.password_hash != NO_PASSWORD}
    if able == {person.id}:
        raise Conflict(LAST_ADMIN)


def _person(session: Session, person_id: UUID) -> Person:
    query = select(Person).where(Person.id == person_id).with_for_update()
    person = session.scalar(query.execution_options(populate_existing=True))
    if person is None:
        raise NotFound("There is nobody here by this address.")
    return person


def _substitute(session: Session, person: Person, wanted: UUID | None) -> UUID | None:
    """Somebody else who is here and may decide; a substitute who has left stays only until the next change."""
    if wanted is None:
        return None
    other = session.get(Person, wanted)
    if other is None or other.id == person.id or not other.active or other.role == "viewer":
        raise InvalidInput("substitute: somebody else who works here, and is at least an agent")
    return other.id


def _ahead(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at > now else None


def _apply(session: Session, person: Person, wanted: dict[str, Any], action: str, *, doer: Doer, now: datetime) -> None:
    """Change what is different, and keep in the trail which that was; of the role from what to what."""
    changed = {name: value for name, value in wanted.items() if getattr(person, name) != value}
    if not changed:
        return
    detail: dict[str, Any] = {"changed": sorted(changed)}
    if "role" in changed:
        detail["role"] = [person.role, changed["role"]]
    for name, value in changed.items():
        setattr(person, name, value)
    record(session, doer, action, person, now=now, **detail)
    session.flush()
