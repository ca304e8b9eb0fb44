"""Sessions: what is kept from one to the next."""

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg._queries import _query2pg
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from engine.storage.models import Person
from engine.storage.session import Database


@pytest.mark.databases("postgres")
def test_a_reader_does_not_make_the_server_forget_what_it_has_planned(db: Database) -> None:
    """Reading ends with a rollback, at which the driver forgets what is prepared; writing keeps it."""
    for _ in range(8):
        with db.writing() as session:
            session.execute(text("SELECT 1 + :n"), {"n": 1})
        with db.reading() as session:
            session.execute(text("SELECT 2"))
    with db.writing() as session:
        prepared = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    assert any("1 + $1" in statement for statement in prepared)


@pytest.mark.databases("postgres")
def test_the_driver_reads_a_long_statement_once(db: Database) -> None:
    """What it remembers is set by names of its own, which may be gone with another version of it."""
    long = text("SELECT " + " + ".join(f"CAST(:n{n} AS integer)" for n in range(300)))
    values = {f"n{n}": n for n in range(300)}
    with db.reading() as session:
        session.execute(long, values)
        before = _query2pg.cache_info()
        assert session.scalar(long, values) == sum(range(300))
    after = _query2pg.cache_info()
    assert (after.hits - before.hits, after.misses - before.misses) == (1, 0)


@pytest.mark.parametrize("refused", [{"email": "zenobia@example.com"}, {"name": None}])
def test_what_a_database_refuses_is_told_without_its_values(db: Database, refused: dict[str, Any]) -> None:
    """Errors end up in logs, where nothing of a customer or a person belongs: neither what was sent to the database nor
    the key or the row that it names itself."""
    person: dict[str, Any] = {"email": "zenobia@example.com", "name": "Zenobia", "role": "agent", "password_hash": "x"}
    person["created_at"] = datetime(2026, 1, 1, tzinfo=UTC)
    with db.writing() as session:
        session.execute(insert(Person), person)
    with pytest.raises(IntegrityError) as raised, db.writing() as session:
        session.execute(insert(Person), person | {"email": "zenobia.b@example.com"} | refused)
    told = f"{raised.value} {raised.value.orig}"
    assert "constraint" in told
    assert "enobia" not in told
