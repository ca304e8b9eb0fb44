"""What follows from new events, in the same transaction: totals, first days, activity, problems, and moments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.record.activity import note_activity
from engine.record.arrivals import Arrivals, find_corrected, subjects_of
from engine.record.first_days import StoredDays, first_events, fold_days, load_days
from engine.record.problems import fold_problems
from engine.record.running import Watch, watches
from engine.record.total_rows import StoredTotals, fold_new, load_totals
from engine.spot.standing import settle


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was known about the customers before their new events were stored."""

    watched: Sequence[Watch]
    totals: StoredTotals
    first_events: frozenset[str]
    days: StoredDays


def prepare(session: Session, arrivals: Arrivals, triggers: Sequence[ActiveTrigger]) -> Prepared:
    """Read what folding will start from."""
    watched, names = watches(triggers), first_events(triggers)
    return Prepared(watched, load_totals(session, watched, arrivals), names, load_days(session, names, arrivals))


def fold_arrivals(session: Session, arrivals: Arrivals, prepared: Prepared, *, now: datetime) -> None:
    """Let everything follow from events that were just stored."""
    corrected = find_corrected(session, arrivals)
    standing = fold_new(session, prepared.watched, prepared.totals, arrivals, corrected.names)
    fold_days(session, prepared.first_events, prepared.days, arrivals, corrected.names)
    note_activity(session, arrivals, corrected.names.keys())
    fold_problems(session, subjects_of(arrivals) | corrected.subjects, now=now)
    settle(session, standing, arrivals.customers, now=now)
