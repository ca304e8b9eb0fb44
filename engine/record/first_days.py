"""The local days of customers' first events, kept as dates of theirs, so that the calendar finds the anniversaries."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.record.arrivals import Arrivals
from engine.record.folding import histories
from engine.record.total_rows import founded
from engine.storage.bulk import insert_each, update_each
from engine.storage.models import CustomerDate

SOURCE = "events"
Key = tuple[UUID, str]  # customer, name of the event


@dataclass(frozen=True, slots=True)
class StoredDays:
    """The first days of the customers concerned before the new events, and who has events but lacks such a day."""

    days: Mapping[Key, date]
    founded: frozenset[UUID] = frozenset()


def date_name(event_name: str) -> str:
    """The name of the date, as triggers refer to it."""
    return f"first:{event_name}"


def first_events(triggers: Iterable[ActiveTrigger]) -> frozenset[str]:
    """The names of events whose first one some trigger counts from."""
    names = (trigger.kind.first_event(trigger.params) for trigger in triggers if trigger.kind.shape == "dates")
    return frozenset(name for name in names if name)


def load_days(session: Session, names: Collection[str], arrivals: Arrivals) -> StoredDays:
    """Read before the new events are stored: afterwards everybody has events."""
    earliest = _earliest(arrivals, names)
    if not earliest:
        return StoredDays({})
    days = _stored(session, {customer_id for customer_id, _ in earliest}, names)
    return StoredDays(days, founded(session, {key[0] for key in earliest if key not in days}))


def fold_days(
    session: Session,
    names: Collection[str],
    stored: StoredDays,
    arrivals: Arrivals,
    corrected: Mapping[UUID, frozenset[str]],
) -> None:
    """Take over earlier days; work out anew those whose events were corrected, or were never looked at."""
    wanted: dict[Key, date | None] = {}
    again = {customer_id for customer_id, those in corrected.items() if not those.isdisjoint(names)}
    for key, day in _earliest(arrivals, names).items():
        known = stored.days.get(key)
        if known is None and key[0] in stored.founded:
            again.add(key[0])
        elif known is None or day < known:
            wanted[key] = day
    _store(session, stored.days, {key: day for key, day in wanted.items() if key[0] not in again})
    refold_days(session, names, again)


def refold_days(session: Session, names: Collection[str], customer_ids: Collection[UUID]) -> None:
    """Work out the first days of these customers, at most a thousand a call, from all their events."""
    stored = _stored(session, customer_ids, names)
    _store(session, stored, _from_all_events(session, names, customer_ids))


def _earliest(arrivals: Arrivals, names: Collection[str]) -> dict[Key, date]:
    earliest: dict[Key, date] = {}
    if not names:
        return earliest
    for customer_id, events in arrivals.events.items():
        for event in events:
            if event.name in names:
                key = (customer_id, event.name)
                earliest[key] = min(earliest.get(key, event.occurred_on), event.occurred_on)
    return earliest


def _from_all_events(
    session: Session, names: Collection[str], customer_ids: Collection[UUID]
) -> dict[Key, date | None]:
    days: dict[Key, date | None] = {(customer_id, name): None for customer_id in customer_ids for name in names}
    if days:
        for customer_id, events in histories(session, customer_ids, names):
            for event in events:
                known = days[customer_id, event.name]
                days[customer_id, event.name] = min(known or event.occurred_on, event.occurred_on)
    return days


def _stored(session: Session, customer_ids: Collection[UUID], names: Collection[str]) -> dict[Key, date]:
    if not customer_ids or not names:
        return {}
    columns = (
        CustomerDate.customer_id,
        CustomerDate.event_name,
        CustomerDate.year,
        CustomerDate.month,
        CustomerDate.day,
    )
    rows = session.execute(
        select(*columns).where(
            CustomerDate.customer_id.in_(customer_ids), CustomerDate.name.in_([date_name(name) for name in names])
        )
    )
    return {(customer_id, str(name)): date(year or 1, month, day) for customer_id, name, year, month, day in rows}


def _store(session: Session, stored: Mapping[Key, date], wanted: Mapping[Key, date | None]) -> None:
    changed = {key: day for key, day in wanted.items() if day != stored.get(key)}
    new = [_row(key, day) for key, day in changed.items() if day and key not in stored]
    insert_each(session, CustomerDate, new)
    moved = [_row(key, day) for key, day in changed.items() if day and key in stored]
    update_each(session, CustomerDate, moved, by=("customer_id", "name"))
    for customer_id, name in [key for key, day in changed.items() if day is None]:
        which = (CustomerDate.customer_id == customer_id, CustomerDate.name == date_name(name))
        session.execute(delete(CustomerDate).where(*which), execution_options={"synchronize_session": False})


def _row(key: Key, day: date) -> dict[str, Any]:
    return {
        "customer_id": key[0],
        "name": date_name(key[1]),
        "year": day.year,
        "month": day.month,
        "day": day.day,
        "month_day": day.month * 100 + day.day,
        "source": SOURCE,
        "event_name": key[1],
        "placeholder": None,
    }
