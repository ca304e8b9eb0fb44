"""Real workers on PostgreSQL and Redis: rings are heard, sweeps find what nobody heard, a dead broker loses nothing."""

import os
import signal
import time as pause
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import func, select, update

from engine.plan.times import recompute_send_times
from engine.storage.models import Customer, Delivery, Message, Moment
from engine.storage.session import Database
from tests.engine.send.approved import approve
from tests.servers.redis import RedisServer
from tests.workers.celery_processes import PATIENCE, beat, environment, ring, until, worker

pytestmark = pytest.mark.databases("postgres")


def due(db: Database, count: int = 1) -> list[UUID]:
    """Messages that may go at any hour of today, by the machine's clock."""
    now = datetime.now(UTC)
    day: dict[str, Any] = {"window_start": time(0), "window_end": time(0), "zone": "UTC", "send_on": now.date()}
    stamps = {"send_at": now - timedelta(hours=1), "release_at": now, "expires_at": now + timedelta(days=2)}
    with db.writing() as session:
        # As an installation that has planned before: else the first planning works out every day and expiry afresh,
        # and these messages belong to moments of another year.
        recompute_send_times(session, now=now)
        ids = [approve(session, **day, **stamps).id for _ in range(count)]
        session.execute(update(Customer).values(zone="UTC"))
        session.execute(update(Moment).values(expires_at=stamps["expires_at"], send_on=now.date()))
    return ids


def states(db: Database) -> dict[str, int]:
    with db.reading() as session:
        return dict(session.execute(select(Message.state, func.count()).group_by(Message.state)).all())


def attempts(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Delivery)) or 0


@pytest.fixture
def env(db: Database, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return environment(db.url, redis_url, tmp_path)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A Redis of this test alone, which it may stop and empty."""
    own = RedisServer().start()
    try:
        yield own
    finally:
        os.kill(own.pid, signal.SIGCONT)
        own.close()


def test_a_ring_is_heard_and_leaves_nothing_in_redis(
    db: Database, env: dict[str, str], redis_url: str, tmp_path: Path
) -> None:
    """The message is sent, and no result, no task and no unacknowledged ring stays behind."""
    due(db, 3)
    with worker(env, tmp_path / "worker.log") as running:
        ring(
            env, "jubilee.send", "jubilee.settle", "jubilee.plan", "jubilee.write", "jubilee.spot", "jubilee.deadlines"
        )
        until(lambda: states(db) == {"closed": 3} and left_in(redis_url) == set())
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE) == 0
    assert left_in(redis_url) == set()
    assert "Traceback" not in (tmp_path / "worker.log").read_text()


def left_in(redis_url: str) -> set[str]:
    """The keys of queues, results and unacknowledged rings; the names of the queues themselves stay."""
    with redis.Redis.from_url(redis_url) as client:
        keys = {key.decode() for key in client.scan_iter()}
    return {key for key in keys if "_kombu.binding" not in key and "unacked_mutex" not in key}


def test_a_busy_queue_delays_no_other(db: Database, env: dict[str, str], tmp_path: Path) -> None:
    """A worker of its own for sending hears nothing of planning."""
    due(db)
    with worker(env, tmp_path / "worker.log", queues="send"):
        ring(env, "jubilee.plan", "jubilee.spot", "jubilee.send")
        until(lambda: states(db) == {"closed": 1})
    log = (tmp_path / "worker.log").read_text()
    assert "jubilee.send" in log
    assert "Task jubilee.plan" not in log


def test_two_schedules_and_two_workers_send_once(db: Database, env: dict[str, str], tmp_path: Path) -> None:
    """Everything is swept twice at the same time; UNIQUE decides. Nobody rang."""
    due(db, 30)
    with (
        worker(env, tmp_path / "w1.log", "-n", "w1@%h"),
        worker(env, tmp_path / "w2.log", "-n", "w2@%h"),
        beat(env, tmp_path / "b1.log"),
        beat(env, tmp_path / "b2.log"),
    ):
        until(lambda: states(db) == {"closed": 30})
    assert attempts(db) == 30


def test_an_emptied_redis_loses_nothing(db: Database, server: RedisServer, tmp_path: Path) -> None:
    """What was rung is gone, with the queues; the sweep finds all of it."""
    env = environment(db.url, server.url(), tmp_path)
    due(db, 20)
    ring(env, *["jubilee.send"] * 20)
    with redis.Redis.from_url(server.url()) as client:
        client.flushall()
    with worker(env, tmp_path / "worker.log"), beat(env, tmp_path / "beat.log"):
        until(lambda: states(db) == {"closed": 20})
        with redis.Redis.from_url(server.url()) as client:
            client.flushall()
        due(db, 5)
        until(lambda: states(db) == {"closed": 25})
    assert attempts(db) == 25


@pytest.mark.parametrize("trouble", ["away", "silent"])
def test_a_ring_that_nobody_hears_returns_soon(db: Database, server: RedisServer, tmp_path: Path, trouble: str) -> None:
    """Whoever rang wanted to answer a page: a refused connection or a Redis that says nothing must not keep it."""
    env = environment(db.url, server.url(), tmp_path)
    if trouble == "away":
        server.stop()
    else:
        os.kill(server.pid, signal.SIGSTOP)
    try:
        took = ring(env, *["jubilee.send"] * 5)
        # A busy machine may hold any one of them up, but never all: the quickest says how long Redis was waited for.
        assert min(took) < 2
        assert max(took) < 30
    finally:
        if trouble == "away":
            server.start()


def test_a_worker_goes_on_after_redis_was_silent(db: Database, server: RedisServer, tmp_path: Path) -> None:
    """Stopped for some seconds and back: the same worker hears again."""
    env = environment(db.url, server.url(), tmp_path)
    with worker(env, tmp_path / "worker.log"), beat(env, tmp_path / "beat.log"):
        due(db)
        until(lambda: states(db) == {"closed": 1})
        os.kill(server.pid, signal.SIGSTOP)
        due(db)
        pause.sleep(8)
        os.kill(server.pid, signal.SIGCONT)
        until(lambda: states(db) == {"closed": 2})
