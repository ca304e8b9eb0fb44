"""The wordings of a message. They are only ever added; `messages.number` names the one in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.storage.base import Json
from engine.storage.models import Message, Revision


@dataclass(frozen=True, slots=True)
class Wording:
    """What a revision holds besides its number. No author: the writer, or a policy."""

    texts: Mapping[str, Mapping[str, str | None]]
    facts: Json
    findings: Sequence[Mapping[str, Any]]
    locale: str
    variant: int | None
    template_version_id: UUID | None
    mission_id: UUID | None
    author_id: UUID | None = None


def add_revision(session: Session, message: Message, wording: Wording, *, now: datetime) -> Revision:
    """Store it as the message's next revision, which is then the one in force. The caller holds the message."""
    message.number += 1
    revision = unstored(wording)
    revision.message_id, revision.number, revision.created_at = message.id, message.number, now
    session.add(revision)
    session.flush()
    return revision


def unstored(wording: Wording) -> Revision:
    """A revision of no message yet, to be read like a stored one."""
    return Revision(
        author_id=wording.author_id,
        template_version_id=wording.template_version_id,
        mission_id=wording.mission_id,
        variant=wording.variant,
        locale=wording.locale,
        texts=dict(wording.texts),
        facts=wording.facts,
        findings=list(wording.findings),
    )


def in_force() -> ColumnElement[bool]:
    """Whether a revision is the one in force of a message, to join the two."""
    return and_(Revision.message_id == Message.id, Revision.number == Message.number)


def revision_of(session: Session, message: Message, number: int | None = None) -> Revision:
    """The revision in force, or the one of this number."""
    wanted = message.number if number is None else number
    found = session.scalar(select(Revision).where(Revision.message_id == message.id, Revision.number == wanted))
    if found is None:
        raise NotFound(f"Message {message.id} has no revision {wanted}.")
    return found


def first_draft_of(session: Session, message: Message, in_force: Revision | None = None) -> Revision:
    """What the writer last drafted, before people worked on it: the revision `in_force` where nobody did."""
    if in_force is not None and in_force.number == message.number and in_force.author_id is None:
        return in_force
    found = session.scalar(
        select(Revision)
        .where(Revision.message_id == message.id, Revision.author_id.is_(None))
        .order_by(Revision.number.desc())
        .limit(1)
    )
    return found or revision_of(session, message)


def wording_of(revision: Revision) -> Wording:
    """What the revision says, to say it again with a change."""
    return Wording(
        texts=revision.texts,
        facts=revision.facts,
        findings=revision.findings,
        locale=revision.locale,
        variant=revision.variant,
        template_version_id=revision.template_version_id,
        mission_id=revision.mission_id,
        author_id=revision.author_id,
    )


def with_texts(
    wording: Wording, texts: Mapping[str, Mapping[str, str | None]], findings: Sequence[Mapping[str, Any]]
) -> Wording:
    """The same wording with other texts and what the tone check says of them."""
    return replace(wording, texts=texts, findings=findings)
