"""Two people, or a person and a worker, decide at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.errors import Conflict
from engine.record.erasing import erase
from engine.review.decisions import ChangedMeanwhile, answer_second_read, approve, edit, skip, undo
from engine.review.flags import raise_flag
from engine.review.second_reads import Word, ask_second_read
from engine.review.versions import taken
from engine.send.claiming import Door, claim_due
from engine.storage.models import Delivery, Message, Person, Revision, SecondRead
from engine.storage.session import Database
from tests.engine.builders import NOW, make_trigger
from tests.engine.review.desk import person, written
from tests.engine.send.approved import Ending, approved
from tests.engine.write.desk import birthday, seed
from tests.workers.celery_processes import until

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


def test_an_approval_a_skip_and_an_edit_at_once_leave_one_decision(
    db: Database, desk: tuple[UUID, int, list[Person]]
) -> None:
    """One wins whole; the others are told, and nothing of theirs is mixed into it."""
    message_id, version, (ada, bob) = desk
    answers = at_once(
        db,
        lambda session: approve(session, message_id, version=version, person=ada, now=NOW).state,
        lambda session: skip(session, message_id, version=version, reason="no", person=bob, now=NOW).state,
        edit_as(bob, message_id, version),
    )
    assert sum(isinstance(answer, ChangedMeanwhile) for answer in answers) == 2
    with db.reading() as session:
        message = session.get_one(Message, message_id)
        mixed = (message.state, message.number, message.edited)
    assert mixed in (("approved", 2, False), ("skipped", 1, False), ("in_review", 2, True))


def test_an_approval_and_an_erasure_at_once_leave_nothing_that_goes(
    db: Database, desk: tuple[UUID, int, list[Person]]
) -> None:
    """Whoever comes first: the message ends, and no word of it is left."""
    message_id, version, (ada, _) = desk
    with db.reading() as session:
        customer_id = session.get_one(Message, message_id).customer_id
    at_once(
        db,
        lambda session: approve(session, message_id, version=version, person=ada, now=NOW).state,
        lambda session: erase(session, customer_id, now=NOW).stopped,
    )
    with db.reading() as session:
        assert session.get_one(Message, message_id).state == "skipped"
        assert all(texts == {} for texts in session.scalars(select(Revision.texts)))


@pytest.mark.databases("postgres")
def test_an_erasure_waits_for_an_approval_that_has_the_message(
    db: Database, desk: tuple[UUID, int, list[Person]]
) -> None:
    """And the approval for nothing: the second change of a row asks again for the customer whom it refers to."""
    message_id, version, (ada, _) = desk
    with db.reading() as session:
        customer_id = session.get_one(Message, message_id).customer_id

    def erase_them() -> int:
        with db.writing() as session:
            return erase(session, customer_id, now=NOW).stopped

    with ThreadPoolExecutor(1) as pool:
        with db.writing() as session:
            with taken(session, message_id, version):
                erasing = pool.submit(erase_them)
                until(lambda: waits_for_a_lock(db))
            approve(session, message_id, version=version + 1, person=ada, now=NOW)
        assert erasing.result(timeout=120) == 1
    with db.reading() as session:
        assert session.get_one(Message, message_id).state == "skipped"


def waits_for_a_lock(db: Database) -> bool:
    with db.reading() as session:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(session.scalar(text(waiting)))


def test_a_flag_and_a_hand_over_at_once_never_both_win(db: Database) -> None:
    """Either it went and the flag is refused, or it is stopped and the worker lets go of it."""
    message_id = approved(db)
    with db.writing() as session:
        agent, version = person(session), session.get_one(Message, message_id).version
    ending = Ending(db)
    claims = ending.claim()
    assert len(claims) == 1

    together = Barrier(2)

    def flagging() -> object:
        together.wait()
        try:
            with db.writing() as session:
                how: dict[str, Any] = {"version": version, "text": "no", "pause": False, "person": agent, "now": NOW}
                return raise_flag(session, message_id, **how).id
        except Conflict as conflict:
            return conflict

    def sending() -> int:
        together.wait()
        return ending.submit(claims)

    with ThreadPoolExecutor(2) as pool:
        flagged, sent = pool.submit(flagging), pool.submit(sending)
        stopped, gone = not isinstance(flagged.result(), Conflict), sent.result()
    assert stopped == (gone == 0)
    assert len(ending.calls) == gone


def test_two_fines_at_once_release_it_once(db: Database, desk: tuple[UUID, int, list[Person]]) -> None:
    """The second is told; one revision was signed."""
    _, _, (ada, bob) = desk
    with db.writing() as session:
        cleo = person(session, "Cleo Agent")
        message = written(session, birthday(session, trigger=make_trigger(session, review={"four_eyes": True})))
        approve(session, message.id, version=message.version, person=ada, now=NOW)
        message_id, version = message.id, message.version

    def fine_of(someone: Person) -> Callable[[Session], object]:
        return lambda session: (
            answer_second_read(session, message_id, Word("fine"), version=version, person=someone, now=NOW).state
        )

    answers = at_once(db, fine_of(bob), fine_of(cleo))
    assert sorted(isinstance(answer, Conflict) for answer in answers) == [False, True]
    with db.reading() as session:
        assert session.get_one(Message, message_id).number == 2


def test_two_questions_at_once_are_one(db: Database, desk: tuple[UUID, int, list[Person]]) -> None:
    """The database decides who was first."""
    message_id, _, people = desk

    def ask_as(someone: Person) -> Callable[[Session], object]:
        return lambda session: ask_second_read(session, message_id, of=None, question="", person=someone, now=NOW)

    answers = at_once(db, *(ask_as(one) for one in people))
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1
    with db.reading() as session:
        assert len(session.scalars(select(SecondRead)).all()) == 1
