"""What open pages are told of without asking: how much waits, who writes at what, and what was just decided."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.review.queue import counts
from engine.review.taking import all_held
from engine.storage.models import AuditEntry, Message

_DECISIONS = {"approve": "approved", "skip": "skipped", "drop": "dropped"}
_REMEMBERED = timedelta(minutes=2)
_MOST = 200


@dataclass(frozen=True, slots=True)
class Watched:
    """One message that somebody has open. `holder` is who writes at it."""

    version: int
    state: str
    holder: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How things stand. `held` maps a message to who (id, name) writes at it since when, `decided` to what became of
    it. No customer is in it."""

    to_read: int
    questions: int
    held: Mapping[str, tuple[str, str, str]]
    decided: Mapping[str, str]
    watched: Mapping[UUID, Watched]


def snapshot(session: Session, watched: Collection[UUID], *, from_weight: int) -> Snapshot:
    """How things stand now, in a few statements however many pages are open."""
    now = clock.now(session)
    waiting = counts(session, now=now, from_weight=from_weight)
    held = all_held(session, now=now)
    rows = session.execute(
        select(AuditEntry.subject_id, AuditEntry.action, AuditEntry.actor)
        .where(AuditEntry.at > now - _REMEMBERED, AuditEntry.subject == "message")
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(_MOST)
    )
    last: dict[UUID, tuple[str, str]] = {}
    for message_id, action, actor in rows:
        last.setdefault(message_id, (action, actor))
    return Snapshot(
        to_read=waiting.in_review,
        questions=waiting.questions,
        held={
            str(message_id): (str(one.by), one.name, one.since.isoformat())
            for message_id, one in list(held.items())[:_MOST]
        },
        decided={
            str(message_id): f"{_DECISIONS[action].capitalize()} by {actor}."
            for message_id, (action, actor) in last.items()
            if action in _DECISIONS
        },
        watched=_watched(session, watched, {message_id: str(one.by) for message_id, one in held.items()}),
    )


def _watched(session: Session, ids: Collection[UUID], holders: Mapping[UUID, str]) -> dict[UUID, Watched]:
    if not ids:
        return {}
    rows = session.execute(select(Message.id, Message.version, Message.state).where(Message.id.in_(ids)))
    return {message_id: Watched(version, state, holders.get(message_id, "")) for message_id, version, state in rows}
