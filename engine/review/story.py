"""The story of one message: what happened to it, who said that it feels wrong, who read it for whom."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.orm import Session, aliased

from engine.review.opinions import FlagView, Happened, ReadView
from engine.storage.models import AuditEntry, Flag, Message, Person, SecondRead


def history_of(session: Session, message_id: UUID) -> Sequence[Happened]:
    """Everything that people and Jubilee did to it, the oldest first."""
    rows = session.execute(
        select(AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.detail)
        .where(AuditEntry.subject == "message", AuditEntry.subject_id == message_id)
        .order_by(AuditEntry.id)
    )
    return [Happened(*row) for row in rows]


def names_of(session: Session, person_ids: Sequence[UUID | None]) -> Mapping[UUID | None, str]:
    """Person id -> name."""
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_([one for one in person_ids if one])))
    return {row.id: row.name for row in rows}


def flags_of(session: Session, message_id: UUID) -> Sequence[FlagView]:
    """What was said to feel wrong about it, the newest first."""
    newest = _flags().where(Flag.message_id == message_id).order_by(Flag.raised_at.desc(), Flag.id.desc())
    return [FlagView(*row) for row in session.execute(newest)]


def all_flags(session: Session, *, limit: int = 100) -> Sequence[FlagView]:
    """Those that wait for an answer, the oldest first; then the answered ones, the newest first."""
    waiting = _flags().where(Flag.answered_at.is_(None)).order_by(Flag.raised_at, Flag.id).limit(limit)
    answered = _flags().where(Flag.answered_at.is_not(None)).order_by(Flag.answered_at.desc(), Flag.id).limit(limit)
    rows = (*session.execute(waiting), *session.execute(answered))
    return [FlagView(*row) for row in rows]


def _flags() -> Any:
    raiser, answerer = aliased(Person), aliased(Person)
    return (
        select(
            Flag.id,
            Flag.message_id,
            Flag.text,
            raiser.name,
            Flag.raised_at,
            Flag.paused_trigger,
            Flag.outcome,
            Flag.answer,
            answerer.name,
            Flag.answered_at,
            Message.state,
            Message.reason,
            case((Message.state == "approved", Message.expires_at), else_=Message.deadline_at),
        )
        .join(Message, Message.id == Flag.message_id)
        .outerjoin(raiser, raiser.id == Flag.raised_by)
        .outerjoin(answerer, answerer.id == Flag.answered_by)
    )


def second_reads_of(session: Session, message_id: UUID, person_id: UUID | None) -> Sequence[ReadView]:
    """Who was asked to read it, and what they said, the newest first. `person_id` is who looks."""
    by, of, reads = aliased(Person), aliased(Person), aliased(Person)
    rows = session.execute(
        select(SecondRead, by.name, of.name, reads.name)
        .outerjoin(by, by.id == SecondRead.asked_by)
        .outerjoin(of, of.id == SecondRead.asked_of)
        .outerjoin(reads, reads.id == SecondRead.answered_by)
        .where(SecondRead.message_id == message_id)
        .order_by(SecondRead.asked_at.desc(), SecondRead.id.desc())
    )
    return [_read(read, (asker, asked, reader), person_id) for read, asker, asked, reader in rows]


def _read(read: SecondRead, names: tuple[str | None, str | None, str | None], person_id: UUID | None) -> ReadView:
    asker, asked, reader = names
    theirs = person_id is not None and read.asked_by != person_id and read.asked_of in (None, person_id)
    return ReadView(
        question=read.question,
        asked_by=asker,
        asked_of=asked,
        asked_at=read.asked_at,
        number=read.number,
        answer=read.answer,
        remark=read.remark,
        answered_by=reader,
        answered_at=read.answered_at,
        may_answer=theirs and read.answered_at is None,
    )
