"""R9 and R10: PostgreSQL restarts, loses connections, refuses to write; SQLite is busy, killed, copied."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time as pause
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from engine.storage.migrate import upgrade
from engine.storage.session import Database
from tests.faults.site import Site, settle, terminate_backends
from tests.servers.postgres import PostgresServer, administration, create_database
from tests.servers.provider import Provider
from tests.servers.run import ROOT
from tests.workers.celery_processes import until


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test alone."""
    with PostgresServer() as server:
        yield server


def rests(count: Callable[[], int]) -> bool:
    """Whether it stays the same for two seconds."""
    before = count()
    pause.sleep(2)
    return count() == before


def test_r9_the_server_crashes_and_comes_back(
    own_postgres: PostgresServer, stub: Provider, redis_url: str, tmp_path: Path
) -> None:
    """In the middle of many hand-overs: of what was in hand we may not know, everything else goes once."""
    url = own_postgres.url("jubilee")
    create_database(url)
    upgrade(url)
    site = Site(Database(url), stub, redis_url, tmp_path)
    site.due(150)
    with site.worker(), site.beat():
        until(lambda: len(stub.accepted()) >= 30)
        own_postgres.stop()
        # What is in hand has its recorded intent and still goes; that nothing goes without one is asked at the end.
        until(lambda: rests(lambda: len(stub.accepted())))
        own_postgres.start()
        site.db.dispose()
        until(lambda: site.states()["approved"] == 0)
        site.end_leases()
        settle(site)
    site.all_is_well(unconfirmed=2 * 100)
    site.db.dispose()
    site.close()


@pytest.mark.databases("postgres")
def test_r9_connections_are_cut_again_and_again(site: Site) -> None:
    """In the middle of transactions: no half-written state, and no message is lost or sent twice."""
    site.due(100)
    with site.worker(), site.beat():
        for share in (10, 30, 60):
            # What a cut leaves unconfirmed never comes: then nothing is left to wait for.
            until(lambda at=share: len(site.stub.accepted()) >= at or not site.states()["approved"])  # type: ignore[misc]
            site.db.dispose()
            terminate_backends(site.db.url)
        until(lambda: site.states()["approved"] == 0)
        site.end_leases()
        settle(site)
    site.all_is_well(unconfirmed=3 * 2 * 100)


@pytest.mark.databases("postgres")
def test_r9_a_database_that_takes_no_writes(site: Site) -> None:
    """Read-only, as after a failover or with a full disk: nothing is handed over until it writes again."""
    name = site.db.url.rpartition("/")[2]
    with administration(site.db.url) as connection:
        site.due(5)
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")  # type: ignore[call-overload]
        with site.worker():
            site.ring()
            until(lambda: "ReadOnly" in site.log())
            assert site.accepted() == {}
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")  # type: ignore[call-overload]
            site.db.dispose()
            terminate_backends(site.db.url)
            site.sweep(accepted=5)
    site.all_is_well()


# SQLite: one machine, one file


def _write(url: str, many: int) -> None:
    """Each time look first and write then, as nearly everything does."""
    database = Database(url)
    for number in range(many):
        with database.writing() as session:
            count = session.scalar(text("SELECT count(*) FROM installation")) or 0
            session.execute(
                text("INSERT INTO installation (name, value) VALUES ('seen', :n) ON CONFLICT DO UPDATE SET value = :n"),
                {"n": str(count)},
            )
            session.execute(
                text("INSERT INTO installation (name, value) VALUES (:name, '1')"), {"name": f"{os.getpid()}:{number}"}
            )
    os._exit(0)


def _write_one(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("INSERT INTO installation (name, value) VALUES ('b:1', '1')"))


def _sound(db: Database) -> int:
    """How many rows there are, of a file that is in order."""
    with db.reading() as session:
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        return int(session.scalar(text("SELECT count(*) FROM installation WHERE name LIKE '%:%'")) or 0)


@pytest.mark.databases("sqlite")
def test_r10_two_processes_write_at_once(db: Database) -> None:
    """They take turns: no write is lost, none fails."""
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write, args=(db.url, 100)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert _sound(db) == 200


@pytest.mark.databases("sqlite")
def test_r10_a_writer_that_waits_too_long_is_told(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """`database is locked`, after the time it may wait, and nothing of it was written."""
    monkeypatch.setattr("engine.storage.session.BUSY_TIMEOUT_MS", 200)
    impatient = Database(db.url)
    with db.writing() as first:
        first.execute(text("INSERT INTO installation (name, value) VALUES ('a:1', '1')"))
        with pytest.raises(OperationalError, match="database is locked"):
            _write_one(impatient)
    impatient.dispose()
    assert _sound(db) == 1


@pytest.mark.databases("sqlite")
def test_r10_a_writer_that_is_killed(db: Database) -> None:
    """Kill -9 while it writes, three times: the file is in order and every commit that was answered is there."""
    for number in range(3):
        writer = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys; from engine.storage.session import Database; from sqlalchemy import text\n"
                "db = Database(sys.argv[1])\n"
                "for n in range(100000):\n"
                "    with db.writing() as session:\n"
                "        session.execute(text('INSERT INTO installation (name, value) VALUES (:n, 1)'),"
                " {'n': f'{sys.argv[2]}:{n}'})\n"
                "    print(n, flush=True)\n",
                db.url,
                str(number),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        answered = 0
        while answered < 50:
            answered = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        answered = int((writer.stdout.read().split() or [str(answered)])[-1])
        writer.wait()
        writer.stdout.close()
        _sound(db)
        with db.reading() as session:
            kept = session.scalar(text("SELECT count(*) FROM installation WHERE name LIKE :n"), {"n": f"{number}:%"})
        assert kept >= answered + 1


@pytest.mark.databases("sqlite")
def test_r10_a_copy_made_while_it_is_written(db: Database, tmp_path: Path) -> None:
    """`VACUUM INTO`, as the how-to says, gives a whole database; the writer does not notice."""
    fork = multiprocessing.get_context("fork")
    writer = fork.Process(target=_write, args=(db.url, 300))
    writer.start()
    for number in range(3):
        with sqlite3.connect(db.url.removeprefix("sqlite:///"), timeout=30) as connection:
            connection.execute("VACUUM INTO ?", [str(tmp_path / f"{number}.db")])
        connection.close()
        copy = Database(f"sqlite:///{tmp_path / f'{number}.db'}")
        _sound(copy)
        copy.dispose()
    writer.join()
    assert _sound(db) == 300
