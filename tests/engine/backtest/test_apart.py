"""The processes in which the days of a run with parts are played: they end with the run, and it ends with them."""

import io
import operator
import os
import pickle
import random
import secrets
import socket
import subprocess
import sys
import uuid
from functools import partial
from pathlib import Path
from typing import IO

import psutil
import pytest

from engine.backtest.apart import SERVING, Apart
from engine.backtest.ensemble import ensemble
from engine.backtest.processes import Line, fork, processes
from engine.backtest.rehearsal import UNWATCHED, House, RunStopped, Span, Watcher
from engine.ids import new_id
from engine.storage.session import Database
from tests.engine.backtest.test_shortcuts import SPAN, born
from tests.engine.backtest.world import OFFERED, TEAM, World
from tests.workers.celery_processes import until
from triggers.table import KINDS

ROOT = Path(__file__).parents[3]

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
            seen.append(len(_forks()))

    with pytest.raises(RunStopped), ensemble(*_asked(world), Watcher(progress, lambda: bool(seen)), parts=2):
        pytest.fail("it was not stopped")
    assert seen == [2]
    assert _processes() == []


def test_a_process_that_dies_is_not_waited_for(world: World) -> None:
    """Killed by the system, say: who asks it hears that, where the run is not over because somebody wants that."""
    enough: list[bool] = []
    with processes(SERVING, 2) as lines:
        both = [_begun(world, line, Watcher(enough=lambda: bool(enough))) for line in lines]
        _forks()[0].kill()
        for days in both:
            with pytest.raises(RuntimeError, match=r"has ended \(137\)"):
                days.ask(operator.not_)
        enough.append(True)
        with pytest.raises(RunStopped):
            both[0].ask(operator.not_)
        assert _forks() == []


def test_all_of_them_are_killed_at_once(world: World) -> None:
    """As who ends a run does it, in the middle of a day."""
    with processes(SERVING, 2) as lines:
        days = _begun(world, lines[0], UNWATCHED)
        killed = _forks()
        lines[1].kill()
        _, alive = psutil.wait_procs(killed, 20)
        assert (len(killed), alive) == (2, [])
        with pytest.raises(RuntimeError, match=r"has ended \(-9\)"):
            days.ask(operator.not_)


def test_forks_do_not_make_the_same_keys() -> None:
    """Each has its own chance, or moments of two would have one key."""
    ours, theirs = zip(*(socket.socketpair() for _ in range(2)), strict=True)
    numbers = [one.fileno() for one in theirs]
    imports = (
        f"from {fork.__module__} import fork; from {Apart.__module__} import Apart; from {__name__} import tell_keys"
    )
    with subprocess.Popen(
        [sys.executable, "-c", f"{imports}; tell_keys(); fork(tell_keys, {numbers})"], pass_fds=numbers, cwd=ROOT
    ):
        for one in theirs:
            one.close()
        keys = []
        for one in ours:
            with one, one.makefile("rb") as heard:
                keys.append(pickle.load(heard))
    assert len(set(keys[0]) | set(keys[1])) == 2 * 5_000


def test_what_they_print_is_no_part_of_a_commands_answer() -> None:
    """It goes where errors go."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        number = theirs.fileno()
        code = f"from {fork.__module__} import fork; fork(lambda asked, said: print('heard', asked.read()), [{number}])"
        with subprocess.Popen(
            [sys.executable, "-c", code], pass_fds=[number], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as first:
            theirs.close()
            ours.shutdown(socket.SHUT_WR)
            assert first.communicate(timeout=30) == (b"", b"heard b''\n")


def tell_keys(_asked: IO[bytes] | None = None, said: IO[bytes] | None = None) -> None:
    """Many, of one millisecond among them, by all ways in which anybody here makes them; or make them for nothing."""
    said = said or io.BytesIO()
    ways = (new_id, uuid.uuid4, random.random, secrets.token_hex, partial(os.urandom, 8))
    pickle.dump([make() for make in ways for _ in range(1_000)], said)
    said.flush()


def test_what_goes_wrong_in_a_process_is_told(world: World) -> None:
    """With where it happened, for the log."""
    with ensemble(*_asked(world), parts=2) as played, pytest.raises(RuntimeError, match="TypeError: unsupported"):
        played.days[1].ask(operator.truediv, 0)


def test_a_process_ends_where_its_run_is_gone() -> None:
    """The system closes the lines of who is killed."""
    code = f"import time; from {processes.__module__} import processes\nwith processes('{SERVING}', 2): time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code]) as run:
        first = psutil.Process(run.pid)
        until(lambda: len(first.children(recursive=True)) == 3)
        theirs = first.children(recursive=True)
        run.kill()
    assert psutil.wait_procs(theirs, 30)[1] == []


def _asked(world: World) -> tuple[House, list[str], Span]:
    return House(world.db, KINDS, TEAM, OFFERED), world.names, SPAN


def _processes() -> list[psutil.Process]:
    """Our children that have forked those who play days, and are not gone yet."""
    return [one for one in psutil.Process().children() if "engine.backtest.apart" in " ".join(one.cmdline())]


def _forks() -> list[psutil.Process]:
    """Those who play them; they are there when the first has imported all it needs."""
    return [fork for one in _processes() for fork in one.children()]


def _begun(world: World, line: Line, watcher: Watcher) -> Apart:
    """One that has told that it is ready."""
    days = Apart(line, watcher)
    days.begin(*_asked(world), None)
    days.hand([], 0)
    days.play(range(0))
    return days
