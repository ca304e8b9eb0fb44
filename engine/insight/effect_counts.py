"""The daily counts behind the effect, kept by a worker once a day: on a page there is no time for a million customers.

What is kept is what counting directly answers, as of its day. Where nothing fitting is kept - a small shop before the
first round, an outcome that was just changed - the page counts directly.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import structlog
from sqlalchemy.orm import Session

from engine.insight.bounded import TakesTooLong, bounded
from engine.insight.effect import Apart, Compared, Day, Effect, Group, apart, compared, count_days, effect_of
from engine.insight.outcomes import outcomes
from engine.storage.models import EffectCount, Outcome
from engine.storage.session import Database

# An older count is not shown: better to wait than to read of last month.
OLDEST = timedelta(days=7)
# How long the worker may count one trigger and outcome.
SECONDS = 180.0
_PARTS = 10_000
log = structlog.get_logger()


def days_of(session: Session, one: Compared, outcome: Outcome, *, today: date) -> tuple[Sequence[Day], date]:
    """The days to read from, and the day on which they were counted."""
    kept = session.get(EffectCount, (one.trigger_id, outcome.id))
    if kept is not None and _fits(kept, one, outcome) and today - OLDEST <= kept.counted_on <= today:
        return _read(kept.days), kept.counted_on
    return count_days(session, one.trigger_id, outcome, one.versions, one.share, today=today), today


def effects(session: Session, *, today: date, trigger: str | None = None) -> tuple[list[Effect], list[Apart]]:
    """Of every trigger (or the one), each outcome that is looked for; and the triggers that have no control group."""
    found = []
    wanted = outcomes(session)
    for one in compared(session, trigger):
        for outcome in wanted:
            days, counted_on = days_of(session, one, outcome, today=today)
            found.append(effect_of(one, outcome, days, counted_on=counted_on))
    return found, apart(session, trigger)


def keep_counts(db: Database, *, today: date, enough: Callable[[], bool]) -> int:
    """Count what has not been counted today, each in a transaction of its own; how many."""
    with db.reading() as session:
        due = [
            (one, outcome)
            for one in compared(session)
            for outcome in outcomes(session)
            if _is_due(session.get(EffectCount, (one.trigger_id, outcome.id)), one, outcome, today)
        ]
        session.expunge_all()  # they are read on after this session
    done = 0
    for one, outcome in due:
        if enough():
            break
        try:
            with db.reading() as session, bounded(session, seconds=SECONDS):
                days = count_days(session, one.trigger_id, outcome, one.versions, one.share, today=today)
        except TakesTooLong:
            log.warning("effect_takes_too_long", trigger=one.name, outcome=outcome.name)
            continue
        with db.writing() as session:
            _keep(session, one, outcome, days, today)
        done += 1
    return done


def _keep(session: Session, one: Compared, outcome: Outcome, days: Sequence[Day], today: date) -> None:
    session.merge(
        EffectCount(
            trigger_id=one.trigger_id,
            outcome_id=outcome.id,
            outcome_version=outcome.version,
            share=round(one.share * _PARTS),
            counted_on=today,
            days=[_written(day) for day in days],
        )
    )


def _is_due(kept: EffectCount | None, one: Compared, outcome: Outcome, today: date) -> bool:
    return kept is None or kept.counted_on != today or not _fits(kept, one, outcome)


def _fits(kept: EffectCount, one: Compared, outcome: Outcome) -> bool:
    return kept.outcome_version == outcome.version and kept.share == round(one.share * _PARTS)


def _written(day: Day) -> list[str | int]:
    treated, control = day.treated, day.control
    return [day.on.isoformat(), treated.customers, treated.happened, control.customers, control.happened]


def _read(days: Sequence[Sequence[str | int]]) -> list[Day]:
    return [Day(date.fromisoformat(str(on)), Group(int(a), int(b)), Group(int(c), int(d))) for on, a, b, c, d in days]
