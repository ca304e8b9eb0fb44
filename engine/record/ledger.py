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
    """Positions among the entries: events to store, recorded before, and whose message id means another body."""

    new: Sequence[int]
    duplicates: Sequence[int]
    conflicts: Sequence[int]


def admit(session: Session, entries: Sequence[Entry]) -> Admission:
    """Enter what is new. Of two sessions with the same message id one waits, and then finds it entered."""
    first: dict[str, int] = {}
    for at, entry in enumerate(entries):
        first.setdefault(entry.message_id, at)
    entered = _enter(session, {message_id: entries[at] for message_id, at in first.items()})
    new = sorted(first[message_id] for message_id in entered)
    rest = set(range(len(entries))).difference(new)
    known = {message_id: entries[first[message_id]].body_hash for message_id in entered}
    known |= _known(session, {entries[at].message_id for at in rest} - entered)
    same = {at for at in rest if known[entries[at].message_id] == entries[at].body_hash}
    return Admission(new, sorted(same), sorted(rest - same))


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
