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
from engine import clock
from engine.send.claiming import Door, claim_due
from engine.send.switch import stop_sending
from engine.storage.models import Answer, Gate, Message, Notice
from engine.storage.session import Database
from tests.cli.conftest import Terminal
from tests.engine.answer.answers import answer, replied
from tests.engine.send.approved import approve


@pytest.fixture
def db(ready: Terminal) -> Database:
    """The database of the terminal's installation."""
    return Database(f"sqlite:///{ready.home / 'home' / 'jubilee.db'}")


def ahead(of_now: timedelta = timedelta()) -> datetime:
    """So far ahead of the real clock, by which the probe runs: asked anew each time, as suites run for long."""
    return datetime.now(UTC) + of_now


def due(db: Database, since: timedelta) -> None:
    then = ahead(-since)
    with db.writing() as session:
        approve(session, send_at=then, release_at=then)


def test_all_is_well_where_nothing_is_due(ready: Terminal) -> None:
    """Exit code 0 and a line for each activity."""
    found = [one["activity"] for one in ready.ask("probe")]
    assert found == ["plan", "write", "deadlines", "send", "answer", "settle", "notices", "rehearse"]


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
    due(db, timedelta(hours=5))
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
        session.add(Gate(channel="email", tokens=0, refilled_at=ahead(), closed_until=ahead(timedelta(hours=1))))
    ready.run("probe", "send")
    with db.writing() as session:
        session.execute(update(Gate).values(closed_until=ahead(timedelta(seconds=-1))))
    ready.run("probe", "send", code=Exit.FOUND_FAULTS)


def test_an_activity_that_there_is_not(ready: Terminal) -> None:
    """Exit code 2, with the names."""
    assert "plan, write" in ready.run("probe", "sending", code=Exit.USAGE).stderr


def test_it_ends_in_time_whatever_hangs(tmp_path: Path) -> None:
    """A database that takes the connection and says nothing: exit code 1 after the seconds that were given, beside what
    starting alone takes on this machine just now."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://x@127.0.0.1:{silent.getsockname()[1]}/x"
        home = {"JUBILEE_DATABASE_URL": url, "JUBILEE_HOME": str(tmp_path)}
        started, starting = _ran(home, "probe", "--help")
        ran, took = _ran(home, "probe", "--seconds", "2")
    assert started.returncode == 0
    assert (ran.returncode, ran.stderr.strip()) == (1, "error: no answer within 2 seconds")
    assert took - starting < 60, "a busy machine may start it later than before; what hangs would hang for ever"


def _ran(home: dict[str, str], *words: str) -> tuple[subprocess.CompletedProcess[str], float]:
    command = [sys.executable, "-c", "from cli.main import app; app()", *words]
    began = time.monotonic()
    ran = subprocess.run(command, env=os.environ | home, capture_output=True, text=True, check=False)
    return ran, time.monotonic() - began


def test_an_answer_and_a_notice_that_nobody_takes_are_faults(ready: Terminal, db: Database) -> None:
    """Each by its own name; an answer whose minute has not come is not due, nor is a notice that was told."""
    since = ahead(timedelta(hours=-1))
    with db.writing() as session:
        written = answer(session, replied(session))
        written.release_at = ahead(timedelta(hours=1))
        values = {"kind": "test", "subject": "s", "body": "b", "path": "/", "created_at": since, "next_at": since}
        session.add(Notice(key="told", sent_at=ahead(timedelta(minutes=-40)), **values))
    assert [one["due"] for one in ready.ask("probe", "answer", "notices")] == [0, 0]
    with db.writing() as session:
        session.execute(update(Answer).values(release_at=since))
        session.add(Notice(key="untold", **values))
    for activity in ("answer", "notices"):
        assert "nobody works on it" in ready.run("probe", activity, code=Exit.FOUND_FAULTS).stdout
    ready.run("probe", "send", "plan")
    with db.writing() as session:
        session.add(Gate(channel="email", tokens=0, refilled_at=ahead(), closed_until=ahead(timedelta(hours=1))))
    ready.run("probe", "answer")


def test_a_lease_runs_by_the_clock_that_no_demonstration_moves(ready: Terminal, db: Database) -> None:
    """What a killed worker had claimed is not late for as long as the demonstration is ahead."""
    with db.writing() as session:
        clock.move_on(session, hours=29)
    due(db, timedelta(hours=-28))
    with db.writing() as session:
        assert claim_due(session, Door("one", limit=1), now=clock.now(session), machine=clock.machine_now())
    (settling,) = [one for one in ready.ask("probe") if one["activity"] == "settle"]
    assert (settling["due"], settling["oldest_seconds"]) == (0, 0)
