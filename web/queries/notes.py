"""Front-line notes as pages show them: those of one customer, and all of them for those who read them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from engine.errors import InvalidInput
from engine.record.notes import in_force, may_withdraw, readable_by
from engine.storage.models import Customer, Note, Person
from web.queries.customers import name_of
from web.visitors import Visitor

PAGE = 30
MOST_OF_ONE = 20
_withdrawer = aliased(Person)


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One note. `holds` while it keeps messages back; `mine` where the reader may take it back."""

    id: UUID
    kind: str
    text: str
    category: str | None
    occasion: str | None
    author: str | None
    created_at: datetime
    expires_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    external_id: str
    customer_name: str
    holds: bool
    may_be_withdrawn: bool

    @property
    def place(self) -> str:
        """Where the list goes on after it."""
        return f"{self.created_at.isoformat()}~{self.id}"


def notes_of(session: Session, customer_id: UUID, reader: Visitor, *, now: datetime) -> list[NoteLine]:
    """The latest notes about one customer that this person may read and that were not withdrawn."""
    query = _notes(reader).where(Note.customer_id == customer_id, Note.withdrawn_at.is_(None)).limit(MOST_OF_ONE)
    return _lines(session, query, reader, now)


def all_notes(
    session: Session, reader: Visitor, *, kind: str = "", only_in_force: bool = False, after: str = "", now: datetime
) -> list[NoteLine]:
    """One page, and one line more where there is another, newest first: who decides nothing reads their own alone.

    Raises InvalidInput for a place of nobody's.
    """
    query = _notes(reader).limit(PAGE + 1)
    if not reader.may_decide:
        query = query.where(Note.author_id == reader.id)
    if kind:
        query = query.where(Note.kind == kind)
    if only_in_force:
        query = query.where(in_force(now))
    if after:
        at, key = _place(after)
        query = query.where(or_(Note.created_at < at, and_(Note.created_at == at, Note.id < key)))
    return _lines(session, query, reader, now)


def _notes(reader: Visitor) -> Select[Note, Customer, str, str]:
    return (
        select(Note, Customer, Person.name, _withdrawer.name)
        .join(Customer, Customer.id == Note.customer_id)
        .outerjoin(Person, Person.id == Note.author_id)
        .outerjoin(_withdrawer, _withdrawer.id == Note.withdrawn_by)
        .where(readable_by(reader.role, reader.id))
        .order_by(Note.created_at.desc(), Note.id.desc())
    )


def _lines(session: Session, query: Select[Note, Customer, str, str], reader: Visitor, now: datetime) -> list[NoteLine]:
    return [
        NoteLine(
            id=note.id,
            kind=note.kind,
            text=note.text,
            category=note.category,
            occasion=note.occasion,
            author=author,
            created_at=note.created_at,
            expires_at=note.expires_at,
            withdrawn_at=note.withdrawn_at,
            withdrawn_by=withdrawn_by,
            external_id=customer.external_id,
            customer_name=name_of(customer),
            holds=bool(note.expires_at and note.expires_at > now and note.withdrawn_at is None),
            may_be_withdrawn=note.withdrawn_at is None and may_withdraw(note.author_id, reader),
        )
        for note, customer, author, withdrawn_by in session.execute(query)
    ]


def _place(after: str) -> tuple[datetime, UUID]:
    try:
        at, _, key = after.partition("~")
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None:
            raise ValueError("no zone")
        return instant, UUID(key)
    except ValueError:
        raise InvalidInput("There is no such place in the notes. Begin at the top again.") from None
