"""The events that one call recorded, with the customers whose locks are held."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.kinds import FoldEvent
from engine.record.corrections import Correction, subjects_told
from engine.record.event_kinds import CORRECTIONS, subject_of
from engine.record.locking import LockedCustomer
from engine.storage.models import Event, EventLedger
from engine.storage.upsert import is_among


@dataclass(frozen=True, slots=True)
class Arrivals:
    """New events by customer, each list in the order of folds; corrections are among them."""

    customers: Mapping[UUID, LockedCustomer]
    events: Mapping[UUID, Sequence[FoldEvent]]


@dataclass(frozen=True, slots=True)
class Corrected:
    """What corrections touched, whichever of the two came first: names of events by customer, and problems."""

    names: Mapping[UUID, frozenset[str]]
    subjects: frozenset[tuple[UUID, str]]


def subjects_of(arrivals: Arrivals) -> set[tuple[UUID, str]]:
    """The problems that the new events speak of."""
    return {
        (customer_id, subject)
        for customer_id, events in arrivals.events.items()
        for event in events
        if (subject := subject_of(event.name, event.properties))
    }


def find_corrected(session: Session, arrivals: Arrivals) -> Corrected:
    """The events that new corrections name, and the new events that were named before they came."""
    corrections = _corrections(session, arrivals)
    names: dict[UUID, set[str]] = defaultdict(set)
    subjects: set[tuple[UUID, str]] = set()
    for (customer_id, _), (name, properties, those) in _targets(session, arrivals, corrections).items():
        names[customer_id].add(name)
        subjects |= {(customer_id, subject) for subject in subjects_told(name, properties, those)}
    return Corrected({customer_id: frozenset(those) for customer_id, those in names.items()}, frozenset(subjects))


Target = tuple[UUID, str]  # customer, message id: a correction reaches only the events of its own customer
Corrections = Mapping[Target, Sequence[Correction]]


def _corrections(session: Session, arrivals: Arrivals) -> Corrections:
    ids = set()
    for events in arrivals.events.values():
        for event in events:
            ids.add(event.properties["message_id"] if event.name in CORRECTIONS else event.message_id)
    rows = session.execute(
        select(
            Event.customer_id, Event.corrects, Event.message_id, Event.name, Event.occurred_at, Event.properties
        ).where(is_among(session, Event.corrects, ids))
    )
    found: dict[Target, list[Correction]] = defaultdict(list)
    for customer_id, corrects, message_id, name, occurred_at, properties in rows:
        target = str(corrects)
        found[customer_id, target].append(Correction(target, message_id, name, occurred_at, properties))
    return found


def _targets(
    session: Session, arrivals: Arrivals, corrections: Corrections
) -> dict[Target, tuple[str, Mapping[str, object], Sequence[Correction]]]:
    if not corrections:
        return {}
    rows = session.execute(
        select(Event.customer_id, Event.message_id, Event.name, Event.properties)
        .join(EventLedger, EventLedger.event_id == Event.id)
        .where(
            is_among(session, EventLedger.message_id, {message_id for _, message_id in corrections}),
            Event.corrects.is_(None),
        )
    )
    return {
        (customer_id, message_id): (name, properties, corrections[customer_id, message_id])
        for customer_id, message_id, name, properties in rows
        if customer_id in arrivals.customers and (customer_id, message_id) in corrections
    }
