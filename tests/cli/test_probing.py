"""`jubilee probe`: what a container's health check asks."""

import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from cli.output import Exit
from engine.send.claiming import Door, claim_due
from engine.send.switch import stop_sending
from engine.storage.models import Gate, Message
from engine.storage.session import Database
from tests.cli.conftest import Terminal
from tests.engine.send.approved import approve

NOW = datetime.now(UTC)


@pytest.fixture
def db(ready: Terminal) -> Database:
    """The database of the terminal's installation."""
    return Database(f"sqlite:///{ready.home / 'home' / 'jubilee.db'}")


def due(db: Database, since: timedelta) -> None:
    with db.writing() as session:
        approve(session, send_at=NOW - since, release_at=NOW - since)


def test_all_is_well_where_nothing_is_due(ready: Terminal) -> None:
    """Exit code 0 and a line for each activity."""
    assert [one["activity"] for one in ready.ask("probe")] == ["plan", "write", "deadlines", "send", "settle"]


def test_a_message_that_nobody_takes_is_a_fault(ready: Terminal, db: Database) -> None:
    """Due for an hour and nothing moved: exit code 3, for this activity alone."""
    due(db, timedelta(hours=1))
    assert "nobody works on it" in ready.run("probe", "send", code=Exit.FOUND_FAULTS).stdout
    ready.run("probe", "plan", "write")


def test_a_short_wait_is_none(ready: Terminal, db: Database) -> None:
    """Five minutes; with a limit of two it is."""
    due(db, timedelta(minutes=5))
    ready.run("probe", "send")
    ready.run("probe", "send", "--minutes", "2", code=Exit.FOUND_FAULTS)


def test_a_long_queue_that_moves_is_no_fault(ready: Terminal, db: Database) -> None:
    """The oldest has waited for hours, but something was taken just now: a restart would not make it faster."""
    due(db, timedelta(hours=3))
    with db.writing() as session:
        approve(session, send_at=NOW - timedelta(hours=5), release_at=NOW - timedelta(hours=5))
    with db.writing() as session:
        claim_due(session, Door("one", limit=1), now=datetime.now(UTC), machine=datetime.now(UTC))
    ready.run("probe", "send")


def test_what_waits_on_purpose_is_not_due(ready: Terminal, db: Database) -> None:
    """Sending is stopped, or the provider's gate is closed: no worker can help that."""
    due(db, timedelta(hours=1))
    with db.writing() as session:
        stop_sending(session)
    ready.run("probe", "send")
    with db.writing() as session:
        stop_sending(session, stopped=False)
        session.execute(update(Message).values(channel="email"))
        session.add(Gate(channel="email", tokens=0, refilled_at=NOW, closed_until=NOW + timedelta(hours=1)))
    ready.run("probe", "send")
    with db.writing() as session:
        session.execute(update(Gate).values(closed_until=NOW - timedelta(seconds=1)))
    ready.run("probe", "send", code=Exit.FOUND_FAULTS)


def test_an_activity_that_there_is_not(ready: Terminal) -> None:
    """Exit code 2, with the names."""
    assert "plan, write" in ready.run("probe", "sending", code=Exit.USAGE).stderr


def test_it_ends_in_time_whatever_hangs(tmp_path: Path) -> None:
    """A database that takes the connection and says nothing: exit code 1 after the seconds that were given."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://x@127.0.0.1:{silent.getsockname()[1]}/x"
        began = time.monotonic()
        ran = subprocess.run(
            [sys.executable, "-c", "from cli.main import app; app()", "probe", "--seconds", "2"],
            env=os.environ | {"JUBILEE_DATABASE_URL": url, "JUBILEE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (ran.returncode, ran.stderr.strip()) == (1, "error: no answer within 2 seconds")
    assert time.monotonic() - began < 8
