"""Does an installation's whole work in child processes that are killed -9 on the way, each where its plan says, and in
one more that is left alone. Run as a program of its own: a child is forked in an instant and has no threads to lose.

    python -m tests.faults.work URL HOME SEED PLAN...

A plan is `before:N` or `after:N` (the Nth commit), `call:N` (when the channel is called for the Nth time), `taken:N`
(when the provider has just taken it), or `time:MS`.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from engine import rounds
from engine.rounds import Jubilee
from engine.send import calls, claiming, retrying, settling
from engine.send.channels.postbox import Postbox
from engine.storage.models import Delivery, Message, Moment
from tests.faults.installation import Provider, installation, orders_of, record

PATIENCE = 300.0


@dataclass
class Killer:
    """Ends this process as a crash would, at the point of its plan."""

    where: str
    count: int
    seen: dict[str, int] = field(default_factory=dict)

    def at(self, where: str) -> None:
        self.seen[where] = self.seen.get(where, 0) + 1
        if where == self.where and self.seen[where] == self.count:
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        event.listen(Session, "before_commit", lambda _session: self.at("before"))
        event.listen(Session, "after_commit", lambda _session: self.at("after"))
        _call_first(Provider, "send", lambda: self.at("call"))
        _call_first(Postbox, "send", lambda: self.at("taken"))
        if self.where == "time":
            threading.Timer(self.count / 1000, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()


def _call_first(owner: type, name: str, first: Callable[[], None]) -> None:
    original = getattr(owner, name)

    def called(*args: Any) -> Any:
        first()
        return original(*args)

    setattr(owner, name, called)


def hurry() -> None:
    """Leases and pauses of a fraction of a second; and no giving up, as it is not the messages that kill."""
    claiming.LEASE, settling.GRACE = timedelta(seconds=0.3), timedelta(seconds=0.1)
    calls.MARGIN = timedelta(0)
    retrying.back_off = lambda attempts: timedelta(seconds=0.05)
    for module in (claiming, retrying, settling):
        module.MAX_ATTEMPTS = 1_000  # type: ignore[attr-defined]


def work(jubilee: Jubilee, seed: int, share: float) -> None:
    """Everything from the first order to the last delivery; again from the beginning, whatever was done before."""
    ends = time.monotonic() + PATIENCE
    record(jubilee, orders_of(seed, today(), share))
    while True:
        rounds.spot(jubilee)
        rounds.plan(jubilee)
        rounds.write(jubilee)
        rounds.meet_deadlines(jubilee)
        rounds.send(jubilee, worker=f"w{os.getpid()}")
        rounds.settle(jubilee)
        if not _on_its_way(jubilee):
            return
        if time.monotonic() > ends:
            raise SystemExit("the work does not come to an end")
        time.sleep(0.05)


def _on_its_way(jubilee: Jubilee) -> int:
    unfinished = (
        select(func.count()).where(Moment.state.in_(("spotted", "planned", "written"))).scalar_subquery(),
        select(func.count())
        .where(Message.state.in_(("draft", "in_review", "approved", "handed_over")))
        .scalar_subquery(),
        select(func.count()).where(Delivery.state.in_(("claimed", "submitting", "unconfirmed"))).scalar_subquery(),
    )
    with jubilee.db.reading() as session:
        return sum(session.execute(select(*unfinished)).one())


def in_a_child(url: str, home: Path, seed: int, share: float, plan: str | None = None) -> int:
    """Fork, work, die or finish; the signal that ended the child, 0 where it finished."""
    child = os.fork()
    if child == 0:
        hurry()
        if plan:
            where, _, count = plan.partition(":")
            Killer(where, int(count)).arm()
        try:
            work(installation(url, home), seed, share)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    if code := os.WEXITSTATUS(status):
        raise SystemExit(code)
    return 0


def today() -> datetime:
    """The same instant all day long, so that every child tells the same story."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


if __name__ == "__main__":
    structlog.configure(
        processors=[structlog.dev.ConsoleRenderer()], logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    url, home, seed, *plans = sys.argv[1:]
    shares = [(number + 1) / (len(plans) + 1) for number in range(len(plans))]  # more arrives from one to the next
    killed = [in_a_child(url, Path(home), int(seed), share, plan) for share, plan in zip(shares, plans, strict=True)]
    in_a_child(url, Path(home), int(seed), 1.0)
    print(killed.count(signal.SIGKILL))  # noqa: T201
