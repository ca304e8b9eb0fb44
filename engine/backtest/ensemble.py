"""The parts of a run: each has some of the customers, on a connection and a thread of its own, and all are counted
together. Customers do not influence each other, so the parts need not know of each other.

One part for each core, as a database works on a connection with one of them. Where there are few customers, one.
Deciding at once is the work of the database; the days are half of them Python's, so that they are played in as many
processes (`apart.py`), which share them out anew (`stints.py`).
"""

import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import chain, product
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select

from engine.backtest.apart import SERVING, Apart, Days, Here
from engine.backtest.cast import Cast
from engine.backtest.days import Stage
from engine.backtest.outcomes import OUTCOMES, STOPS, fates, index_outcomes, names_of_holds
from engine.backtest.parts import Part, parts_of
from engine.backtest.players import PLAYERS
from engine.backtest.processes import processes
from engine.backtest.rehearsal import (
    UNWATCHED,
    House,
    RunStopped,
    Span,
    Subjects,
    Watcher,
    decide_plain_ones,
    ended_where_enough,
    opened,
    rehearsal,
    stage_everybody,
)
from engine.backtest.scratch import Scratch
from engine.backtest.staging import Looks
from engine.backtest.stints import Stint, share_out
from engine.storage.bulk import uncollected
from engine.storage.models import Customer
from engine.storage.session import Database

# So many customers are worth a part of their own.
_WORTH_A_PART = 20_000
_MOST = 8
# How long the watcher waits at most for news, and for its own word to be heard.
_A_WHILE = 0.25
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The stages of all parts, and where the days were played, after the last of them. `stints`: who was looked at in
    which of these, where there are several."""

    stages: Sequence[Stage]
    days: Sequence[Days]
    stints: Sequence[Stint] = ()

    @property
    def first(self) -> Stage:
        """For what is the same in all parts: the triggers, the team, and what is stored."""
        return self.stages[0]

    @property
    def cast(self) -> Cast:
        """The triggers of the run."""
        return self.first.cast

    def of(self, customer_id: UUID, pieces: Collection[UUID | None]) -> tuple[Stage, Days]:
        """The part that a customer belongs to, and where their days were played; of several places the one that played
        any of these moments or problems."""
        number, stage = next(one for one in enumerate(self.stages) if one[1].run.part.has(customer_id))
        theirs = [
            (any(one in pieces for one in episode.ids), days)
            for stint, days in zip(self.stints, self.days, strict=False)
            for episode in stint.episodes
            if episode.customer_id == customer_id
        ]
        return stage, max(theirs, key=itemgetter(0), default=(False, self.days[number]))[1]

    def looked_at(self) -> int:
        """How many customers were looked at day by day; some in several places."""
        if any(stint.episodes for stint in self.stints):
            return len(set(chain.from_iterable(days.ask(_players) for days in self.days)))
        return sum(days.ask(_count_players) for days in self.days)

    def each(self, work: Callable[[Scratch], T]) -> list[T]:
        """What each part makes of it, all at the same time."""
        if len(self.stages) == 1:
            return [work(self.first.run)]
        with ThreadPoolExecutor(len(self.stages)) as pool:
            return list(pool.map(lambda stage: work(stage.run), self.stages))

    def rows(self, ask: Callable[[Scratch], Any]) -> Iterator[Any]:
        """The rows of a statement, of all parts."""
        if len(self.stages) == 1:
            return iter(self.first.run.session.execute(ask(self.first.run)))
        return chain.from_iterable(self.each(lambda run: run.session.execute(ask(run)).all()))


def _players(days: Stage) -> list[UUID]:
    return list(days.run.session.scalars(select(PLAYERS.c.customer_id)))


def _count_players(days: Stage) -> int:
    return days.run.session.scalar(select(func.count()).select_from(PLAYERS)) or 0


@dataclass(slots=True)
class _Score:
    """How far each part is, and whether it is enough."""

    parts: int
    enough: threading.Event = field(default_factory=threading.Event)
    at: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    interrupts: list[Callable[[], None]] = field(default_factory=list)

    def watcher(self, number: int) -> Watcher:
        """The one of this part."""

        def progress(what: str, done: int, of: int) -> None:
            if what not in self.pieces:
                self.pieces.append(what)
            self.at[number] = (what, done, of)

        return Watcher(progress, self.enough.is_set, self.interrupts.append)

    def interrupt(self) -> None:
        """End the statement that each part has in hand."""
        for each in self.interrupts:
            with suppress(Exception):  # of one that has ended already
                each()

    def slowest(self) -> tuple[str, int, int] | None:
        """Where the last of them is; None where some have not said anything yet."""
        if len(self.at) < self.parts:
            return None
        return min(self.at.values(), key=lambda one: (self.pieces.index(one[0]), one[1]))


@contextmanager
def ensemble(
    house: House, subjects: Subjects, span: Span, watcher: Watcher = UNWATCHED, *, parts: int | None = None
) -> Iterator[Ensemble]:
    """All parts of a run after its last day. The watcher is told of the slowest; its end, or that of any, ends all."""
    with parts_of(house.db, parts or _how_many(house.db)) as those:
        if len(those) == 1:
            with rehearsal(house, subjects, span, watcher) as stage:
                yield Ensemble([stage], [Here(stage)])
            return
        with ended_where_enough(watcher), ExitStack() as stack:
            yield _played(house, subjects, span, watcher, those, stack)


def _how_many(db: Database) -> int:
    with db.reading() as session:
        customers = session.scalar(select(func.count()).select_from(Customer)) or 0
    return max(1, min(os.cpu_count() or 1, customers // _WORTH_A_PART, _MOST))


def _played(
    house: House, subjects: Subjects, span: Span, watcher: Watcher, parts: Sequence[Part], stack: ExitStack
) -> Ensemble:
    score = _Score(len(parts))
    watcher.begun(score.interrupt)
    openings: dict[Any, Any] = {}
    lines = stack.enter_context(processes(SERVING, len(parts)))

    def decide(number: int) -> tuple[Stage, Apart]:
        mine, own = parts[number], score.watcher(number)
        days = Apart(lines[number], own)
        days.begin(house, subjects, span, mine.snapshot)
        stage = stack.enter_context(opened(house, subjects, span, own, mine, openings))
        stage = replace(stage, searched=stage_everybody(stage, span, own))
        decide_plain_ones(stage, span, own)
        index_outcomes(stage.run)
        stage.run.freeze()
        return stage, days

    def play(number: int) -> None:
        days[number].play(stints[number].looks)

    # Around them all: one part's step may end, and let Python look for cycles again, in the middle of another's.
    with uncollected(), ThreadPoolExecutor(len(parts)) as pool:
        stages, days = zip(*_each(pool, decide, score, watcher), strict=True)
        *at, end = span.looks(house.team)
        stints = share_out(stages, Looks(at, end), is_forecast=span.present is not None)
        for number, one in enumerate(days):
            one.hand(stages, number)
        _each(pool, play, score, watcher)
    for stage, one in product(stages, days):
        one.carry(fates, OUTCOMES, stage.run)
        one.carry(names_of_holds, STOPS, stage.run)
    for stage in stages:
        stage.run.measure(OUTCOMES.name, STOPS.name)
    watcher.tell("counting", 0, 1)
    return Ensemble(stages, days, stints)


def _each(pool: ThreadPoolExecutor, work: Callable[[int], T], score: _Score, watcher: Watcher) -> Sequence[T]:
    """What it makes of the number of each part, all at the same time."""
    playing = [pool.submit(work, number) for number in range(score.parts)]
    _until_done(playing, score, watcher)
    return [one.result() for one in playing]


def _until_done(playing: Sequence[Future[Any]], score: _Score, watcher: Watcher) -> None:
    """Watch them; whoever fails or is stopped ends all the others, and nobody goes on behind the back of the caller."""
    try:
        _watch(playing, score, watcher)
    except BaseException:
        score.enough.set()
        while wait(playing, _A_WHILE).not_done:
            score.interrupt()
        raise


def _watch(playing: Sequence[Future[Any]], score: _Score, watcher: Watcher) -> None:
    """Until all have ended. Raises what any of them raised, and what the watcher does."""
    left, told = set(playing), None
    while left:
        done, left = wait(left, _A_WHILE, FIRST_EXCEPTION)
        for one in done:
            one.result()
        if (now := score.slowest()) is not None and now != told:
            told = now
            watcher.tell(*now)
        elif watcher.enough():
            raise RunStopped
