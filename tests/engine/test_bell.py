"""The bell rings after a commit, once, and never gets in anybody's way."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from engine import bell
from engine.storage.session import Database

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """What was published."""
    published: list[str] = []
    bell.hang(published.append)
    yield published
    bell.hang(None)


def touch(session: Session) -> None:
    """Begin a transaction for real."""
    session.connection()


def test_it_rings_after_the_commit_and_not_before(db: Database, heard: list[str]) -> None:
    """Whoever hears it finds the rows."""
    with db.writing() as session:
        bell.ring(session, "jubilee.plan")
        touch(session)
        assert heard == []
    assert heard == ["jubilee.plan"]


def test_a_rollback_forgets_it(db: Database, heard: list[str]) -> None:
    """Nothing was stored, so nobody is called."""
    with Session(db._writer) as session:
        bell.ring(session, "jubilee.plan")
        touch(session)
        session.rollback()
        touch(session)
        session.commit()
    assert heard == []


def test_ringing_often_is_heard_once(db: Database, heard: list[str]) -> None:
    """A task is published once for each commit."""
    with db.writing() as session:
        for task in ("jubilee.send", "jubilee.plan", "jubilee.send"):
            bell.ring(session, task)
        touch(session)
    assert heard == ["jubilee.plan", "jubilee.send"]


def test_a_session_that_commits_again_and_again_rings_once_each_time(db: Database, heard: list[str]) -> None:
    """Nothing is carried over, and no listener piles up."""
    with Session(db._writer) as session:
        for _ in range(3):
            bell.ring(session, "jubilee.plan")
            touch(session)
            session.commit()
            touch(session)
            session.commit()
        bell.ring(session, "jubilee.plan")
        touch(session)
        session.rollback()
        touch(session)
        session.commit()
    assert heard == ["jubilee.plan"] * 3


def test_a_savepoint_does_not_ring(db: Database, heard: list[str]) -> None:
    """Its rows are not there for others before the outer commit; what was rung before it is kept if it is undone."""
    with db.writing() as session:
        bell.ring(session, "jubilee.spot")
        with session.begin_nested():
            bell.ring(session, "jubilee.plan")
        assert heard == []
        nested = session.begin_nested()
        nested.rollback()
    assert heard == ["jubilee.plan", "jubilee.spot"]


def test_a_publisher_that_fails_is_nobodys_trouble(db: Database) -> None:
    """The commit stands, and for a while nobody else waits for the broken bell."""
    tried: list[str] = []

    def broken(task: str) -> None:
        tried.append(task)
        raise OSError("no broker")

    bell.hang(broken)
    try:
        for _ in range(3):
            with db.writing() as session:
                bell.ring(session, "jubilee.plan")
                touch(session)
        assert tried == ["jubilee.plan"]
        bell._bell.silent_until = time.monotonic()
        with db.writing() as session:
            bell.ring(session, "jubilee.plan")
            touch(session)
        assert tried == ["jubilee.plan"] * 2
    finally:
        bell.hang(None)


def test_without_a_publisher_ringing_does_nothing(db: Database) -> None:
    """The command line and most tests run so."""
    with db.writing() as session:
        bell.ring(session, "jubilee.plan")
        touch(session)
    assert session.info == {}
