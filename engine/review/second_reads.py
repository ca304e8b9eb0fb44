"""A second pair of eyes: asked of one colleague or of anybody, answered with "fine" or with what should change.

One question may be open about a message (the database decides). `number` is the revision that was read; while a
question is open it is set only where the asker has approved that revision and its trigger wants four eyes: then another
person's "fine" on exactly this revision lets it go, and an edit in between makes the approval void.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.ids import new_id
from engine.notices.telling import News, tell
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.review.versions import expect, held
from engine.storage.models import Message, Person, SecondRead
from engine.storage.upsert import insert_into
from engine.write.stops import FINE

CHANGE = "change"
KIND = "second_read"
LONGEST = 1_000
ROLE = "agent"


@dataclass(frozen=True, slots=True)
class Word:
    """What the reader says: `fine` or `change`, and in words what should change."""

    answer: str
    remark: str = ""


def ask_second_read(
    session: Session, message_id: UUID, *, of: UUID | None, question: str, person: Person, now: datetime
) -> None:
    """Ask one colleague, or anybody, to read the message. It changes nothing of the text, so it needs no version.

    Raises Conflict where a question is open already, InvalidInput where the colleague could not answer.
    """
    require(person, ROLE)
    message = held(session, message_id)
    expect(message, "in_review", "be shown to a colleague")
    if of is not None:
        _check_reader(session, of, person)
    row: dict[str, Any] = {
        "id": new_id(),
        "message_id": message.id,
        "asked_by": person.id,
        "asked_of": of,
        "question": _words(question) or None,
        "asked_at": now,
    }
    if not _insert(session, row):
        raise Conflict("Somebody was asked about this message already. Wait for the answer, or take the question back.")
    record(session, Doer(person.name, person.id), "ask_second_read", message, now=now, of=str(of) if of else None)
    _tell_reader(session, row["id"], of, message.id, now=now)


def withdraw_second_read(session: Session, message_id: UUID, *, person: Person, now: datetime) -> None:
    """Take the open question back. Any agent may: who asked may be away. An approval that waited for it is void."""
    require(person, ROLE)
    message = held(session, message_id)
    if settle_open(session, message, by=person, now=now):
        record(session, Doer(person.name, person.id), "withdraw_second_read", message, now=now)


def open_read(session: Session, message_id: UUID) -> SecondRead | None:
    """The open question about a message."""
    return session.scalar(
        select(SecondRead).where(SecondRead.message_id == message_id, SecondRead.answered_at.is_(None))
    )


def first_approval(session: Session, message: Message) -> Person | None:
    """Who approved the revision in force and waits for another person to say that it is fine."""
    read = open_read(session, message.id)
    if read is None or read.number != message.number or read.asked_by is None:
        return None
    first = session.get(Person, read.asked_by)
    return first if first is not None and first.active else None


def wait_for_another(
    session: Session, message: Message, person: Person, seen: Collection[str], *, now: datetime
) -> None:
    """The first of two approvals: it is stored as the open question, with the texts that the approver had seen. A
    question that was open becomes this one. The caller holds the message."""
    row: dict[str, Any] = {"id": new_id(), "message_id": message.id, "asked_by": person.id, "asked_at": now}
    row["number"] = message.number
    if not _insert(session, row):
        read = open_read(session, message.id)
        assert read is not None
        read.asked_by, read.number = person.id, message.number
        read.asked_of = None if read.asked_of == person.id else read.asked_of
        row["id"] = read.id
    message.approved_texts = list(dict.fromkeys(seen))
    record(session, Doer(person.name, person.id), "approve_first", message, now=now, revision=message.number)
    _tell_reader(session, row["id"], None, message.id, now=now)
    session.flush()


def check_may_answer(session: Session, message: Message, person: Person) -> SecondRead:
    """The open question, if this person may answer it."""
    read = open_read(session, message.id)
    if read is None:
        raise Conflict("Nobody waits for an answer about this message any more.")
    if read.asked_by == person.id:
        raise NotAllowed("You asked this yourself; a second pair of eyes is somebody else's.")
    if read.asked_of is not None and read.asked_of != person.id:
        raise NotAllowed("This was asked of somebody else.")
    return read


def give_word(
    session: Session, message: Message, read: SecondRead, word: Word, *, person: Person, now: datetime
) -> None:
    """Store the answer on the revision in force, and have the asker told. The caller holds the message."""
    if word.answer not in (FINE, CHANGE):
        raise InvalidInput("answer: say whether it is fine or should be changed.")
    remark = _words(word.remark)
    if word.answer == CHANGE and not remark:
        raise InvalidInput("remark: say in a few words what should be changed.")
    read.number, read.answer, read.remark = message.number, word.answer, remark or None
    read.answered_by, read.answered_at = person.id, now
    session.flush()
    if read.asked_by is None:
        return
    said = "It is fine." if word.answer == FINE else "Something should be changed; the remark stands beside the text."
    news = News(
        key=f"{KIND}:{read.id}:answered",
        kind=KIND,
        subject="Your draft was read a second time",
        body=f"{person.name} read the draft that you asked about. {said}",
        path=f"/messages/{message.id}",
        person_id=read.asked_by,
    )
    tell(session, news, now=now)


def settle_open(session: Session, message: Message, *, by: Person, now: datetime, fine: bool = False) -> bool:
    """Close the open question, if there is one: without an answer, or as fine. The caller holds the message."""
    read = open_read(session, message.id)
    if read is None:
        return False
    read.answered_by, read.answered_at = by.id, now
    if fine:
        read.number, read.answer = message.number, FINE
    session.flush()
    return True


def waiting_for(session: Session, person_id: UUID, *, limit: int = 100) -> list[SecondRead]:
    """The open questions that this person may answer, the oldest first."""
    found = session.scalars(
        select(SecondRead)
        .join(Message, Message.id == SecondRead.message_id)
        .where(
            SecondRead.answered_at.is_(None),
            Message.state == "in_review",
            or_(SecondRead.asked_of == person_id, SecondRead.asked_of.is_(None)),
            or_(SecondRead.asked_by.is_(None), SecondRead.asked_by != person_id),
        )
        .order_by(SecondRead.asked_at, SecondRead.id)
        .limit(limit)
    )
    return list(found)


def approved_first_by(session: Session, person_id: UUID) -> set[UUID]:
    """The messages that this person approved, and that wait for somebody else's word."""
    mine = select(SecondRead.message_id).where(
        SecondRead.asked_by == person_id, SecondRead.number.is_not(None), SecondRead.answered_at.is_(None)
    )
    return set(session.scalars(mine))


def _insert(session: Session, row: dict[str, Any]) -> bool:
    insert = insert_into(session, SecondRead).values(row).on_conflict_do_nothing()
    return session.execute(insert.returning(SecondRead.__table__.c.id)).scalar() is not None


def _check_reader(session: Session, reader_id: UUID, person: Person) -> None:
    reader = session.get(Person, reader_id)
    if reader is None or not reader.active or reader.role == "viewer":
        raise InvalidInput("of: this colleague cannot read it for you.")
    if reader.id == person.id:
        raise InvalidInput("of: a second pair of eyes is somebody else's.")


def _tell_reader(session: Session, read_id: object, of: UUID | None, message_id: UUID, *, now: datetime) -> None:
    """Of anybody: the company's webhook alone, and the page of second reads."""
    news = News(
        key=f"{KIND}:{read_id}:asked",
        kind=KIND,
        subject="A colleague asks you to read a draft",
        body="A colleague would like a second pair of eyes on a draft before it goes.",
        path=f"/messages/{message_id}",
        person_id=of,
    )
    tell(session, news, now=now)


def _words(text: str) -> str:
    return text.strip()[:LONGEST]
