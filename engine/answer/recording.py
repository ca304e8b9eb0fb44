"""Records what became of answers. Each change names the states it may start from, so that whoever comes late, comes
twice or was thought dead changes nothing.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from engine.answer.writing import wait_again
from engine.send.claiming import MAX_ATTEMPTS
from engine.send.gates import LONGEST_RETRY_AFTER
from engine.send.outgoing import Accepted, Refused
from engine.send.recording import Answer as Said
from engine.send.recording import NotCalled, Unknown, end_address
from engine.send.retrying import back_off
from engine.storage.models import Answer
from engine.transitions import ANSWER, sources_of

# What was let go of uncalled, or met a closed gate, is claimed again no sooner than this.
SOON = timedelta(seconds=2)


def record_answers(session: Session, said: Mapping[UUID, Said], *, now: datetime) -> int:
    """What the channels said to these answers; how many are accepted now."""
    waits = ("submitting", "unconfirmed")
    rows = session.execute(
        select(Answer.id, Answer.customer_id, Answer.channel, Answer.address, Answer.attempts, Answer.reason)
        .where(Answer.id.in_(said), Answer.state.in_(waits))
        .order_by(Answer.id)
        .with_for_update()
    ).all()
    return sum(_record(session, row, said[row.id], now=now) for row in rows)


def refuse(session: Session, reasons: Mapping[UUID, str]) -> None:
    """These do not go, each with its reason, and their replies wait for a person again."""
    replies: list[UUID] = []
    for reason in sorted(set(reasons.values())):
        ended = (
            update(Answer)
            .where(Answer.id.in_([one for one, why in reasons.items() if why == reason]))
            .where(Answer.state.in_(sources_of(ANSWER, "refused")))
            .values(state="refused", reason=reason)
            .returning(Answer.reply_id)
            .execution_options(synchronize_session=False)
        )
        replies += session.scalars(ended).all()
    if replies:
        wait_again(session, replies)


def let_wait(session: Session, ids: Collection[UUID], reason: str, *, until: datetime) -> None:
    """Nothing was handed over, and it was not their fault: they wait as before, no attempt lost."""
    session.execute(
        update(Answer)
        .where(Answer.id.in_(ids), Answer.state.in_(("claimed", "submitting")))
        .values(
            state="waiting",
            reason=reason,
            release_at=until,
            attempts=case((Answer.attempts > 0, Answer.attempts - 1), else_=0),
        )
        .execution_options(synchronize_session=False)
    )


def mark_unknown(session: Session, ids: Collection[UUID], reason: str) -> int:
    """We don't know whether these arrived. They are never sent again by themselves. What went to the test address keeps
    the mark that says so."""
    changed = session.scalars(
        update(Answer)
        .where(Answer.id.in_(ids), Answer.state == "submitting")
        .values(state="unconfirmed", reason=case((Answer.reason.is_(None), reason), else_=Answer.reason))
        .returning(Answer.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(changed)


def accept(session: Session, answer_id: UUID, provider_id: str | None, *, now: datetime) -> bool:
    """The provider took it; False where that was known."""
    taken = (
        update(Answer)
        .where(Answer.id == answer_id, Answer.state.in_(sources_of(ANSWER, "accepted")))
        .values(state="accepted", accepted_at=now, provider_id=provider_id)
        .returning(Answer.id)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(taken) is not None


def _record(session: Session, row: Any, said: Said, *, now: datetime) -> bool:
    if isinstance(said, Accepted):
        return accept(session, row.id, said.provider_id, now=now)
    if isinstance(said, Unknown):
        mark_unknown(session, [row.id], said.reason)
    elif isinstance(said, NotCalled):
        let_wait(session, [row.id], said.reason, until=now + SOON)
    else:
        _refused(session, row, said, now=now)
    return False


def _refused(session: Session, row: Any, refusal: Refused, *, now: datetime) -> None:
    """For good: it ends. For now: later and later, a few times. The provider's own fault: it waits for the gate."""
    if refusal.whose == "provider":
        let_wait(session, [row.id], refusal.reason, until=now + SOON)
    elif refusal.permanent or row.attempts >= MAX_ATTEMPTS:
        refuse(session, {row.id: refusal.reason})
        if refusal.permanent and refusal.whose == "address" and row.reason is None:
            end_address(session, row, refusal.reason)
    else:
        asked = min(timedelta(seconds=max(0.0, min(refusal.retry_after or 0.0, 1e6))), LONGEST_RETRY_AFTER)
        session.execute(
            update(Answer)
            .where(Answer.id == row.id, Answer.state.in_(("submitting", "unconfirmed")))
            .values(state="waiting", reason=refusal.reason, release_at=now + max(back_off(row.attempts), asked))
        )
