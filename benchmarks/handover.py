"""From the end of the undo minute to the provider: how long an approved message waits, idle and behind 50,000 others.

A Celery worker and beat as production starts them, PostgreSQL, Redis and the SendGrid stub. The messages of people are
released one after the other; what is measured is from `release_at` to the moment the stub took the message.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from benchmarks._messages import make_approved
from engine.storage.migrate import upgrade
from engine.storage.models import Message
from engine.storage.session import Database
from tests.servers.postgres import PostgresServer, create_database
from tests.servers.provider import Provider
from tests.servers.redis import RedisServer
from tests.workers.celery_processes import beat, environment, worker

OTHERS = int(os.environ.get("JUBILEE_BENCH_OTHERS", "50000"))
APPROVED = 200
EVERY = timedelta(milliseconds=50)
STARTS_IN = timedelta(seconds=10)


def run() -> None:
    """Print median, p99 and the longest wait in seconds, idle and with the others due."""
    with (
        tempfile.TemporaryDirectory(prefix="jubilee-bench-") as home,
        PostgresServer() as postgres,
        Provider() as provider,
        RedisServer() as redis,
    ):
        for number, others in enumerate((0, OTHERS)):
            url = postgres.url(f"handover_{number}")
            create_database(url)
            upgrade(url)
            waits = _measure(url, redis.url(number), provider, Path(home), others)
            _report(f"{others:,} others due", waits)
    print("   goals: p99 below 1 s idle, below 3 s behind 50,000")


def _measure(url: str, broker: str, provider: Provider, home: Path, others: int) -> list[float]:
    db = Database(url)
    if others:
        make_approved(db, others)
    make_approved(db, APPROVED, first=others, by_person=True)
    with db.writing() as session:  # nobody takes them before the worker runs
        session.execute(update(Message).values(release_at=datetime.now(UTC) + timedelta(hours=1)))
    env = environment(
        url,
        broker,
        home,
        LIVE="true",
        PUBLIC_URL="https://care.example.com",
        POSTAL_ADDRESS="1 High Street, Springfield",
        EMAIL_FROM="care@example.com",
        SENDGRID_API_KEY="SG.bench",
        SENDGRID_URL=provider.url,
        SENDGRID_RATE="10000",
    )
    with worker(env, home / "worker.log", queues="send,listen"), beat(env, home / "beat.log"):
        released = _release(db)
        ends = time.monotonic() + 120
        while time.monotonic() < ends and not released.keys() <= set(provider.accepted()):
            time.sleep(0.5)
        taken = {request.id: request.at for request in provider.requests() if request.id in released}
    db.dispose()
    if len(taken) != len(released):
        raise SystemExit(f"{len(taken)} of {len(released)} arrived within two minutes")
    return sorted(taken[name] - at for name, at in released.items())


def _release(db: Database) -> dict[str, float]:
    """Message id -> when it may go, in seconds since 1970; all others may go at once."""
    begin = datetime.now(UTC) + STARTS_IN
    with db.writing() as session:
        ids = session.scalars(select(Message.id).where(Message.approved_by.is_not(None)).order_by(Message.id)).all()
        session.execute(update(Message).where(Message.approved_by.is_(None)).values(release_at=datetime.now(UTC)))
        times = {message_id: begin + number * EVERY for number, message_id in enumerate(ids)}
        session.execute(update(Message), [{"id": name, "release_at": at} for name, at in times.items()])
    return {str(name): at.timestamp() for name, at in times.items()}


def _report(name: str, waits: Sequence[float]) -> None:
    p99 = waits[int(len(waits) * 0.99) - 1]
    print(f"   {name:20} median {statistics.median(waits):.2f} s  p99 {p99:.2f} s  longest {waits[-1]:.2f} s")
