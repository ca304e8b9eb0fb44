"""Backtest and forecast, as marketing asks for them: which triggers, over which days, and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from engine.backtest.counting import count_clashes, count_triggers
from engine.backtest.coverage import cover
from engine.backtest.effort import reckon_effort
from engine.backtest.ensemble import Ensemble, ensemble
from engine.backtest.rehearsal import UNWATCHED, House, Span, Subjects, Watcher
from engine.backtest.results import Result, TriggerResult
from engine.backtest.samples import choose_samples
from engine.dates.zones import local_date
from engine.errors import InvalidInput
from engine.storage.models import Customer

# So long before its first day a run begins, so that on that day everything has been written ahead, and caps and clashes
# have something to count.
WARM_UP = timedelta(days=35)
# And so long after its last day it ends, so that it is known what became of most of what fell on it.
TAIL = timedelta(days=10)
LONGEST = 5 * 366
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks in the messages that are shown."""

    company: str
    team: str


def backtest(
    house: House,
    subjects: Subjects,
    first: date,
    last: date,
    *,
    today: date,
    voice: Voice,
    watcher: Watcher = UNWATCHED,
) -> Result:
    """What these triggers would have done from `first` to `last`, had they been switched on some weeks before.

    Raises InvalidInput for days that are not over yet, NotFound for a trigger that is not stored, and RunStopped.
    """
    check_backtest(first, last, today)
    with ensemble(house, subjects, Span(first - WARM_UP, min(last + TAIL, today)), watcher) as played:
        return sum_up(played, first, last, is_forecast=False, voice=voice)


def forecast(
    house: House, subjects: Subjects, days: int, *, now: datetime, voice: Voice, watcher: Watcher = UNWATCHED
) -> Result:
    """What will go in so many days from now, as far as it can be known: what customers will do is not guessed.

    Raises InvalidInput for a number of days out of reach, and what `backtest` raises.
    """
    check_forecast(days)
    today = local_date(now, house.team.zone)
    last = today + (days - 1) * _ONE_DAY
    with ensemble(house, subjects, Span(today, last + TAIL, present=now), watcher) as played:
        return sum_up(played, today, last, is_forecast=True, voice=voice)


def check_backtest(first: date, last: date, today: date) -> None:
    """Raises InvalidInput for days that are reversed, not over yet, or too many of them."""
    if first > last:
        raise InvalidInput(f"The first day, {first}, comes after the last, {last}.")
    if last >= today:
        raise InvalidInput(f"A backtest needs days that are over: {first} to {last} is not before {today}.")
    if (last - first).days >= LONGEST:
        raise InvalidInput(f"{(last - first).days + 1} days are too many for one run: five years at most.")


def check_forecast(days: int) -> None:
    """Raises InvalidInput for a number of days out of reach."""
    if not 1 <= days <= 366:
        raise InvalidInput(f"A forecast looks 1 to 366 days ahead, not {days}.")


def sum_up(played: Ensemble, first: date, last: date, *, is_forecast: bool, voice: Voice) -> Result:
    """What all parts of a run found on these days."""
    counted = count_triggers(played, first, last)
    customers = played.first.run.stored(Customer).c
    erased = customers.erased_at.is_not(None)
    stored = played.first.run.session
    return Result(
        first=first,
        last=last,
        is_forecast=is_forecast,
        triggers=_in_order(counted, played, subjects=True),
        others=_in_order(counted, played, subjects=False),
        clashes=tuple(count_clashes(played, first, last)),
        effort=reckon_effort(played, first, last),
        coverage=tuple(cover(played, first, last)),
        samples=tuple(choose_samples(played, first, last, company=voice.company, team=voice.team)),
        customers=stored.scalar(select(func.count()).select_from(customers.id.table).where(~erased)) or 0,
        day_by_day=played.looked_at(),
        erased=stored.scalar(select(func.count()).select_from(customers.id.table).where(erased)) or 0,
    )


def _in_order(counted: dict[UUID, TriggerResult], played: Ensemble, *, subjects: bool) -> tuple[TriggerResult, ...]:
    chosen = [result for one, result in counted.items() if (one in played.cast.subjects) == subjects]
    return tuple(sorted(chosen, key=lambda result: result.name))
