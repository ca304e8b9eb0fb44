"""The running totals of customers, a cache of folds: newer events add to it, anything else folds it again.

The caller holds the locks of the customers. What comes back is what stands by the totals; `engine/spot/standing.py`
brings the moments in line with it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from engine.kinds import FoldEvent, TotalState
from engine.record.arrivals import Arrivals
from engine.record.corrections import position
from engine.record.folding import histories
from engine.record.running import Folded, Running, Watch, fold
from engine.spot.standing import Standing
from engine.storage.bulk import insert_each, update_each
from engine.storage.models import Customer, Event, Total
from engine.storage.upsert import is_among, table_of

NO_NAMES: frozenset[str] = frozenset()
NO_TOTALS: Mapping[str, Running] = {}


@dataclass(frozen=True, slots=True)
class StoredTotals:
    """The totals of the customers concerned by metric, as they were before the new events were stored.

    `founded` are customers without some total who have events: theirs is folded from all events, whatever the reason
    that it is missing. So a lost cache heals itself.
    """

    running: Mapping[UUID, Mapping[str, Running]]
    founded: frozenset[UUID] = frozenset()


@dataclass(slots=True)
class _Work:
    """What folding found, by customer; `again` is what has to be folded from all events."""

    totals: dict[UUID, dict[str, Running | None]] = field(default_factory=lambda: defaultdict(dict))
    standing: list[Standing] = field(default_factory=list)
    again: dict[UUID, list[Watch]] = field(default_factory=lambda: defaultdict(list))


def load_totals(session: Session, watched: Sequence[Watch], arrivals: Arrivals) -> StoredTotals:
    """Read before the new events are stored: afterwards everybody has events."""
    running = _stored(session, arrivals.events.keys(), watched)
    keys: dict[str, set[str]] = defaultdict(set)
    for watch in watched:
        for name in watch.metric.events:
            keys[name].add(watch.metric.key)
    lacking = {
        customer_id
        for customer_id, events in arrivals.events.items()
        if any(not keys[event.name] <= running.get(customer_id, NO_TOTALS).keys() for event in events)
    }
    return StoredTotals(running, founded(session, lacking))


def founded(session: Session, customer_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the customers who have any event."""
    if not customer_ids:
        return frozenset()
    has_events = exists().where(Event.customer_id == Customer.id)
    return frozenset(
        session.scalars(select(Customer.id).where(is_among(session, Customer.id, customer_ids), has_events))
    )


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
        running = stored.running.get(customer_id, NO_TOTALS)
        is_founded, names = customer_id in stored.founded, corrected.get(customer_id, NO_NAMES)
        for watch in watched:
            fresh = [event for event in events if event.name in watch.metric.events]
            start = running.get(watch.metric.key)
            if names and not names.isdisjoint(watch.metric.events):
                work.again[customer_id].append(watch)
            elif not fresh:
                continue
            elif is_founded if start is None else position(fresh[0]) <= start.position:
                work.again[customer_id].append(watch)
            else:
                _add(work, watch, customer_id, fresh, start)
    _fold_again(session, work)
    _store(session, stored.running, work.totals)
    _forget_unwatched(session, watched, arrivals.customers.keys())
    return work.standing


def refold(session: Session, watched: Sequence[Watch], customer_ids: Collection[UUID]) -> list[Standing]:
    """Fold all events of these customers, at most a thousand a call, as if no total had been kept."""
    work = _Work()
    for customer_id in customer_ids:
        work.again[customer_id] = list(watched)
    _fold_again(session, work)
    _store(session, _stored(session, customer_ids, watched), work.totals)
    return work.standing


def _add(work: _Work, watch: Watch, customer_id: UUID, fresh: Sequence[FoldEvent], start: Running | None) -> None:
    folded = fold(watch, fresh, start)
    if folded.undid:  # rare, and only all events say what else stands
        work.again[customer_id].append(watch)
        return
    work.totals[customer_id][watch.metric.key] = folded.running
    if folded.standing:
        work.standing += _standing(watch, customer_id, folded, complete=False)


def _fold_again(session: Session, work: _Work) -> None:
    names = {name for those in work.again.values() for watch in those for name in watch.metric.events}
    for customer_id, events in _all_histories(session, work.again.keys(), names):
        for watch in work.again[customer_id]:
            folded = fold(watch, [event for event in events if event.name in watch.metric.events])
            work.totals[customer_id][watch.metric.key] = folded.running
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


def _forget_unwatched(session: Session, watched: Sequence[Watch], customer_ids: Collection[UUID]) -> None:
    """A total that misses an event must not be added to: it goes, and is folded from all events when it is asked for.

    So it is after a trigger was retired, and while a long import does not know yet of one that was just switched on.
    """
    unwatched = Total.metric.not_in([watch.metric.key for watch in watched])
    query = delete(Total).where(is_among(session, Total.customer_id, customer_ids), unwatched)
    session.execute(query, execution_options={"synchronize_session": False})


def _stored(
    session: Session, customer_ids: Collection[UUID], watched: Iterable[Watch]
) -> dict[UUID, dict[str, Running]]:
    keys = [watch.metric.key for watch in watched]
    found: dict[UUID, dict[str, Running]] = defaultdict(dict)
    if not keys or not customer_ids:
        return found
    table = table_of(Total).c
    rows = session.execute(
        select(table.customer_id, table.metric, table.value, table.detail, table.last_at, table.last_message_id).where(
            is_among(session, table.customer_id, customer_ids), table.metric.in_(keys)
        )
    )
    for customer_id, metric, value, detail, last_at, last_message_id in rows:
        found[customer_id][metric] = Running(TotalState(value, detail), last_at, last_message_id)
    return found


def _store(
    session: Session,
    stored: Mapping[UUID, Mapping[str, Running]],
    totals: Mapping[UUID, Mapping[str, Running | None]],
) -> None:
    new, changed, gone = [], [], []
    for customer_id, those in totals.items():
        known = stored.get(customer_id, NO_TOTALS)
        for metric, running in those.items():
            if running is None:
                gone += [(customer_id, metric)] if metric in known else []
            elif metric not in known:
                new.append(_row(customer_id, metric, running))
            else:
                changed.append(_row(customer_id, metric, running))
    insert_each(session, Total, new)
    update_each(session, Total, changed, by=("customer_id", "metric"))
    for customer_id, metric in gone:
        which = (Total.customer_id == customer_id, Total.metric == metric)
        session.execute(delete(Total).where(*which), execution_options={"synchronize_session": False})


def _row(customer_id: UUID, metric: str, running: Running) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "metric": metric,
        "value": running.total.value,
        "detail": running.total.detail,
        "last_at": running.at,
        "last_message_id": running.message_id,
    }
