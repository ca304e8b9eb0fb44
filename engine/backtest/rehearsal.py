"""A run from its first day to its last: opens the scratch, fills it, lives through the days, and leaves nothing behind.

Reports its progress after each piece, and ends there where it is asked to.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, insert, select
from sqlalchemy.exc import DBAPIError

from engine.backtest.at_once import TABLES, decide_at_once
from engine.backtest.cast import cast_triggers
from engine.backtest.days import Stage, instant_of, live_through, next_instant
from engine.backtest.earlier import ASIDE, decide_earlier, read_earlier, set_aside
from engine.backtest.facts import keep_staged
from engine.backtest.foreseen import FORESEEN, RESTLESS, is_searched, may_be_searched
from engine.backtest.outcomes import ELSEWHERE, OUTCOMES, SHOWN, STOPS, index_outcomes, note_players
from engine.backtest.parts import WHOLE, Part
from engine.backtest.past import fill_past
from engine.backtest.past_problems import fill_problems
from engine.backtest.past_tables import create_past, show_past
from engine.backtest.players import PLAYERS, cast_players
from engine.backtest.present import copy_present
from engine.backtest.recoveries import stage_recoveries
from engine.backtest.routing import EARLY, EVENTFUL, note_restless, route
from engine.backtest.scratch import WRITTEN, Scratch, scratch
from engine.backtest.staging import Looks, stage_dates, stage_folds
from engine.backtest.stints import EPISODES
from engine.backtest.stirrings import STIRRINGS, gather_stirrings
from engine.backtest.wishes import WISHED
from engine.calendar.day_rules import with_days
from engine.channel_terms import Offered
from engine.dates.team import TeamHours
from engine.dates.zones import local_date, zone_data_version
from engine.definitions.schema import TriggerDefinition
from engine.errors import JubileeError
from engine.kinds import KindTable
from engine.plan.times import ZONE_DATA
from engine.storage.base import Base
from engine.storage.bulk import uncollected
from engine.storage.models import (
    Consent,
    ContactPoint,
    Customer,
    CustomerDate,
    Installation,
    Moment,
    Pause,
    Preference,
    Problem,
)
from engine.storage.session import Database

# The tables that the days fill, and after which looks it is found out how much there is in them; each time all
# statements are planned anew.
_GROWING = ("moments", "messages", "message_moments", "holds")
_MEASURED = (1, 10, 60, 250)
# What the rules ask of customers, by name.
_RECORDS = (Customer, ContactPoint, Consent, Preference)
# Of those that decide at once.
_STEPS = 4
_AN_INSTANT = timedelta(microseconds=1)
Progress = Callable[[str, int, int], None]
Enough = Callable[[], bool]
Subjects = Sequence[TriggerDefinition | str]


class RunStopped(JubileeError):
    """The run was stopped before its end; nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class House:
    """What a run takes from the installation."""

    db: Database
    kinds: KindTable
    team: TeamHours
    offered: Offered


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told how far a run is, and may end it. `begun` is handed what interrupts the statement in hand of
    a connection, from another thread; who does that says at once that it is enough."""

    progress: Progress = lambda _what, _done, _all: None
    enough: Enough = lambda: False
    begun: Callable[[Callable[[], None]], None] = lambda _interrupt: None

    def tell(self, what: str, done: int, of: int) -> None:
        """Say that so much is done. Raises RunStopped where that is enough."""
        self.progress(what, done, of)
        if self.enough():
            raise RunStopped


UNWATCHED = Watcher()


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a run, both included. `present`: a forecast, which begins at this instant from what stands at it."""

    first: date
    last: date
    present: datetime | None = None

    def looks(self, team: TeamHours) -> list[datetime]:
        """The instants at which the run looks, and after them the one at which it is over."""
        looks = [self.present or instant_of(self.first, team)]
        while local_date(looks[-1], team.zone) <= self.last:
            looks.append(next_instant(looks[-1], team))
        return looks


@contextmanager
def rehearsal(
    house: House, subjects: Subjects, span: Span, watcher: Watcher = UNWATCHED, *, at_once: bool = True
) -> Iterator[Stage]:
    """The stage of a run that is played in one part, after the last day. Raises NotFound for a trigger that is
    not there, and RunStopped.

    Without `at_once` everybody is looked at day by day: the same, and slow.
    """
    with ended_where_enough(watcher), opened(house, subjects, span, watcher) as stage:
        if at_once:
            stage = replace(stage, searched=stage_everybody(stage, span, watcher))
            decide_plain_ones(stage, span, watcher)
        stage = play_days(stage, span, watcher, everybody=not at_once)
        note_players(stage.run)
        watcher.tell("counting", 0, 1)
        yield stage


@contextmanager
def opened(
    house: House,
    subjects: Subjects,
    span: Span,
    watcher: Watcher,
    part: Part = WHOLE,
    openings: dict[Any, Any] | None = None,
) -> Iterator[Stage]:
    """The run's tables, and its triggers in them; the customers are still the stored ones, or those of this part.
    `openings`: see `Stage`."""
    with scratch(house.db, part) as run:
        watcher.begun(run.interrupt)
        run.create([PLAYERS, STIRRINGS, EVENTFUL, EARLY, ASIDE, RESTLESS, FORESEEN, WISHED, EPISODES, ELSEWHERE])
        run.create([OUTCOMES, STOPS, SHOWN, *TABLES])
        create_past(run)
        for model in WRITTEN:
            run.shadow(model, bare=model is Moment)
        run.session.execute(insert(Installation), [{"name": ZONE_DATA, "value": zone_data_version()}])
        first_look = span.looks(house.team)[0]
        cast = cast_triggers(run, house.kinds, subjects, active_from=first_look, anew=span.present is None)
        offered = with_days(run.session, replace(house.offered, spread_minutes=0))
        yield Stage(run, cast, house.team, offered, openings={} if openings is None else openings)


def stage_everybody(stage: Stage, span: Span, watcher: Watcher) -> bool:
    """Stage the moments of everybody; whether there is anybody for whom the looks would have to search themselves.

    Dates are the work of the database, what events made is for a large part Python's. So every other part begins with
    the other of the two: what one has to do then does not wait for what the next one does.
    """
    looks = _looks(stage, span)
    steps = (lambda: _stage_dates(stage, looks), lambda: _stage_what_happened(stage, looks))
    _in_steps(watcher, 0, *(reversed(steps) if _is_odd(stage) else steps))
    note_restless(stage, looks)
    return may_be_searched(stage.run, stage.cast.triggers)


def decide_plain_ones(stage: Stage, span: Span, watcher: Watcher) -> None:
    """Decide what can be decided at once; the others are left to the days."""
    looks, forecast_on = _looks(stage, span), span.first if span.present else None
    _in_steps(
        watcher, 2, lambda: route(stage, looks, forecast_on=forecast_on), lambda: _decide(stage, looks)
    )  # fmt: skip
    watcher.tell("everybody", _STEPS, _STEPS)


def play_days(
    stage: Stage, span: Span, watcher: Watcher, *, everybody: bool = False, which: range | None = None
) -> Stage:
    """Live through the days, or those looks `which` are wanted, with those who are eventful, or with `everybody`; the
    stage as it was then."""
    run, looks = stage.run, span.looks(stage.team)
    numbers = range(len(looks) - 1) if which is None else which
    _set(stage, span, looks, everybody=everybody)
    is_foreseen = not everybody and span.present is None
    paused = run.session.scalar(select(exists(select(Pause.id))))
    stage = replace(
        stage,
        searched=not is_foreseen or is_searched(run, stage.cast.triggers),
        offered=replace(stage.offered, unpaused=not paused),
    )
    watcher.tell("days", 0, len(numbers))
    begins = looks[0] if span.present else looks[0] - _AN_INSTANT
    for played, number in enumerate(numbers):
        now, until = looks[number : number + 2]
        before = looks[number - 1] if number else begins
        with uncollected():
            live_through(stage, before=before, now=now, until=until, is_first=played == 0)
        if played in _MEASURED:
            run.measure(*_GROWING)
        watcher.tell("days", played + 1, len(numbers))
    return stage


@contextmanager
def ended_where_enough(watcher: Watcher) -> Iterator[None]:
    """A statement that was interrupted because it was enough is no error."""
    try:
        yield
    except DBAPIError as error:
        if watcher.enough():
            raise RunStopped from error
        raise


def _in_steps(watcher: Watcher, begun: int, *steps: Callable[[], None]) -> None:
    for number, step in enumerate(steps, begun):
        watcher.tell("everybody", number, _STEPS)
        with uncollected():
            step()
        gc.collect(0)  # of what it left in circles, which are the parameters of its statements; nobody else's


def _looks(stage: Stage, span: Span) -> Looks:
    *at, end = span.looks(stage.team)
    return Looks(at, end)


def _decide(stage: Stage, looks: Looks) -> None:
    """To read records is Python's work, and here, too, every other part begins with it."""
    set_aside(stage)
    begins_with_it = _is_odd(stage)
    if begins_with_it:
        read_earlier(stage, looks)
    with _of_this_part(stage.run, _RECORDS):
        decide_at_once(stage, looks)
    keep_staged(stage.run)
    if not begins_with_it:
        read_earlier(stage, looks)
    decide_earlier(stage, looks)


def _is_odd(stage: Stage) -> bool:
    return stage.run.part.number % 2 == 1


def _stage_dates(stage: Stage, looks: Looks) -> None:
    with _of_this_part(stage.run, (CustomerDate,)):
        stage_dates(stage, looks)


def _stage_what_happened(stage: Stage, looks: Looks) -> None:
    with _of_this_part(stage.run, (Problem,)):
        stage_recoveries(stage, looks)
    stage_folds(stage, looks)


@contextmanager
def _of_this_part(run: Scratch, models: Sequence[type[Base]]) -> Iterator[None]:
    """The live statements are shown the customers of this part alone: they would read the others for nothing."""
    for model in models:
        stored = run.stored(model)
        run.view(stored.name, select(stored).where(run.mine(stored.c["id" if model is Customer else "customer_id"])))
    yield
    run.drop_views(*(run.stored(model).name for model in models))


def _set(stage: Stage, span: Span, looks: Sequence[datetime], *, everybody: bool) -> None:
    """Fill the players' past by what is stored, then let the run's tables stand before the stored ones."""
    run = stage.run
    run.drop(Moment)
    run.shadow(Moment)
    eventful = run.stored(Customer).c.id.in_(select(EVENTFUL.c.customer_id))
    cast_players(run, since=looks[0], among=None if everybody else eventful)
    fill_past(run, since=looks[0])
    fill_problems(run, since=looks[0])
    gather_stirrings(run, after=looks[0] - _AN_INSTANT, until=looks[-1])
    if span.present is not None:
        copy_present(run, today=span.first)
    index_outcomes(run)
    show_past(run)
    run.freeze()
    run.keep_plans()
