"""What was noted, and what changed in what is known of them, as lines of the timeline."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, or_
from sqlalchemy.orm import Session

from engine.record.notes import readable_by
from engine.storage.models import CustomerChange, Note, Person
from web.queries.timeline_lines import MINE, Said, Source, chosen, short
from web.queries.timeline_words import NOTED, change_words, field_words

_WISHES = ("preferences.", "consents.", "suppressions.")


def _notes(viewer: str) -> Select[Any]:
    of = chosen(Note.kind, Note.text, Note.withdrawn_at, Person.name).outerjoin(Person, Person.id == Note.author_id)
    return of.where(Note.customer_id == MINE, readable_by(viewer))


def _say_note(_session: Session, row: Any) -> Said:
    """A note that was taken back is not read any more; that there was one stays."""
    return Said(f"Noted: {NOTED[row.kind]}", None if row.withdrawn_at else short(row.text), row.name)


def _say_note_withdrawn(_session: Session, row: Any) -> Said:
    return Said(f"A note was taken back: {NOTED[row.kind]}")


def _changes(*, of_wishes: bool) -> Callable[[str], Select[Any]]:
    wishes = or_(*(CustomerChange.field.startswith(prefix) for prefix in _WISHES))

    def rows(_viewer: str) -> Select[Any]:
        columns = (CustomerChange.field, CustomerChange.old, CustomerChange.new, CustomerChange.source)
        return chosen(*columns).where(CustomerChange.customer_id == MINE, wishes if of_wishes else ~wishes)

    return rows


def _say_change(_session: Session, row: Any) -> Said:
    what, detail = change_words(row.field, row.old, row.new)
    return Said(what, detail, row.source, field=field_words(row.field))


NOTES: tuple[Source, ...] = (
    Source("notes", Note.withdrawn_at, Note.id, _notes, _say_note_withdrawn, True),
    Source("notes", Note.created_at, Note.id, _notes, _say_note),
)
CHANGES: tuple[Source, ...] = (
    Source("wishes", CustomerChange.effective_at, CustomerChange.id, _changes(of_wishes=True), _say_change),
    Source("record", CustomerChange.effective_at, CustomerChange.id, _changes(of_wishes=False), _say_change),
)
