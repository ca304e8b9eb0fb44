"""Everybody who has an account, for those who list them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.people.deciding import may_decide
from engine.people.passwords import NO_PASSWORD
from engine.people.visits import is_open
from engine.storage.models import Person, Visit


@dataclass(frozen=True, slots=True)
class Member:
    """One account, and in how many browsers it is open; `last_seen_at` is of any sign-in that is still known."""

    person: Person
    visits: int
    last_seen_at: datetime | None

    @property
    def state(self) -> str:
        """As the pages call it: disabled, invited, active."""
        if not self.person.active:
            return "disabled"
        return "invited" if self.person.password_hash == NO_PASSWORD else "active"


def everybody(session: Session, *, machine: datetime) -> list[Member]:
    """Everybody: who is here first, then by name."""
    return sorted(_members(session, machine), key=lambda one: (not one.person.active, one.person.name.casefold()))


def member(session: Session, person_id: UUID, *, machine: datetime) -> Member:
    """Raises NotFound."""
    found = _members(session, machine, person_id)
    if not found:
        raise NotFound("There is nobody here by this address.")
    return found[0]


def substitutes(session: Session, *, but: UUID) -> Sequence[Person]:
    """Who may be told in somebody's place: whoever is here and may decide."""
    able = and_(may_decide(), Person.id != but)
    return session.scalars(select(Person).where(able).order_by(Person.name, Person.id)).all()


def _members(session: Session, machine: datetime, person_id: UUID | None = None) -> list[Member]:
    open_now = func.count(Visit.id).filter(is_open(machine))
    query = (
        select(Person, open_now, func.max(Visit.seen_at))
        .outerjoin(Visit, Visit.person_id == Person.id)
        .group_by(Person.id)
    )
    if person_id is not None:
        query = query.where(Person.id == person_id)
    return [Member(person, count, seen_at) for person, count, seen_at in session.execute(query)]
