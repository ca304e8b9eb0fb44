"""Stands beside a run while a worker runs it: says how far it is and that its worker lives, and ends it where somebody
wants that. On a thread and a connection of its own: the run's transaction reads only, and a single statement of it may
take longer than anybody likes to wait.
"""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Literal

import structlog
from sqlalchemy.exc import SQLAlchemyError

from engine import clock
from engine.backtest.claims import Claim, beat
from engine.backtest.rehearsal import Watcher
from engine.storage.session import Database

# How often it looks, and so how soon a stop is heard.
BEAT_SECONDS = 1.0
# One that takes longer than this has gone wrong, or asks for too much.
LONGEST = timedelta(minutes=20)
# How much of the whole is behind it when a part begins, and when it ends.
PARTS = {"everybody": (0, 40), "days": (40, 95), "counting": (95, 100)}
Why = Literal["stopped", "leaving", "too_long"]
log = structlog.get_logger()


class Keeper:
    """`with Keeper(...) as keeper:` around the run, which is given `keeper.watcher`."""

    def __init__(self, db: Database, mine: Claim, leaving: Callable[[], bool], *, beat_seconds: float = BEAT_SECONDS):
        self._db, self._mine, self._leaving, self._seconds = db, mine, leaving, beat_seconds
        self._said: tuple[str | None, int] = (None, 0)
        self._interrupts: list[Callable[[], None]] = []  # one for each connection of the run
        self._over, self._ends = threading.Event(), time.monotonic() + LONGEST.total_seconds()
        self._thread = threading.Thread(target=self._stand_by, name="keeper", daemon=True)
        self.why: Why | None = None
        self.watcher = Watcher(progress=self._note, enough=self._is_enough, begun=self._begun)

    def __enter__(self) -> "Keeper":
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _note(self, part: str, done: int, of: int) -> None:
        begins, ends = PARTS[part]
        self._said = (part, begins + (ends - begins) * done // max(of, 1))

    def _is_enough(self) -> bool:
        if self._leaving():
            self.why = self.why or "leaving"
        return self.why is not None

    def _begun(self, interrupt: Callable[[], None]) -> None:
        self._interrupts.append(interrupt)

    def _stand_by(self) -> None:
        while not self._over.wait(self._seconds):
            self.why = self.why or self._look()
            if self.why:  # again and again: between two statements nothing is there to be interrupted
                for interrupt in tuple(self._interrupts):
                    self._try(interrupt)

    def _look(self) -> Why | None:
        if self._leaving():
            return "leaving"
        if time.monotonic() > self._ends:
            return "too_long"
        wanted = True
        try:
            with self._db.writing() as session:
                wanted = beat(session, self._mine, *self._said, machine=clock.machine_now())
        except SQLAlchemyError as error:  # it is said the next time; the lease is much longer
            log.warning("rehearsal_not_heard", error=type(error).__name__)
        return None if wanted else "stopped"

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            log.warning("rehearsal_not_interrupted", error=type(error).__name__)
