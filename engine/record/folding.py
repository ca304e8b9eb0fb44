"""Reads the events of customers as folds see them: corrections applied, in the order of (occurred_at, message_id)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.kinds import FoldEvent
from engine.record.corrections import Correction, corrected, position, winners
from engine.record.event_kinds import CORRECTIONS
from engine.storage.models import Customer, Event
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_given
from engine.storage.words import in_words

_ROWS_AT_ONCE = 1_000
_FEW = 50
_CORRECTIONS = in_words(
    select(
        Event.customer_id,
        Customer.zone,
        Event.corrects,
        Event.message_id,
        Event.name,
        Event.occurred_at,
        Event.properties,
    )
    .join(Customer, Customer.id == Event.customer_id)
    .where(is_given(Event.customer_id), Event.name.in_(sorted(CORRECTIONS)))
)


def effective_events(
    session: Session, customer_ids: Collection[UUID], names: Collection[str] | None = None
) -> Iterator[tuple[UUID, FoldEvent]]:
    """(customer id, event), customer by customer; without `names` every event that is not itself a correction."""
    for customer_id, events in histories(session, customer_ids, names):
        for event in events:
            yield customer_id, event


def histories(
    session: Session, customer_ids: Collection[UUID], names: Collection[str] | None = None
) -> Iterator[tuple[UUID, list[FoldEvent]]]:
    """The effective events of each customer who has recorded any of these names, at most a thousand customers a call.

    Sorted here and not in SQL: databases differ in how they order texts, and the position in a total is compared here.
    """
    corrections = _corrections(session, customer_ids)
    query = _events_named(None if names is None else frozenset(names))
    # A cursor of the server takes three journeys, and few customers have few events.
    options = {} if len(customer_ids) <= _FEW else {"yield_per": _ROWS_AT_ONCE}
    rows = past_the_orm(session).execute(query, given(customer_ids), execution_options=options)
    for customer_id, group in groupby(rows, key=itemgetter(0)):
        zone, in_force = corrections.get(customer_id, ("UTC", {}))
        events = (FoldEvent(*row[1:]) for row in group)
        yield customer_id, _in_order(events, in_force, zone)


@lru_cache(maxsize=256)
def _events_named(names: frozenset[str] | None) -> Select[*tuple[Any, ...]]:
    columns = (Event.customer_id, Event.message_id, Event.name, Event.occurred_at, Event.occurred_on, Event.properties)
    query = select(*columns).where(is_given(Event.customer_id), Event.corrects.is_(None))
    if names is not None:
        query = query.where(Event.name.in_(sorted(names)))
    return query.order_by(Event.customer_id)


def _in_order(events: Iterable[FoldEvent], in_force: Mapping[str, Correction], zone: str) -> list[FoldEvent]:
    if in_force:
        understood = (corrected(event, in_force.get(event.message_id), zone) for event in events)
        events = (event for event in understood if event is not None)
    return sorted(events, key=position)


def _corrections(session: Session, customer_ids: Collection[UUID]) -> dict[UUID, tuple[str, Mapping[str, Correction]]]:
    """The zone of each customer with corrections, and the correction in force for each corrected message id."""
    rows = past_the_orm(session).execute(_CORRECTIONS, given(customer_ids))
    found: dict[UUID, list[Correction]] = defaultdict(list)
    zones: dict[UUID, str] = {}
    for customer_id, zone, corrects, message_id, name, occurred_at, properties in rows:
        zones[customer_id] = zone
        found[customer_id].append(Correction(str(corrects), message_id, name, occurred_at, properties))
    return {customer_id: (zones[customer_id], winners(those)) for customer_id, those in found.items()}
