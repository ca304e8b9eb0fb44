"""The ledger of message ids: it alone decides what is new, what came before, and what came before with another body."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.storage.models import EventLedger
from engine.storage.upsert import insert_into, is_among


@dataclass(frozen=True, slots=True)
class Entry:
    """One event that asks to be recorded under its message id."""

    message_id: str
    event_id: UUID
    body_hash: str


@dataclass(frozen=True, slots=True)
class Admission:
    """The ids of the events to store, of those recorded before, and of those whose message id means another body."""

    new: frozenset[UUID]
    duplicates: frozenset[UUID]
    conflicts: frozenset[UUID]


def admit(session: Session, entries: Sequence[Entry]) -> Admission:
    """Enter what is new. Of two sessions with the same message id one waits, and then finds it entered."""
    first: dict[str, Entry] = {}
    for entry in entries:
        first.setdefault(entry.message_id, entry)
    entered = _enter(session, first)
    known = _known(session, first.keys() - entered) | {one: first[one].body_hash for one in entered}
    rest = [entry for entry in entries if entry.message_id not in entered or entry is not first[entry.message_id]]
    return Admission(
        new=frozenset(first[message_id].event_id for message_id in entered),
        duplicates=frozenset(one.event_id for one in rest if known[one.message_id] == one.body_hash),
        conflicts=frozenset(one.event_id for one in rest if known[one.message_id] != one.body_hash),
    )


def _enter(session: Session, entries: dict[str, Entry]) -> set[str]:
    if not entries:
        return set()
    # In one order everywhere, so that two sessions never wait for each other in a circle.
    rows = [
        {"message_id": one.message_id, "event_id": one.event_id, "body_hash": one.body_hash}
        for _, one in sorted(entries.items())
    ]
    statement = insert_into(session, EventLedger).on_conflict_do_nothing().returning(EventLedger.message_id)
    return set(session.scalars(statement, rows))


def _known(session: Session, message_ids: Iterable[str]) -> dict[str, str]:
    wanted = list(message_ids)
    if not wanted:
        return {}
    query = select(EventLedger.message_id, EventLedger.body_hash).where(
        is_among(session, EventLedger.message_id, wanted)
    )
    return {row.message_id: row.body_hash for row in session.execute(query)}
