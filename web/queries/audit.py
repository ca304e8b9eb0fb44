"""The audit trail as pages show it: filtered, in pages that are found by key, and of one message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from engine.dates.zones import first_instant
from engine.storage.models import AuditEntry, Person

PAGE = 50
MOST_OF_ONE = 100


@dataclass(frozen=True, slots=True)
class Key:
    """Where in the trail a page ends: the next one begins below."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"

    @classmethod
    def read(cls, text: str) -> "Key | None":
        """None for whatever is no key."""
        at, _, entry_id = text.partition("~")
        try:
            key = cls(datetime.fromisoformat(at), UUID(entry_id))
        except ValueError:
            return None
        return key if key.at.tzinfo else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to show. `by_itself`: what no person did; `without` are actions that are left out, but where one of them is
    asked for by name. `on` is a day on the reader's calendar."""

    person_id: UUID | None = None
    by_itself: bool = False
    subject: str = ""
    subject_id: UUID | None = None
    action: str = ""
    on: date | None = None
    zone: str = "UTC"
    without: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: who did what to which thing, and when. `person_id` is None where Jubilee did it by itself."""

    id: UUID
    at: datetime
    person_id: UUID | None
    actor: str
    action: str
    subject: str
    subject_id: UUID
    detail: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """Where it stands in the trail."""
        return Key(self.at, self.id)

    @property
    def link(self) -> str:
        """The page of what it was done to; empty where there is none."""
        return {"message": f"/messages/{self.subject_id}"}.get(self.subject, "")

    @property
    def by_itself(self) -> bool:
        """Whether no person did it."""
        return self.person_id is None


def entries(session: Session, wanted: Wanted, *, before: Key | None = None, limit: int = PAGE) -> list[Entry]:
    """The newest that fit, below `before`."""
    query = _latest().where(*_filters(wanted)).limit(limit)
    if before is not None:
        below = or_(AuditEntry.at < before.at, AuditEntry.id < before.id)
        query = query.where(AuditEntry.at <= before.at, below)  # the first alone is what the index understands
    return [_entry(row) for row in session.scalars(query)]


def history_of(session: Session, message_id: UUID, *, limit: int = MOST_OF_ONE) -> list[Entry]:
    """What happened to one message, the newest first: one statement, for its own page to show."""
    of_it = and_(AuditEntry.subject == "message", AuditEntry.subject_id == message_id)
    return [_entry(row) for row in session.scalars(_latest().where(of_it).limit(limit))]


def doers(session: Session) -> Sequence[Person]:
    """Everybody who may have done something."""
    return session.scalars(select(Person).order_by(Person.name, Person.id)).all()


def _latest() -> Select[Any]:
    return select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.person_id is not None:
        found.append(AuditEntry.person_id == wanted.person_id)
    elif wanted.by_itself:
        found.append(AuditEntry.person_id.is_(None))
    if wanted.subject:
        found.append(AuditEntry.subject == wanted.subject)
    if wanted.subject_id is not None:
        found.append(AuditEntry.subject_id == wanted.subject_id)
    if wanted.action:
        found.append(AuditEntry.action == wanted.action)
    elif wanted.without:
        found.append(AuditEntry.action.not_in(wanted.without))
    if wanted.on is not None:
        begins = first_instant(wanted.on, time(), wanted.zone)
        ends = first_instant(wanted.on + timedelta(days=1), time(), wanted.zone)
        found += [AuditEntry.at >= begins, AuditEntry.at < ends]
    return found


def _entry(row: AuditEntry) -> Entry:
    return Entry(row.id, row.at, row.person_id, row.actor, row.action, row.subject, row.subject_id, row.detail or {})
