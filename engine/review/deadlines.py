"""What happens to a message that nobody reviewed in time: it is dropped, or, a light celebration, sent if its trigger
says so.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.audit import Doer, record
from engine.plan.ending import end_message
from engine.storage.models import Message, MessageMoment
from engine.write.approval import RELEASE_SECONDS, draft_of, policy_may_release
from engine.write.drafts import release_by_policy
from engine.write.questions import is_asked
from engine.write.revisions import revision_of

UNREVIEWED = "unreviewed"
DEADLINE = Doer("deadline")


def apply_deadlines(
    session: Session, *, now: datetime, limit: int = 500, release_seconds: int = RELEASE_SECONDS
) -> int:
    """Drop or release up to `limit` messages whose deadline is over; answers how many."""
    late = session.scalars(
        select(Message)
        .where(Message.state.in_(("draft", "in_review")), Message.deadline_at <= now)
        .order_by(Message.deadline_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for message in late:
        if not _release(session, message, now=now, release_seconds=release_seconds):
            _drop(session, message, now=now)
    return len(late)


def _release(session: Session, message: Message, *, now: datetime, release_seconds: int) -> bool:
    """Only what is written, light, a celebration, still in time, and nobody's half-finished edit."""
    if message.state != "in_review" or message.if_unreviewed != "send" or message.family != "celebrate":
        return False
    if message.expires_at <= now or not policy_may_release(session, message, revision_of(session, message)):
        return False
    draft = draft_of(session, message)
    return release_by_policy(session, draft, DEADLINE, now=now, release_seconds=release_seconds)


def _drop(session: Session, message: Message, *, now: datetime) -> None:
    """A draft that stopped keeps the name of its question as the reason: it says more than that nobody looked."""
    moments = session.scalars(select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id)).all()
    asked = is_asked(session, moments) if message.state == "draft" else None
    reason = f"held:{asked}" if asked else UNREVIEWED
    end_message(session, message.id, "expired", reason, now=now)
    record(session, DEADLINE, "drop", message, now=now, reason=reason)
