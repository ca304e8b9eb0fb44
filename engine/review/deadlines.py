"""What happens to a message that nobody reviewed in time: it is dropped, or, a light celebration, sent if its trigger
says so.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.audit import Doer, record
from engine.plan.ending import end_message
from engine.plan.reasons import FEELS_WRONG
from engine.storage.models import Message, MessageMoment
from engine.write.approval import RELEASE_SECONDS, draft_of, policy_may_release
from engine.write.drafts import release_by_policy
from engine.write.questions import is_asked
from engine.write.revisions import revision_of
from engine.write.stops import is_flagged

UNREVIEWED = "unreviewed"
DEADLINE = Doer("deadline")


def apply_deadlines(
    session: Session,
    *,
    now: datetime,
    limit: int = 500,
    release_seconds: int = RELEASE_SECONDS,
    from_weight: int = 0,
) -> int:
    """Drop, release or show up to `limit` messages whose deadline is over; answers how many.

    Those lighter than `from_weight` stayed out of the queue because they go by themselves (engine/review/unread.py).
    """
    late = session.scalars(
        select(Message)
        .where(Message.state.in_(("draft", "in_review")), Message.deadline_at <= now)
        .order_by(Message.deadline_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for message in late:
        if _release(session, message, now=now, release_seconds=release_seconds):
            continue
        if message.weight < from_weight and _show(session, message, now=now):
            continue
        _drop(session, message, now=now)
    return len(late)


def _show(session: Session, message: Message, *, now: datetime) -> bool:
    """A light one that does not go after all, and that nobody may have seen: into the queue with it while there is
    still time, as it must not be dropped because it was not shown. Once; then its new deadline counts."""
    until = message.send_at if message.send_at > now else message.expires_at
    if message.state != "in_review" or message.must_read or until <= now:
        return False
    message.must_read, message.deadline_at = True, until
    message.version += 1
    record(session, DEADLINE, "show", message, now=now)
    session.flush()
    return True


def _release(session: Session, message: Message, *, now: datetime, release_seconds: int) -> bool:
    """Only what is written, light, a celebration, still in time, and nobody's half-finished edit."""
    if message.state != "in_review" or message.if_unreviewed != "send" or message.family != "celebrate":
        return False
    if message.expires_at <= now or not policy_may_release(session, message, revision_of(session, message)):
        return False
    draft = draft_of(session, message)
    return release_by_policy(session, draft, DEADLINE, now=now, release_seconds=release_seconds)


def _drop(session: Session, message: Message, *, now: datetime) -> None:
    """A draft that stopped keeps the name of its question as the reason: it says more than that nobody looked. So does
    what somebody stopped because it feels wrong."""
    moments = session.scalars(select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id)).all()
    asked = is_asked(session, moments) if message.state == "draft" else None
    asked = FEELS_WRONG if is_flagged(session, message.id) else asked
    reason = f"held:{asked}" if asked else UNREVIEWED
    end_message(session, message.id, "expired", reason, now=now)
    record(session, DEADLINE, "drop", message, now=now, reason=reason)
