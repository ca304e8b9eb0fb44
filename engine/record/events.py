"""The one way in for events: up to a thousand rows in one pass of set statements, idempotent by message id.

In the same transaction follow the totals, the problems, the days of first events, and the moments these make or undo.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.dates.zones import local_date
from engine.definitions.store import ActiveTrigger
from engine.ids import new_id
from engine.kinds import FoldEvent
from engine.record.arrivals import Arrivals
from engine.record.attention import look_again
from engine.record.checking import MOST_AHEAD, CheckedEvent, EventRow, check_event
from engine.record.consequences import fold_arrivals, prepare
from engine.record.corrections import position
from engine.record.customer_state import erased_among
from engine.record.event_kinds import subject_of
from engine.record.ledger import Entry, admit
from engine.record.locking import LockedCustomer, lock_by_external_id
from engine.record.rejection import Rejection, RowRefused
from engine.storage.bulk import insert_each, uncollected
from engine.storage.models import Event, RejectedEvent
from engine.storage.upsert import insert_into

MOST_ROWS = 1_000
CONFLICT = "another event was recorded under this message id before"

__all__ = ["MOST_ROWS", "EventRow", "Recorded", "record_events"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many events were new, how many had been recorded before, and which rows were refused."""

    recorded: int
    duplicates: int
    rejected: Sequence[Rejection]


def record_events(
    session: Session, rows: Sequence[EventRow], *, triggers: Sequence[ActiveTrigger], now: datetime, source: str
) -> Recorded:
    """Record what is new and let everything follow from it. `triggers` must include the paused ones.

    A row that is refused is kept with its reason; the others of the same call are recorded.
    """
    if len(rows) > MOST_ROWS:
        raise ValueError(f"{len(rows)} rows at once, at most {MOST_ROWS} are recorded in one transaction")
    with uncollected():
        return _record_rows(session, rows, triggers=triggers, now=now, source=source)


def _record_rows(
    session: Session, rows: Sequence[EventRow], *, triggers: Sequence[ActiveTrigger], now: datetime, source: str
) -> Recorded:
    checked, rejected = _check(rows, now)
    customers = lock_by_external_id(session, {one.row.customer for one in checked})
    refused = {_whose(rows[one.index]) for one in rejected}
    gone = erased_among(session, ({one.row.customer for one in checked} | refused) - customers.keys())
    gone |= {name for name, customer in customers.items() if customer.erased}
    known = []
    for one in checked:
        if reason := _not_wanted(one.row.customer, customers, gone):
            rejected.append(Rejection(one.index, "customer", reason))
        else:
            known.append(one)

    entries = [Entry(one.row.message_id, new_id(), one.body_hash) for one in known]
    admission = admit(session, entries)
    rejected += [Rejection(known[at].index, "message_id", CONFLICT) for at in admission.conflicts]
    # Keeping a row of who was erased would bring them back, for whatever reason it was refused.
    kept = [one for one in rejected if _whose(rows[one.index]) not in gone]
    _keep_rejected(session, rows, kept, now=now, source=source)

    new = [(entries[at].event_id, known[at]) for at in admission.new]
    if new:
        _record(session, new, customers, triggers=triggers, now=now, source=source)
    rejected.sort(key=lambda one: one.index)
    return Recorded(len(new), len(admission.duplicates), rejected)


def _check(rows: Sequence[EventRow], now: datetime) -> tuple[list[CheckedEvent], list[Rejection]]:
    checked, rejected = [], []
    latest = now + MOST_AHEAD
    for index, row in enumerate(rows):
        try:
            checked.append(check_event(index, row, latest))
        except RowRefused as refusal:
            rejected.append(Rejection(index, refusal.column, refusal.reason))
    return checked, rejected


def _not_wanted(customer: str, known: Collection[str], gone: Collection[str]) -> str | None:
    if customer in gone:
        return "this customer was erased and stays so"
    return None if customer in known else f"there is no customer {customer!r}"


def _whose(row: EventRow) -> str:
    """The customer that a row means, which may have been refused for spaces around their id: erasing must find it."""
    return _spelled(row.customer.strip() if isinstance(row.customer, str) else row.customer)


def _record(
    session: Session,
    new: Sequence[tuple[UUID, CheckedEvent]],
    customers: Mapping[str, LockedCustomer],
    *,
    triggers: Sequence[ActiveTrigger],
    now: datetime,
    source: str,
) -> None:
    arrived: dict[UUID, list[FoldEvent]] = defaultdict(list)
    stored = []
    for event_id, one in new:
        customer, row = customers[one.row.customer], one.row
        event = FoldEvent(
            row.message_id, row.name, one.occurred_at, local_date(one.occurred_at, customer.zone), row.properties
        )
        arrived[customer.id].append(event)
        stored.append(_values(event_id, customer.id, event, one, now, source))
    for events in arrived.values():
        events.sort(key=position)
    arrivals = Arrivals({one.id: one for one in customers.values() if one.id in arrived}, arrived)
    prepared = prepare(session, arrivals, triggers)
    insert_each(session, Event, stored)
    fold_arrivals(session, arrivals, prepared, now=now)
    look_again(session, arrived.keys(), now=now)


def _values(
    event_id: UUID, customer_id: UUID, event: FoldEvent, one: CheckedEvent, now: datetime, source: str
) -> dict[str, Any]:
    return {
        "id": event_id,
        "message_id": event.message_id,
        "customer_id": customer_id,
        "name": event.name,
        "occurred_at": event.occurred_at,
        "occurred_on": event.occurred_on,
        "recorded_at": now,
        "properties": event.properties,
        "subject": subject_of(event.name, event.properties),
        "corrects": one.corrects,
        "source": one.row.source or source,
    }


def _keep_rejected(
    session: Session, rows: Sequence[EventRow], rejected: Sequence[Rejection], *, now: datetime, source: str
) -> None:
    """What was refused before for the same reason is known by its content, and stands there once: a file that is
    imported again changes nothing."""
    kept = {}
    for one in rejected:
        row = rows[one.index]
        reason = f"{one.column}: {one.reason}" if one.column else one.reason
        said = {"message_id": _spelled(row.message_id)[:200], "reason": reason, "body": _readable(row)}
        key = UUID(bytes=blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=16).digest())
        kept[key] = {"id": key, **said, "source": source, "recorded_at": now}
    if kept:  # in one order everywhere, so that two sessions never wait for each other in a circle
        insert = insert_into(session, RejectedEvent).on_conflict_do_nothing()
        session.execute(insert, [kept[key] for key in sorted(kept)])


def _readable(row: EventRow) -> dict[str, str]:
    """The row as it came, in a spelling that can be stored whatever it holds."""
    fields = {"customer": _whose(row), "name": row.name, "occurred_at": row.occurred_at, "properties": row.properties}
    return {name: str(value) if isinstance(value, datetime) else _spelled(value) for name, value in fields.items()}


def _spelled(value: object) -> str:
    try:
        return (value if isinstance(value, str) and value.isprintable() else ascii(value))[:2_000]
    except (RecursionError, ValueError):
        return f"a {type(value).__name__} that cannot be written down"
