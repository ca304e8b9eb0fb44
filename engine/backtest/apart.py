"""The days of a run, played in processes of their own.

Python plays on one core at a time whatever the number of its threads, and each look is as much its work as the
database's. So each stint (`stints.py`) has a core, a connection and a transaction of its own, over the same snapshot;
what the parts of the run found by then is handed to it, and what became of everybody is handed back to them.

The child is ours and knows what we know. It ends where nobody asks it any more.
"""

import gc
import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, Any, Protocol, TypeVar

from sqlalchemy import Table
from sqlalchemy.sql.selectable import SelectBase

from engine.backtest.days import Stage
from engine.backtest.parts import WHOLE, Part
from engine.backtest.processes import Line
from engine.backtest.rehearsal import House, RunStopped, Span, Subjects, Watcher, opened, play_days
from engine.backtest.scratch import Scratch
from engine.backtest.stints import handed
from engine.storage.session import Database

# What is at work at the other end of its line.
SERVING = f"{__name__}:serve"
_TOLD = {table.name: table for table in handed(0)}
T = TypeVar("T")


class Days(Protocol):
    """Where the days of some customers were played."""

    def ask(self, work: Callable[..., T], *values: Any) -> T:
        """What `work` makes of the stage after its last day, and of these values."""


@dataclass(frozen=True, slots=True)
class Here:
    """In this process."""

    stage: Stage

    def ask(self, work: Callable[..., T], *values: Any) -> T:
        """See `Days`."""
        return work(self.stage, *values)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a child begins with."""

    url: str
    house: dict[str, Any]
    subjects: Subjects
    span: Span
    part: Part


@dataclass(slots=True)
class Apart:
    """In a child at the other end of a line, which is `begun` and makes ready while others decide, then is handed what
    these found, then plays, then is asked. Whatever it is asked is a function of a module of ours, and what it is asked
    with and answers can be pickled."""

    line: Line
    watcher: Watcher

    def begin(self, house: House, subjects: Subjects, span: Span, snapshot: str | None) -> None:
        """Tell it what the run is about."""
        self.watcher.begun(self.line.kill)
        taken = {"kinds": house.kinds, "team": house.team, "offered": house.offered}
        self._say(_Setting(house.db.url, taken, subjects, span, replace(WHOLE, snapshot=snapshot)))

    def hand(self, stages: Sequence[Stage], stint: int) -> None:
        """Hand over what all parts of the run decided that concerns this stint."""
        for stage in stages:
            for table, rows in handed(stint).items():
                for block in stage.run.copied(rows):
                    self._say((table.name, block))
                self._say((table.name, None))
        self._say(None)

    def play(self, looks: range) -> None:
        """Have the days of these looks played, and wait until they are over. Raises RunStopped."""
        self._say(looks)
        self._answer()

    def ask(self, work: Callable[..., T], *values: Any) -> T:
        """See `Days`."""
        self._say((_made, (work, values)))
        made: T = self._answer()
        return made

    def carry(self, rows: Callable[[Part], SelectBase], table: Table, target: Scratch) -> None:
        """Copy the child's rows of a part of the run, which have the columns of this table, into the part's own."""
        self._say((_copied, (rows, target.part)))
        target.paste(table, iter(self._answer, None))

    def _say(self, what: Any) -> None:
        with self._heard():
            pickle.dump(what, self.line.said)
            self.line.said.flush()

    def _answer(self) -> Any:
        """What the child says next, but for how far it is."""
        while True:
            with self._heard():
                kind, what = pickle.load(self.line.heard)  # noqa: S301 - from a child of ours
            if kind == "failed":
                raise RuntimeError(f"The days of a run could not be played:\n{what}")
            if kind == "answer":
                return what
            self.watcher.tell(*what)

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """A line that breaks says that the child is gone: it was ended because that was wanted, or it died."""
        try:
            yield
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            if self.watcher.enough():
                raise RunStopped from error
            code = self.line.ended()
            raise RuntimeError(f"A process that played the days of a run has ended ({code}).") from error


# in the child


def serve(asked: IO[bytes], said: IO[bytes]) -> None:
    """Play the days of a stint, then answer until nobody asks any more."""
    try:
        _serve(asked, said)
    except (EOFError, BrokenPipeError):
        return
    except Exception:
        _tell(said, "failed", traceback.format_exc())


def _serve(asked: IO[bytes], said: IO[bytes]) -> None:
    given: _Setting = _load(asked)
    house = House(Database(given.url), **given.house)
    watcher = Watcher(progress=lambda *how_far: _tell(said, "progress", how_far))
    with opened(house, given.subjects, given.span, watcher, given.part) as stage:
        gc.freeze()  # what is there by now stays, and need not be looked through again and again
        while (told := _load(asked)) is not None:
            stage.run.paste(_TOLD[told[0]], _blocks(told, asked))
        stage = play_days(stage, given.span, watcher, which=_load(asked))
        _tell(said, "answer", None)
        while True:
            answers, values = _load(asked)
            for one in answers(stage, *values):
                _tell(said, "answer", one)


def _made(stage: Stage, work: Callable[..., Any], values: Sequence[Any]) -> Iterator[Any]:
    yield work(stage, *values)


def _copied(stage: Stage, rows: Callable[[Part], SelectBase], part: Part) -> Iterator[bytes | None]:
    yield from stage.run.copied(rows(part))
    yield None


def _blocks(told: tuple[str, bytes | None], asked: IO[bytes]) -> Iterator[bytes]:
    """Those of one table, to the last."""
    while told[1] is not None:
        yield told[1]
        told = _load(asked)


def _load(asked: IO[bytes]) -> Any:
    return pickle.load(asked)  # noqa: S301 - from our parent


def _tell(said: IO[bytes], kind: str, what: Any) -> None:
    pickle.dump((kind, what), said)
    said.flush()
