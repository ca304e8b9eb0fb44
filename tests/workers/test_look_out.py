"""The sweep of sending looks out until the next one comes, and one look-out a process is enough."""

import threading
import time
from collections.abc import Callable

import pytest

from engine import rounds
from workers import tasks
from workers.schedule import SCHEDULE


@pytest.fixture
def rounds_made(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which each round of sending was asked to linger; each takes half a second."""
    made: list[float] = []

    def send(jubilee: object, worker: str, enough: Callable[[], bool], linger: float) -> int:
        made.append(linger)
        time.sleep(0.5)
        return 0

    monkeypatch.setattr(tasks, "place", lambda: None)
    monkeypatch.setattr(rounds, "send", send)
    return made


def at_once(*how: bool) -> None:
    threads = [threading.Thread(target=tasks.send, kwargs={"linger": linger}) for linger in how]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()


def test_the_sweep_lingers_until_the_next_one() -> None:
    """No gap in which what was just approved would have to wait."""
    sweep = SCHEDULE["send"]
    assert sweep["kwargs"] == {"linger": True}
    assert sweep["schedule"].total_seconds() <= tasks.LINGER_SECONDS


def test_a_ring_does_not_linger(rounds_made: list[float]) -> None:
    """Rings would pile up otherwise, and fill every thread of the process."""
    tasks.send()
    assert rounds_made == [0.0]


def test_a_ring_that_finds_a_look_out_leaves_it_the_work(rounds_made: list[float]) -> None:
    """However many ring."""
    at_once(True, False, False, False)
    assert rounds_made == [tasks.LINGER_SECONDS]


def test_a_sweep_follows_the_one_before_without_a_gap(rounds_made: list[float]) -> None:
    """It waits a moment for its end; a third that comes meanwhile is not needed."""
    at_once(True, True)
    assert rounds_made == [tasks.LINGER_SECONDS] * 2


def test_a_round_that_failed_makes_room_for_the_next(rounds_made: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """The database was away: the next sweep finds the door open."""

    def fail(*_: object) -> int:
        raise ConnectionError

    working = rounds.send
    monkeypatch.setattr(rounds, "send", fail)
    with pytest.raises(ConnectionError):
        tasks.send(linger=True)
    monkeypatch.setattr(rounds, "send", working)
    tasks.send(linger=True)
    assert rounds_made == [tasks.LINGER_SECONDS]
