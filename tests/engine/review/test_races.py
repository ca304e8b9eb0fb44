"""Two people, or a person and a worker, decide at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict
from engine.review.decisions import ChangedMeanwhile, approve, edit, undo
from engine.send.claiming import Door, claim_due
from engine.storage.models import Delivery, Message, Person, Revision
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.review.desk import person, written
from tests.engine.write.desk import birthday, seed

Decide = Callable[[Session, Person, UUID, int], object]


def at_once(db: Database, *works: Callable[[Session], object]) -> list[object]:
    """Each in a transaction of its own, begun together; answers or conflicts."""
    together = Barrier(len(works))

    def run(work: Callable[[Session], object]) -> object:
        together.wait()
        try:
            with db.writing() as session:
                return work(session)
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.fixture
def desk(db: Database) -> tuple[UUID, int, list[Person]]:
    """A written message and the two who look at it."""
    with db.writing() as session:
        seed(session)
        message = written(session, birthday(session))
        return message.id, message.version, [person(session, "Ada Agent"), person(session, "Bob Agent")]


def edit_as(someone: Person, message_id: UUID, version: int) -> Callable[[Session], object]:
    texts = {"email": {"subject": "x", "body": f"Dear Ada, by {someone.name}."}}
    return lambda session: edit(session, message_id, texts, version=version, person=someone, now=NOW).number


def test_of_two_edits_at_once_one_is_stored_and_the_other_gets_both_texts(
    db: Database, desk: tuple[UUID, int, list[Person]]
) -> None:
    """The version decides, on both databases, however often it is tried."""
    message_id, version, people = desk
    answers = at_once(db, *(edit_as(one, message_id, version) for one in people))
    refused = [answer for answer in answers if isinstance(answer, ChangedMeanwhile)]
    assert [answer for answer in answers if answer == 2] == [2]
    assert len(refused) == 1
    assert refused[0].yours["email"]["body"] != refused[0].theirs["email"]["body"]
    with db.reading() as session:
        assert len(session.scalars(select(Revision)).all()) == 2


def test_of_two_approvals_at_once_one_signs(db: Database, desk: tuple[UUID, int, list[Person]]) -> None:
    """One name stands under it, and one revision was made for it."""
    message_id, version, people = desk

    def approve_as(someone: Person) -> Callable[[Session], object]:
        return lambda session: approve(session, message_id, version=version, person=someone, now=NOW).approved_by

    answers = at_once(db, *(approve_as(one) for one in people))
    assert sum(isinstance(answer, ChangedMeanwhile) for answer in answers) == 1
    with db.reading() as session:
        assert session.get_one(Message, message_id).approved_by in answers
        assert session.get_one(Message, message_id).number == 2


def test_an_undo_and_a_claim_at_once_never_both_win(db: Database, desk: tuple[UUID, int, list[Person]]) -> None:
    """Either it is back in review and no worker has it, or a worker has it and it stays approved."""
    message_id, version, people = desk
    with db.writing() as session:
        message = approve(session, message_id, version=version, person=people[0], now=NOW, release_seconds=0)
        version, due = message.version, max(message.send_at, NOW) + timedelta(seconds=1)
    at_once(
        db,
        lambda session: undo(session, message_id, version=version, person=people[0], now=due),
        lambda session: claim_due(session, Door("w", not_of=()), now=due, machine=due),
    )
    with db.reading() as session:
        claimed = len(session.scalars(select(Delivery)).all())
        assert (session.get_one(Message, message_id).state, claimed) in (("in_review", 0), ("approved", 1))
