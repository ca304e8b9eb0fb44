"""The tasks: short doorways into the engine. Each works through what is due, for a while; a task that had not enough
time rings for the next one, so that none runs into its time limit with a message in its hands.
"""

import os
import socket
import threading
import time
from collections.abc import Callable

from celery import current_app, shared_task

from engine import rounds
from engine.backtest.keeper import LONGEST
from workers.place import place
from workers.stopping import stopping

# Well below the time limits, and about what a worker that is asked to stop may still take.
ROUND_SECONDS = 20.0
# A run of years for very many customers takes minutes, and ends by itself before these limits.
RUN_SECONDS = LONGEST.total_seconds() + 60
# The sweep comes every five seconds and keeps looking until the next one, so that what was just approved goes at once.
LINGER_SECONDS = 5.0
# One such look-out a process is enough: the next sweep waits a moment for the one before, and a ring not at all.
_looking_out = threading.Lock()


class Patience:
    """Says when it is enough: after so many seconds, or when this process is about to stop."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self.ran_out = False

    def __call__(self) -> bool:
        self.ran_out = self.ran_out or time.monotonic() >= self._ends
        return self.ran_out or stopping.is_set()


def _for_a_while(task: str, activity: Callable[[rounds.Enough], int]) -> None:
    patience = Patience(ROUND_SECONDS)
    activity(patience)
    if patience.ran_out:
        current_app.send_task(task, ignore_result=True)


@shared_task(name="jubilee.spot")
def spot() -> None:
    """Spot moments from the calendar and from problems that settled."""
    rounds.spot(place())


@shared_task(name="jubilee.fold")
def fold() -> None:
    """Add up what happened before, for triggers that were switched on or changed."""
    _for_a_while("jubilee.fold", lambda enough: rounds.fold(place(), enough))


@shared_task(name="jubilee.plan")
def plan() -> None:
    """Plan moments that are due."""
    _for_a_while("jubilee.plan", lambda enough: rounds.plan(place(), enough))


@shared_task(name="jubilee.write")
def write() -> None:
    """Write drafts that are due."""
    _for_a_while("jubilee.write", lambda enough: rounds.write(place(), enough))


@shared_task(name="jubilee.facts")
def facts() -> None:
    """Bring back texts whose facts have changed."""
    rounds.compare_facts(place())


@shared_task(name="jubilee.deadlines")
def deadlines() -> None:
    """Drop or release drafts that nobody reviewed in time."""
    _for_a_while("jubilee.deadlines", lambda enough: rounds.meet_deadlines(place(), enough))


@shared_task(name="jubilee.alerts")
def alerts() -> None:
    """Hand on what belongs to who is away, and have people told of what nobody has read."""
    rounds.alert(place())


@shared_task(name="jubilee.send")
def send(linger: bool = False) -> None:
    """Hand over messages whose time has come. The sweep lingers, a ring does not."""
    if not _looking_out.acquire(timeout=1.0 if linger else 0.0):
        return  # another thread of this process is at it, and sees whatever is due
    try:
        worker, seconds = f"{socket.gethostname()}:{os.getpid()}", LINGER_SECONDS if linger else 0.0
        _for_a_while("jubilee.send", lambda enough: rounds.send(place(), worker, enough, seconds))
    finally:
        _looking_out.release()


@shared_task(name="jubilee.answer")
def answer() -> None:
    """Hand over what people answered to replies."""
    worker = f"{socket.gethostname()}:{os.getpid()}"
    _for_a_while("jubilee.answer", lambda enough: rounds.answer(place(), worker, enough))


@shared_task(name="jubilee.settle")
def settle() -> None:
    """Settle deliveries that a dead worker left behind."""
    rounds.settle(place())


@shared_task(name="jubilee.listen")
def listen() -> None:
    """Apply what providers said."""
    _for_a_while("jubilee.listen", lambda enough: rounds.listen(place(), enough))


@shared_task(name="jubilee.mailbox")
def mailbox() -> None:
    """Take answers and bounces from the mailbox."""
    rounds.fetch_mail(place(), Patience(ROUND_SECONDS))


@shared_task(name="jubilee.notices")
def notices() -> None:
    """Tell colleagues what they must hear of."""
    _for_a_while("jubilee.notices", lambda enough: rounds.carry_notices(place(), enough))


@shared_task(name="jubilee.digest")
def digest() -> None:
    """Tell marketing once a week what the front line noted."""
    rounds.digest(place())


@shared_task(name="jubilee.effects", soft_time_limit=RUN_SECONDS, time_limit=RUN_SECONDS + 60)
def effects() -> None:
    """Count what the page Effect reads from, where that was not done today."""
    rounds.count_effects(place(), stopping.is_set)


@shared_task(name="jubilee.rehearse", soft_time_limit=RUN_SECONDS, time_limit=RUN_SECONDS + 60)
def rehearse() -> None:
    """Run the backtests and forecasts that people asked for."""
    rounds.rehearse(place(), f"{socket.gethostname()}:{os.getpid()}", stopping.is_set)
