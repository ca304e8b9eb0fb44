"""Every page of the desk with 1,000,000 customers and 100,000 queued messages: the server's time, and what is sent.

PostgreSQL, one web process, a signed-in admin, HTTP over loopback, one request after the other. Times stand beside
those of a bare page of the same server (`/health`, one small statement). The weight of a page is that of a first visit:
the page and everything it asks for, compressed, with headers. JUBILEE_BENCH_CUSTOMERS makes a smaller office.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks._big_office import BUSY, Size, build, rows_in
from engine.storage.migrate import upgrade
from engine.storage.session import Database
from tests.servers.postgres import PostgresServer, create_database
from tests.servers.visitor import Visitor, free_port
from tests.web.office import PASSWORD, Office

SIZE = Size(
    customers=int(os.environ.get("JUBILEE_BENCH_CUSTOMERS", "1000000")),
    queued=int(os.environ.get("JUBILEE_BENCH_QUEUED", "100000")),
)
TIMES = 40
WARM = 3
GOAL_MS, GOAL_KB = 150, 150
BARE = "/health"
# A page of the desk is one line here. {orders}, {serious} and {question} are messages; {busy} did 3,000 things.
PAGES = (
    ("queue", "/queue"),
    ("queue, page 40", "/queue?after={page_40}"),
    ("queue, mine", "/queue?whose=mine"),
    ("queue, with remarks", "/queue?remarks=yes"),
    ("queue, of a family", "/queue?family=recover"),
    ("queue, by name", "/queue?q=marlow"),
    ("queue, nobody so called", "/queue?q=nobodyatall"),
    ("writing room", "/messages/{orders}"),
    ("writing room, serious", "/messages/{serious}"),
    ("a question", "/messages/{question}"),
    ("customers", "/customers"),
    ("customers, by name", "/customers?q=Marlow"),
    ("customers, full name", "/customers?q=ada+marlowe"),
    ("customers, one letter", "/customers?q=s"),
    ("customers, by e-mail", "/customers?q=customer77@mail.example"),
    ("customers, nobody", "/customers?q=nobody+at+all"),
    ("customer, busy", "/customers/{busy}"),
    ("customer, ordinary", "/customers/cx-0000070"),
    ("replies", "/replies"),
    ("replies, handled", "/replies?handled=true"),
    ("calls", "/calls"),
    ("today", "/today"),
    ("postbox", "/postbox"),
    ("triggers", "/triggers"),
    ("sending", "/sending"),
    ("flags", "/flags"),
    ("second reads", "/second-reads"),
    ("notices", "/notices"),
    ("notes", "/notes"),
    ("leave a note, by name", "/notes/new?q=marlow"),
    ("people", "/people"),
    ("audit", "/audit"),
    ("unread", "/today/unread"),
    ("a trigger", "/triggers/order_milestone"),
    ("a trigger's form", "/triggers/order_milestone/edit"),
    ("backtests", "/rehearsals"),
    ("templates", "/templates"),
    ("a template", "/templates/order_milestone"),
    ("mission", "/mission"),
    ("calendar", "/calendar"),
    ("calendar, week", "/calendar?view=week"),
    ("not now", "/not-now"),
)
# These count what became of many moments, and are let take longer.
COUNTING = (
    ("insight, 30 days", "/insight"),
    ("insight, words", "/insight/words"),
    ("insight, quiet", "/insight/quiet"),
)
FEW = 5


@dataclass(frozen=True)
class Figure:
    """One page: sorted milliseconds, and kilobytes of a first visit."""

    name: str
    times: Sequence[float]
    kilobytes: float

    @property
    def p95(self) -> float:
        """19 of 20 requests took no longer."""
        return self.times[int(len(self.times) * 0.95) - 1]


def run() -> None:
    """Print p50, p95 and the longest time of each page, its ratio to the bare page, and its weight."""
    with tempfile.TemporaryDirectory(prefix="jubilee-bench-") as home, PostgresServer() as postgres:
        url = postgres.url("desk")
        create_database(url)
        upgrade(url)
        db, began = Database(url), time.monotonic()
        office = build(db, Path(home) / "postbox", SIZE)
        with db.reading() as session:
            print("  ", ", ".join(f"{count:,} {name}" for name, count in rows_in(session).items()), end="")
        print(f"; made in {time.monotonic() - began:.0f} s")
        db.dispose()
        with _server(url, Path(home)) as port, Visitor(port) as visitor:
            _measure(visitor, office)


def _measure(visitor: Visitor, office: Office) -> None:
    visitor.sign_in("admin@example.com", PASSWORD)
    places = {
        "orders": office.orders,
        "serious": office.serious,
        "question": office.question,
        "busy": BUSY,
        "page_40": visitor.walk("/queue", pages=39),
    }
    bare = _figure(visitor, "bare page", BARE)
    _line(bare, bare)
    figures = []
    for name, path in PAGES:
        figures.append(_figure(visitor, name, path.format_map(places)))
        _line(figures[-1], bare)
    slowest, heaviest = max(figures, key=lambda one: one.p95), max(figures, key=lambda one: one.kilobytes)
    print(
        f"   slowest p95: {slowest.p95:.0f} ms, {slowest.name}; heaviest: {heaviest.kilobytes:.0f} kB, {heaviest.name}"
    )
    print(f"   goals: every page p95 below {GOAL_MS} ms, and below {GOAL_KB} kB on a first visit")
    print(f"   and, {FEW} times each, what has no such goal:")
    for name, path in COUNTING:
        _line(_figure(visitor, name, path, times=FEW), bare)


def _figure(visitor: Visitor, name: str, path: str, *, times: int = TIMES) -> Figure:
    for _ in range(min(WARM, times)):
        visitor.timed(path)
    measured = sorted(visitor.timed(path) for _ in range(times))
    return Figure(name, measured, visitor.first_visit(path) / 1000)


def _line(figure: Figure, bare: Figure) -> None:
    middle = statistics.median(figure.times)
    ratio = middle / statistics.median(bare.times)
    late = "  TOO SLOW" if figure.p95 > GOAL_MS else ""
    heavy = "  TOO HEAVY" if figure.kilobytes > GOAL_KB else ""
    print(
        f"   {figure.name:24} p50 {middle:6.1f} ms  p95 {figure.p95:6.1f}  longest {figure.times[-1]:6.1f}"
        f"  {ratio:5.1f} x bare  {figure.kilobytes:5.1f} kB{late}{heavy}",
        flush=True,
    )


@contextmanager
def _server(url: str, home: Path) -> Iterator[int]:
    """One web process on a free port."""
    port = free_port()
    environment = os.environ | {
        "JUBILEE_HOME": str(home),
        "JUBILEE_DATABASE_URL": url,
        "JUBILEE_SECRET_KEY": "k" * 40,
        "JUBILEE_CALL": "on",
        "JUBILEE_PORT": str(port),
        "JUBILEE_LOG_LEVEL": "warning",
    }
    process = subprocess.Popen([sys.executable, "-m", "benchmarks._desk_app"], env=environment)
    try:
        with Visitor(port) as first:
            first.wait_for(BARE)
        yield port
    finally:
        process.terminate()
        process.wait()
