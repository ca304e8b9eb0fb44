"""Tries of passwords: counted in the database, so that every process counts the same."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.tries import SIGN_IN, take, take_off
from engine.storage.models import Tries
from engine.storage.session import Database
from tests.engine.builders import NOW

HERE, THERE = "192.0.2.1", "192.0.2.2"


def tried(
    session: Session, account: str = "mia@example.com", address: str = HERE, *, times: int = 1, after=timedelta()
):
    return [take(session, SIGN_IN, account, address, machine=NOW + after) for _ in range(times)][-1]


def test_after_five_tries_one_waits(session: Session) -> None:
    """Until five minutes after the first."""
    assert tried(session, times=5)
    assert not tried(session)
    assert not tried(session, after=SIGN_IN.window - timedelta(seconds=1))
    assert tried(session, after=SIGN_IN.window)


def test_nobody_locks_somebody_else_out(session: Session) -> None:
    """The same account from elsewhere, and another from here, may be tried."""
    tried(session, times=9)
    assert tried(session, address=THERE)
    assert tried(session, account="tom@example.com")


def test_one_address_may_not_try_every_account(session: Session) -> None:
    """Thirty tries, whatever the accounts."""
    for number in range(SIGN_IN.per_address):
        assert tried(session, account=f"p{number}@example.com")
    assert not tried(session, account="mia@example.com")
    assert tried(session, account="mia@example.com", address=THERE)


def test_the_right_password_is_taken_off(session: Session) -> None:
    """An office behind one address signs in as often as it likes; failures stay counted."""
    for _ in range(3 * SIGN_IN.per_address):
        assert tried(session)
        take_off(session, SIGN_IN, "mia@example.com", HERE)
    tried(session, account="tom@example.com", times=5)
    take_off(session, SIGN_IN, "mia@example.com", HERE)
    assert not tried(session, account="tom@example.com")


def test_what_was_typed_is_not_kept(session: Session) -> None:
    """A password in the wrong field stands nowhere; and what is over is deleted."""
    tried(session, account="my secret password")
    assert all(len(row.key) == 64 for row in session.scalars(select(Tries)))
    tried(session, account="tom@example.com", after=timedelta(days=1))
    assert len(session.scalars(select(Tries)).all()) == 2


@pytest.mark.databases("postgres")
def test_a_hundred_at_the_same_moment_are_a_hundred(db: Database) -> None:
    """Counted before they are looked at: five pass, whichever process they came to."""
    start, passed = threading.Barrier(12), []

    def attempt() -> None:
        start.wait()
        with db.writing() as session:
            if tried(session):
                passed.append(1)

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(passed) == SIGN_IN.per_account
