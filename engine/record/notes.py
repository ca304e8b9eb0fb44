"""Front-line notes: what somebody who met a customer wrote down, who may see it, and until when it holds what we send.

A note may be read by its customer. A life event and a "not a good time" hold and expire; a complaint, a compliment and
anything else may help who writes, and are never quoted by a template: no fact comes from this table.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, or_, select, true, update
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.errors import InvalidInput, NotAllowed, NotFound
from engine.people.audit import Doer, record
from engine.record.attention import look_again
from engine.record.events import EventRow, record_events
from engine.record.locking import lock_by_id
from engine.storage.models import Customer, Note, Person

COMPLAINT, LIFE_EVENT, NOT_NOW = "complaint", "life_event", "not_now"
# Days for which a note of the kind holds, unless its author says otherwise; the others hold nothing.
HOLDS_FOR = {LIFE_EVENT: 30, NOT_NOW: 14}
LONGEST_DAYS = 180
LONGEST_TEXT = 2_000
# What a complaint can be about: the classes that problems have. Words of ours, so that they may be counted and told.
CATEGORIES = ("delivery", "product", "billing", "service", "website", "other")
# Life events are for those who write to customers, and for who looks after the notes (design section 8).
_READ_LIFE_EVENTS = ("agent", "admin")
_FOR_WRITING = ("complaint", "compliment", "other")
_WRITING_LOOKS_BACK = timedelta(days=365)
_MOST_FOR_WRITING = 5


@dataclass(frozen=True, slots=True)
class NewNote:
    """What the form says. `id` comes from the page it was on, so that sending it twice leaves one note.

    `days` is for how long it holds, where its kind holds. `opens_problem` and `category` go with a complaint.
    """

    id: uuid.UUID
    customer_id: uuid.UUID
    kind: str
    text: str
    days: int | None = None
    category: str | None = None
    occasion: str | None = None
    opens_problem: bool = False


@dataclass(frozen=True, slots=True)
class WritingNote:
    """A note beside a draft: for the agent to know, never sayable by itself."""

    kind: str
    text: str
    author: str | None
    created_at: datetime


class SomeoneHere(Protocol):
    """Whoever is asked about: a stored person, or the one who looks at a page."""

    @property
    def id(self) -> uuid.UUID:
        """Their key."""

    @property
    def role(self) -> str:
        """viewer, agent, marketing or admin."""


def leave_note(
    session: Session, new: NewNote, *, author: Person, triggers: Sequence[ActiveTrigger], now: datetime
) -> Note:
    """Keep the note, once however often it is sent, and let follow what follows: a hold, or a problem.

    Raises NotFound where there is no such customer any more, InvalidInput where it cannot be kept. `triggers` must
    include the paused ones, as for every event.
    """
    customer = lock_by_id(session, [new.customer_id]).get(new.customer_id)
    if customer is None or customer.erased:
        raise NotFound("Nothing is kept of this customer.")
    if (kept := session.get(Note, new.id)) is not None:
        return _same(kept, new, author)
    note = Note(
        id=new.id,
        customer_id=new.customer_id,
        author_id=author.id,
        kind=new.kind,
        text=_clean(new.text),
        category=new.category if new.kind == COMPLAINT and new.category in CATEGORIES else None,
        occasion=new.occasion if new.kind == COMPLAINT else None,
        created_at=now,
        expires_at=_ends(new, now),
    )
    session.add(note)
    session.flush()
    record(session, Doer(author.name, author.id), "leave_note", note, now=now, kind=note.kind)
    if note.kind in HOLDS_FOR:
        look_again(session, [note.customer_id], now=now)
    if new.opens_problem and note.kind == COMPLAINT:
        _open_problem(session, note, customer.external_id, author, triggers, now)
    return note


def withdraw_note(session: Session, note_id: uuid.UUID, *, person: Person, now: datetime) -> Note:
    """Take a note back: its author, or an admin. What it held is looked at again; doing it twice changes nothing."""
    note = session.get(Note, note_id)
    if note is None or not may_read(note.kind, note.author_id, person):
        raise NotFound("There is no such note.")
    if not may_withdraw(note.author_id, person):
        raise NotAllowed("A note is withdrawn by who wrote it, or by an admin.")
    withdrawn = session.execute(
        update(Note)
        .where(Note.id == note_id, Note.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_by=person.id)
        .returning(Note.id)
    ).scalar()
    if withdrawn:
        record(session, Doer(person.name, person.id), "withdraw_note", note, now=now, kind=note.kind)
        look_again(session, [note.customer_id], now=now)
    session.refresh(note)
    return note


def notes_for_writing(session: Session, customer_id: uuid.UUID, now: datetime) -> list[WritingNote]:
    """What the front line knows that may help to write to this customer, newest first: of the last year, and no life
    event. Nothing of it is a fact, so no template can say it; an agent may, in their own words."""
    rows = session.execute(
        select(Note.kind, Note.text, Person.name, Note.created_at)
        .outerjoin(Person, Person.id == Note.author_id)
        .where(
            Note.customer_id == customer_id,
            Note.kind.in_(_FOR_WRITING),
            Note.created_at > now - _WRITING_LOOKS_BACK,
            in_force(now),
        )
        .order_by(Note.created_at.desc(), Note.id.desc())
        .limit(_MOST_FOR_WRITING)
    )
    return [WritingNote(*row) for row in rows]


def in_force(now: datetime) -> ColumnElement[bool]:
    """Neither withdrawn nor expired."""
    return Note.withdrawn_at.is_(None) & or_(Note.expires_at.is_(None), Note.expires_at > now)


def readable_by(role: str, person_id: uuid.UUID | None = None) -> ColumnElement[bool]:
    """The notes that people of this role may read: life events only where their work needs them, or their own."""
    if role in _READ_LIFE_EVENTS:
        return true()
    return or_(Note.kind != LIFE_EVENT, Note.author_id == person_id) if person_id else Note.kind != LIFE_EVENT


def may_read(kind: str, author_id: uuid.UUID | None, person: SomeoneHere) -> bool:
    """Whether this person may see a note of this kind, or at least take back their own."""
    return kind != LIFE_EVENT or person.role in _READ_LIFE_EVENTS or author_id == person.id


def may_withdraw(author_id: uuid.UUID | None, person: SomeoneHere) -> bool:
    """Who wrote it, or an admin."""
    return author_id == person.id or person.role == "admin"


def _same(kept: Note, new: NewNote, author: Person) -> Note:
    if (kept.customer_id, kept.author_id) != (new.customer_id, author.id):
        raise InvalidInput("This form was used for another note already. Load the page again.")
    return kept


def _clean(text: str) -> str:
    """As it was written, without what no database keeps."""
    clean = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not clean:
        raise InvalidInput("A few words are needed: what was said, or what happened.")
    if len(clean) > LONGEST_TEXT:
        raise InvalidInput(f"That is too long for a note: at most {LONGEST_TEXT:,} characters.")
    return clean


def _ends(new: NewNote, now: datetime) -> datetime | None:
    if new.kind not in HOLDS_FOR:
        return None
    days = HOLDS_FOR[new.kind] if new.days is None else new.days
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(f"It can hold for 1 to {LONGEST_DAYS} days.")
    return now + timedelta(days=days)


def _open_problem(
    session: Session,
    note: Note,
    external_id: str,
    author: Person,
    triggers: Sequence[ActiveTrigger],
    now: datetime,
) -> None:
    """By an event, as every problem is opened. It carries none of the note's words: they would become what happened, a
    fact that templates may say."""
    said = {"ticket_id": f"note-{note.id}", "type": COMPLAINT, "category": note.category or "other"}
    row = EventRow(f"note:{note.id}", external_id, "ticket_opened", now, said, source=f"note by {author.name}")
    refused = record_events(session, [row], triggers=triggers, now=now, source="note").rejected
    if refused:
        raise InvalidInput(refused[0].reason)


def customer_of(session: Session, external_id: str) -> Customer:
    """The customer to write about. Raises NotFound."""
    found = session.scalar(select(Customer).where(Customer.external_id == external_id, Customer.erased_at.is_(None)))
    if found is None:
        raise NotFound("There is no customer with this id.")
    return found
