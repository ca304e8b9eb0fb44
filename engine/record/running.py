"""Folds one customer's events into one total, and says which occurrences stand after them. Pure.

The same function adds new events to a stored total and folds all of them from the beginning.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from engine.definitions.store import ActiveTrigger
from engine.kinds import NOTHING_CROSSED, FoldEvent, FoldKind, Metric, Occurrence, TotalState


@dataclass(frozen=True, slots=True)
class Watch:
    """One total, and the triggers that watch it."""

    metric: Metric
    triggers: Sequence[tuple[ActiveTrigger, FoldKind]]


class Running(NamedTuple):
    """A total, and the position of the last event in it."""

    total: TotalState
    at: datetime
    message_id: str

    @property
    def position(self) -> tuple[datetime, str]:
        """Comparable with the positions of events."""
        return self.at, self.message_id


class Folded(NamedTuple):
    """The total after the events, None where there were none, and what they reached by trigger and key.

    `undid`: they undid something that may have been reached before them, so only folding all events tells what stands.
    """

    running: Running | None
    standing: Mapping[UUID, Mapping[str, Occurrence]]
    undid: bool = False


def watches(triggers: Iterable[ActiveTrigger]) -> list[Watch]:
    """The totals that these triggers watch; triggers with equal metrics share one."""
    metrics: dict[str, Metric] = {}
    watching: dict[str, list[tuple[ActiveTrigger, FoldKind]]] = defaultdict(list)
    for trigger in triggers:
        if trigger.kind.shape == "fold":
            metric = trigger.kind.metric(trigger.params)
            metrics[metric.key] = metric
            watching[metric.key].append((trigger, trigger.kind))
    return [Watch(metric, watching[key]) for key, metric in metrics.items()]


def fold(watch: Watch, events: Sequence[FoldEvent], start: Running | None = None) -> Folded:
    """Fold events, in their order, that all feed the metric and are later than `start`."""
    if not events:
        return Folded(start, {})
    total = start.total if start else TotalState()
    standing: dict[UUID, dict[str, Occurrence]] = {}
    undid = False
    for event in events:
        after = watch.metric.step(total, event)
        if after is total:
            continue
        for trigger, kind in watch.triggers:
            crossing = kind.crossed(trigger.params, total, after, event)
            if crossing is NOTHING_CROSSED:
                continue
            keys = standing.setdefault(trigger.id, {})
            if crossing.undone:
                undid = True
                for key in [key for key in keys if key in crossing.undone]:
                    del keys[key]
            for occurrence in crossing.reached:
                keys[occurrence.key] = occurrence
        total = after
    return Folded(Running(total, events[-1].occurred_at, events[-1].message_id), standing, undid)
