"""Sign-ins: one row for each browser in which somebody is, looked at with every request, and ended one by one or all.

They run by the machine's clock: moving a demonstration on must not sign anybody out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.orm import Session

from engine.storage.models import Person, Visit

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
NOTED_EVERY = timedelta(minutes=1)
KEPT = timedelta(days=30)
LONGEST_BROWSER = 60


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """One sign-in, for its person's own page. `reference` stands for its id, which is the word in the cookie."""

    reference: str
    browser: str
    begun_at: datetime
    seen_at: datetime
    here: bool


def is_open(machine: datetime) -> ColumnElement[bool]:
    """Whether a visit has neither been ended nor grown too old."""
    young = and_(Visit.seen_at > machine - IDLE, Visit.begun_at > machine - LONGEST)
    return and_(Visit.ended_at.is_(None), young)


def visiting(session: Session, visit_id: str, *, machine: datetime) -> tuple[Person, Visit] | None:
    """Who is signed in with this visit, in one statement; None where it ended, or its person is disabled."""
    found = session.execute(
        select(Person, Visit)
        .join(Visit, Visit.person_id == Person.id)
        .where(Visit.id == visit_id, is_open(machine), Person.active)
    ).one_or_none()
    return (found[0], found[1]) if found is not None else None


def is_noted(visit: Visit, *, machine: datetime) -> bool:
    """Whether `note` would change nothing, so that reading a page need not begin to write."""
    return visit.seen_at > machine - NOTED_EVERY


def note(session: Session, visit_id: str, *, machine: datetime) -> None:
    """That they are here, to the minute at most."""
    stale = and_(Visit.ended_at.is_(None), Visit.seen_at <= machine - NOTED_EVERY)
    session.execute(update(Visit).where(Visit.id == visit_id, stale).values(seen_at=machine))


def begin(
    session: Session, visit_id: str, person_id: UUID, *, epoch: int, browser: str, machine: datetime
) -> Person | None:
    """Open a visit for somebody whose password was right when their epoch was this one. None where they were disabled,
    or all their visits ended, in the meantime: an old password opens nothing that a new one has closed."""
    person = _held(session, person_id)
    if person is None or not person.active or person.session_epoch != epoch:
        return None
    session.execute(delete(Visit).where(Visit.person_id == person_id, Visit.begun_at < machine - KEPT))
    session.add(
        Visit(
            id=visit_id,
            person_id=person_id,
            browser=browser[:LONGEST_BROWSER],
            begun_at=machine,
            seen_at=machine,
        )
    )
    session.flush()
    return person


def end(session: Session, visit_id: str, *, machine: datetime) -> bool:
    """End this one; False where it had ended before, or never was."""
    ended = update(Visit).where(Visit.id == visit_id, Visit.ended_at.is_(None)).values(ended_at=machine)
    return session.execute(ended.returning(Visit.id)).scalar() is not None


def end_all(session: Session, person_id: UUID, *, machine: datetime, but: str | None = None) -> None:
    """End every visit of this person, wherever it is open, and whatever sign-in is just under way; `but` one stays."""
    person = _held(session, person_id)
    if person is not None:
        person.session_epoch += 1
    theirs = and_(Visit.person_id == person_id, Visit.ended_at.is_(None), Visit.id != (but or ""))
    session.execute(update(Visit).where(theirs).values(ended_at=machine))
    session.flush()


def open_visits(session: Session, person_id: UUID, *, machine: datetime, here: str | None = None) -> list[OpenVisit]:
    """Where this person is signed in, the last seen first."""
    rows = session.scalars(
        select(Visit).where(Visit.person_id == person_id, is_open(machine)).order_by(Visit.seen_at.desc(), Visit.id)
    )
    return [OpenVisit(reference(row.id), row.browser, row.begun_at, row.seen_at, row.id == here) for row in rows]


def end_by_reference(session: Session, person_id: UUID, wanted: str, *, machine: datetime) -> bool:
    """End the visit of this person that `wanted` stands for; False where none of theirs does."""
    theirs = session.scalars(select(Visit.id).where(Visit.person_id == person_id, is_open(machine))).all()
    return any(end(session, visit_id, machine=machine) for visit_id in theirs if reference(visit_id) == wanted)


def reference(visit_id: str) -> str:
    """What a page may show of a visit: nobody gets from it to the word in the cookie."""
    return sha256(visit_id.encode()).hexdigest()[:16]


def _held(session: Session, person_id: UUID) -> Person | None:
    """The person, locked: who begins a visit and who ends all of them wait for each other."""
    held = select(Person).where(Person.id == person_id).with_for_update()
    return session.scalar(held.execution_options(populate_existing=True))
