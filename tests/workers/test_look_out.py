"""The sweep of sending looks out until the next one comes, and one look-out a process is enough."""

import threading
import time
from collections.abc import Callable

import pytest

from engine import rounds
from tests.workers.celery_processes import until
from workers import tasks
from workers.schedule import SCHEDULE


class Slowly:
    """A lock for which a moment is a minute, as this machine may do much else meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.release = self._lock.release

    def acquire(self, timeout: float) -> bool:
        return self._lock.acquire(timeout=60 * timeout)


@pytest.fixture
def over() -> threading.Event:
    """Until it is set, a round that has begun goes on."""
    return threading.Event()


@pytest.fixture
def rounds_made(monkeypatch: pytest.MonkeyPatch, over: threading.Event) -> list[float]:
    """The seconds for which each round of sending was asked to linger."""
    made: list[float] = []

    def send(jubilee: object, worker: str, enough: Callable[[], bool], linger: float) -> int:
        made.append(linger)
        assert over.wait(60)
        return 0

    monkeypatch.setattr(tasks, "place", lambda: None)
    monkeypatch.setattr(tasks, "_looking_out", Slowly())
    monkeypatch.setattr(rounds, "send", send)
    return made


def started(*, linger: bool) -> threading.Thread:
    thread = threading.Thread(target=tasks.send, kwargs={"linger": linger})
    thread.start()
    return thread


def test_the_sweep_lingers_until_the_next_one() -> None:
    """No gap in which what was just approved would have to wait."""
    sweep = SCHEDULE["send"]
    assert sweep["kwargs"] == {"linger": True}
    assert sweep["schedule"].total_seconds() <= tasks.LINGER_SECONDS


def test_a_ring_does_not_linger(rounds_made: list[float], over: threading.Event) -> None:
    """Rings would pile up otherwise, and fill every thread of the process."""
    over.set()
    tasks.send()
    assert rounds_made == [0.0]


def test_a_ring_that_finds_a_look_out_leaves_it_the_work(rounds_made: list[float], over: threading.Event) -> None:
    """However many ring."""
    looking_out = started(linger=True)
    until(lambda: len(rounds_made) == 1)
    for _ in range(3):
        tasks.send()
    over.set()
    looking_out.join()
    assert rounds_made == [tasks.LINGER_SECONDS]


def test_a_sweep_follows_the_one_before_without_a_gap(rounds_made: list[float], over: threading.Event) -> None:
    """It waits a moment for its end."""
    first = started(linger=True)
    until(lambda: len(rounds_made) == 1)
    second = started(linger=True)
    time.sleep(0.3)
    assert second.is_alive()
    over.set()
    first.join()
    second.join()
    assert rounds_made == [tasks.LINGER_SECONDS] * 2


def test_a_round_that_failed_makes_room_for_the_next(
    rounds_made: list[float], over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was away: the next sweep finds the door open."""
    over.set()

    def fail(*_: object) -> int:
        raise ConnectionError

    working = rounds.send
    monkeypatch.setattr(rounds, "send", fail)
    with pytest.raises(ConnectionError):
        tasks.send(linger=True)
    monkeypatch.setattr(rounds, "send", working)
    tasks.send(linger=True)
    assert rounds_made == [tasks.LINGER_SECONDS]
