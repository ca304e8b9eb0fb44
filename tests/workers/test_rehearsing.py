"""A real worker on PostgreSQL and Redis runs what people asked for: stopped in a statement, killed, and begun anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text, update

from engine.backtest.kept import ask_rehearsal, stop_rehearsal
from engine.storage.models import Person, Rehearsal
from engine.storage.session import Database
from tests.engine.builders import make_definition
from tests.workers.celery_processes import environment, ring, until, worker

pytestmark = pytest.mark.databases("postgres")
TASK = "jubilee.rehearse"


@contextmanager
def locked(db: Database) -> Iterator[None]:
    """Whoever reads how customers changed waits meanwhile: a run that takes as long as a test wants."""
    with db.writing() as session:
        session.execute(text("LOCK TABLE customer_changes IN ACCESS EXCLUSIVE MODE"))
        yield


def ask(db: Database) -> UUID:
    """A backtest of a month."""
    with db.writing() as session:
        mia = session.query(Person).one()
        of = {"first": date(2025, 3, 1), "last": date(2025, 3, 31), "person": mia, "now": datetime.now(UTC)}
        return ask_rehearsal(session, "backtest", [make_definition(name="birthday")], **of).id


def kept(db: Database, rehearsal_id: UUID) -> tuple[str, int]:
    """Its state, and how often it was begun."""
    with db.reading() as session:
        found = session.get_one(Rehearsal, rehearsal_id)
        return found.state, found.attempts


def test_it_is_stopped_in_a_statement_and_begun_anew_after_a_kill(db: Database, redis_url: str, tmp_path: Path) -> None:
    """Whatever the worker is in the middle of: a stop is heard, and a death is noticed by the lease."""
    env = environment(db.url, redis_url, tmp_path)
    with db.writing() as session:
        asking = {"email": "mia@example.com", "name": "Mia", "role": "marketing", "password_hash": "x"}
        session.add(Person(**asking, created_at=datetime.now(UTC)))
    first = ask(db)
    with locked(db), worker(env, tmp_path / "one.log", queues="rehearse"):
        ring(env, TASK)
        until(lambda: kept(db, first) == ("running", 1))
        with db.writing() as session:
            stop_rehearsal(session, first, person=session.query(Person).one(), now=datetime.now(UTC))
        until(lambda: kept(db, first) == ("stopped", 1))
        second = ask(db)
        ring(env, TASK)
        until(lambda: kept(db, second) == ("running", 1))
    # The worker was killed on leaving the block, with the run in its hands.
    assert kept(db, second) == ("running", 1)
    with db.writing() as session:
        session.execute(update(Rehearsal).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    with worker(env, tmp_path / "two.log", queues="rehearse"):
        ring(env, TASK)
        until(lambda: kept(db, second) == ("done", 2))
