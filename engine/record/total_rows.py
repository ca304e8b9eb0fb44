"""The running totals of customers, a cache of folds: newer events add to it, anything else folds it again.

The caller holds the locks of the customers. What comes back is what stands by the totals; `engine/spot/standing.py`
brings the moments in line with it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.orm import Session

from engine.kinds import FoldEvent, TotalState
from engine.record.arrivals import Arrivals
from engine.record.corrections import position
from engine.record.folding import histories
from engine.record.running import Folded, Running, Watch, fold
from engine.spot.standing import Standing
from engine.storage.models import Customer, Event, Total
from engine.storage.upsert import table_of, update_each

Key = tuple[UUID, str]  # customer, metric
NO_NAMES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StoredTotals:
    """The totals of the customers concerned, as they were before the new events were stored.

    `founded` are customers without some total who have events: theirs is folded from all events, whatever the reason
    that it is missing. So a lost cache heals itself.
    """

    running: Mapping[Key, Running]
    founded: frozenset[UUID] = frozenset()


@dataclass(slots=True)
class _Work:
    totals: dict[Key, Running | None] = field(default_factory=dict)
    standing: list[Standing] = field(default_factory=list)
    again: dict[UUID, list[Watch]] = field(default_factory=lambda: defaultdict(list))


def load_totals(session: Session, watched: Sequence[Watch], arrivals: Arrivals) -> StoredTotals:
    """Read before the new events are stored: afterwards everybody has events."""
    running = _stored(session, arrivals.events.keys(), watched)
    fed = {watch.metric.key: watch.metric.events for watch in watched}
    lacking = {
        customer_id
        for customer_id, events in arrivals.events.items()
        for key, names in fed.items()
        if (customer_id, key) not in running and any(event.name in names for event in events)
    }
    return StoredTotals(running, founded(session, lacking))


def founded(session: Session, customer_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the customers who have any event."""
    if not customer_ids:
        return frozenset()
    has_events = exists().where(Event.customer_id == Customer.id)
    return frozenset(session.scalars(select(Customer.id).where(Customer.id.in_(customer_ids), has_events)))


def fold_new(
    session: Session,
    watched: Sequence[Watch],
    stored: StoredTotals,
    arrivals: Arrivals,
    corrected: Mapping[UUID, frozenset[str]],
) -> list[Standing]:
    """Add the new events to the totals where they are the newest; fold the others again from all events."""
    work = _Work()
    for customer_id, events in arrivals.events.items():
        names = corrected.get(customer_id, NO_NAMES)
        for watch in watched:
            _fold_new(work, watch, stored, customer_id, events, names)
    _fold_again(session, work)
    _store(session, stored.running, work.totals)
    return work.standing


def refold(session: Session, watched: Sequence[Watch], customer_ids: Collection[UUID]) -> list[Standing]:
    """Fold all events of these customers, at most a thousand a call, as if no total had been kept."""
    work = _Work()
    for customer_id in customer_ids:
        work.again[customer_id] = list(watched)
    _fold_again(session, work)
    _store(session, _stored(session, customer_ids, watched), work.totals)
    return work.standing


def _fold_new(
    work: _Work,
    watch: Watch,
    stored: StoredTotals,
    customer_id: UUID,
    events: Sequence[FoldEvent],
    corrected: frozenset[str],
) -> None:
    feeding = watch.metric.events
    fresh = [event for event in events if event.name in feeding]
    if not fresh and feeding.isdisjoint(corrected):
        return
    key = (customer_id, watch.metric.key)
    running = stored.running.get(key)
    late = position(fresh[0]) <= running.position if running and fresh else customer_id in stored.founded
    if late or not feeding.isdisjoint(corrected):
        work.again[customer_id].append(watch)
        return
    folded = fold(watch, fresh, running)
    if folded.undid:  # rare, and only all events say what else stands
        work.again[customer_id].append(watch)
        return
    work.totals[key] = folded.running
    if folded.standing:
        work.standing += _standing(watch, customer_id, folded, complete=False)


def _fold_again(session: Session, work: _Work) -> None:
    names = {name for those in work.again.values() for watch in those for name in watch.metric.events}
    for customer_id, events in _all_histories(session, work.again.keys(), names):
        for watch in work.again[customer_id]:
            folded = fold(watch, [event for event in events if event.name in watch.metric.events])
            work.totals[customer_id, watch.metric.key] = folded.running
            work.standing += _standing(watch, customer_id, folded, complete=True)


def _all_histories(
    session: Session, customer_ids: Collection[UUID], names: Collection[str]
) -> Iterator[tuple[UUID, list[FoldEvent]]]:
    """Also of those customers of whom nothing is left."""
    if not customer_ids or not names:
        return
    left = set(customer_ids)
    for customer_id, events in histories(session, customer_ids, names):
        left.discard(customer_id)
        yield customer_id, events
    for customer_id in left:
        yield customer_id, []


def _standing(watch: Watch, customer_id: UUID, folded: Folded, *, complete: bool) -> Iterator[Standing]:
    for trigger, _ in watch.triggers:
        occurrences = folded.standing.get(trigger.id, {})
        if occurrences or complete:
            yield Standing(customer_id, trigger, occurrences, complete)


def _stored(session: Session, customer_ids: Collection[UUID], watched: Iterable[Watch]) -> dict[Key, Running]:
    keys = [watch.metric.key for watch in watched]
    if not keys or not customer_ids:
        return {}
    rows = session.execute(
        select(Total.customer_id, Total.metric, Total.value, Total.detail, Total.last_at, Total.last_message_id).where(
            Total.customer_id.in_(customer_ids), Total.metric.in_(keys)
        )
    )
    return {
        (customer_id, metric): Running(TotalState(value, detail), last_at, last_message_id)
        for customer_id, metric, value, detail, last_at, last_message_id in rows
    }


def _store(session: Session, stored: Mapping[Key, Running], totals: Mapping[Key, Running | None]) -> None:
    changed = {key: running for key, running in totals.items() if running != stored.get(key)}
    new = [_row(key, running) for key, running in changed.items() if running and key not in stored]
    if new:
        session.execute(insert(table_of(Total)), new)
    moved = [_row(key, running) for key, running in changed.items() if running and key in stored]
    update_each(session, Total, moved, by=("customer_id", "metric"))
    for customer_id, metric in [key for key, running in changed.items() if running is None]:
        which = (Total.customer_id == customer_id, Total.metric == metric)
        session.execute(delete(Total).where(*which), execution_options={"synchronize_session": False})


def _row(key: Key, running: Running) -> dict[str, Any]:
    return {
        "customer_id": key[0],
        "metric": key[1],
        "value": running.total.value,
        "detail": running.total.detail,
        "last_at": running.at,
        "last_message_id": running.message_id,
    }
