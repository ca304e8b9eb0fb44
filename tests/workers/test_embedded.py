"""Everything in one process: worker and beat on threads, the broker in memory, SQLite."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.send.sending import STOPPING
from engine.storage.models import Delivery
from engine.storage.session import Database
from tests.servers.run import ROOT
from tests.workers.celery_processes import PATIENCE, environment, until
from tests.workers.test_workers import attempts, due, states

pytestmark = pytest.mark.databases("sqlite")

PROGRAM = """
import sys, threading, time, psutil
from cli import embedded
from engine import bell
from workers.place import place
with embedded.working():
    print("working", flush=True)
    for line in sys.stdin:
        if line.strip() == "ring":
            with place().db.writing() as session:
                session.connection()
                bell.ring(session, "jubilee.send")
    began = time.monotonic()
seconds = time.monotonic() - began
print(seconds, psutil.Process().memory_info().rss >> 20, [thread.name for thread in threading.enumerate()], sep="|")
"""


@pytest.fixture
def env(db: Database, tmp_path: Path) -> dict[str, str]:
    return environment(db.url, "memory://", tmp_path)


def start(env: dict[str, str]) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "working"
    return process


def stop(process: "subprocess.Popen[str]") -> tuple[float, int, str]:
    """Seconds it took, megabytes it held, threads that were left."""
    said, _ = process.communicate("", timeout=PATIENCE)
    seconds, megabytes, threads = said.strip().split("|")
    return float(seconds), int(megabytes), threads


def test_rings_and_sweeps_are_heard_and_it_stops_in_seconds(db: Database, env: dict[str, str]) -> None:
    """A message is sent by a ring, or by the next sweep; at the end no thread and no unfinished hand-over is left."""
    due(db, 3)
    process = start(env)
    try:
        assert process.stdin is not None
        process.stdin.write("ring\n")
        process.stdin.flush()
        until(lambda: states(db) == {"closed": 3})
        due(db, 2)  # and nobody rings
        until(lambda: states(db) == {"closed": 5})
        seconds, megabytes, threads = stop(process)
    finally:
        process.kill()
        process.wait()
    assert seconds < 30, "seconds, on a busy machine too"
    assert megabytes < 200
    assert threads == "['MainThread']"
    assert attempts(db) == 5


def test_stopping_does_not_wait_for_a_long_round(db: Database, env: dict[str, str]) -> None:
    """A hundred messages are on their way: what is in hand is finished, the rest stays for the next start."""
    due(db, 100)
    process = start(env)
    try:
        until(lambda: states(db).get("closed", 0) >= 1)
        seconds, _, _ = stop(process)
    finally:
        process.kill()
        process.wait()
    assert seconds < 30, "seconds, on a busy machine too"
    assert set(states(db)) <= {"approved", "closed"}
    assert attempts(db) - given_back(db) == states(db)["closed"]


def given_back(db: Database) -> int:
    """How many of those in hand had not begun when it was asked to stop: they are free again."""
    with db.reading() as session:
        of_them = select(func.count()).where(Delivery.state == "refused", Delivery.reason == STOPPING)
        return session.scalar(of_them) or 0
