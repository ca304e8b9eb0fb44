"""The processes in which the days of a run with parts are played: they end with the run, and it ends with them."""

import operator

import psutil
import pytest

from engine.backtest.apart import Apart
from engine.backtest.ensemble import ensemble
from engine.backtest.parts import WHOLE
from engine.backtest.rehearsal import UNWATCHED, House, RunStopped, Span, Watcher
from engine.storage.session import Database
from tests.engine.backtest.test_shortcuts import SPAN, born
from tests.engine.backtest.world import OFFERED, TEAM, World
from triggers.table import KINDS

pytestmark = pytest.mark.databases("postgres")  # SQLite lets one work at a time: there the days have no process


@pytest.fixture
def world(db: Database) -> World:
    """Two customers with birthdays in the days of the run."""
    made = World(db, SPAN.first, SPAN.last)
    made.trigger("birthday", params={"of": {"date": "birthday"}, "every": "year"})
    for name, on in (("ada", "02-20"), ("bob", "03-05")):
        born(on)(made, name)
    made.tell()
    return made


def test_whoever_ends_a_run_ends_its_processes(world: World) -> None:
    """They are in the middle of their days, and are gone when the run says that it was stopped."""
    seen: list[int] = []

    def progress(what: str, done: int, _of: int) -> None:
        if what == "days" and done:
            seen.append(len(_processes()))

    with pytest.raises(RunStopped), ensemble(*_asked(world), Watcher(progress, lambda: bool(seen)), parts=2):
        pytest.fail("it was not stopped")
    assert seen == [2]
    assert _processes() == []


def test_a_process_that_dies_is_not_waited_for(world: World) -> None:
    """Killed by the system, say: who asks it hears that, where the run is not over because somebody wants that."""
    enough: list[bool] = []
    with Apart(*_asked(world), WHOLE, Watcher(enough=lambda: bool(enough))) as days:
        days._process.kill()
        with pytest.raises(RuntimeError, match=r"has ended \(-9\)"):
            days.ask(operator.not_)
        enough.append(True)
        with pytest.raises(RunStopped):
            days.ask(operator.not_)


def test_what_goes_wrong_in_a_process_is_told(world: World) -> None:
    """With where it happened, for the log."""
    with ensemble(*_asked(world), parts=2) as played, pytest.raises(RuntimeError, match="TypeError: unsupported"):
        played.days[1].ask(operator.truediv, 0)


def test_a_process_ends_where_its_run_is_gone(world: World) -> None:
    """The system closes the pipes of who is killed."""
    with Apart(*_asked(world), WHOLE, UNWATCHED) as days:
        (process,) = _processes()
        assert days._process.stdin
        days._process.stdin.close()
        assert process.wait(30) == 0


def _asked(world: World) -> tuple[House, list[str], Span]:
    return House(world.db, KINDS, TEAM, OFFERED), world.names, SPAN


def _processes() -> list[psutil.Process]:
    """Our children that play days and are not gone yet."""
    return [one for one in psutil.Process().children() if "engine.backtest.apart" in " ".join(one.cmdline())]
