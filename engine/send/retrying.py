"""When a message that was not taken is tried again, how often, and how it ends when that did not help."""

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from engine.plan.ending import end_message
from engine.send.claiming import MAX_ATTEMPTS
from engine.send.gates import LONGEST_RETRY_AFTER
from engine.storage.models import Message

GAVE_UP = "gave_up"


def try_later(
    session: Session, message_id: UUID, reason: str, *, now: datetime, retry_after: float | None = None
) -> None:
    """Try an approved message again after a while, and not before the provider asked for it; one that has had its
    attempts ends where people see it."""
    attempts = session.scalar(select(Message.attempts).where(Message.id == message_id)) or 0
    if attempts >= MAX_ATTEMPTS:
        give_up(session, message_id, reason, now=now)
        return
    asked = min(timedelta(seconds=max(0.0, min(retry_after or 0.0, 1e6))), LONGEST_RETRY_AFTER)
    send_at = now + max(back_off(attempts), asked)
    session.execute(update(Message).where(Message.id == message_id).values(send_at=send_at))


def give_up(session: Session, message_id: UUID, reason: str, *, now: datetime) -> bool:
    """End a message that has had its attempts. A person who lets it go again gives it new ones."""
    session.execute(update(Message).where(Message.id == message_id).values(attempts=0))
    return end_message(session, message_id, "skipped", reason, now=now)


def give_attempts_back(session: Session, message_ids: Collection[UUID]) -> None:
    """It was not these messages' fault."""
    session.execute(
        update(Message)
        .where(Message.id.in_(message_ids))
        .values(attempts=case((Message.attempts > 0, Message.attempts - 1), else_=0))
        .execution_options(synchronize_session=False)
    )


def back_off(attempts: int) -> timedelta:
    """1, 2, 4, 8 minutes, each up to half longer, so that refused messages do not all come back together."""
    return timedelta(minutes=2 ** max(attempts - 1, 0)) * (1 + random.random() / 2)  # noqa: S311 - no secret
