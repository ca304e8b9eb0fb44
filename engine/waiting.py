"""How long work that is due has been waiting, by activity. A process that is up says little; due work that nobody takes
says that something is wrong, wherever it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.notices.carrying import WAITING
from engine.send.switch import sending_stopped
from engine.storage.models import Answer, Delivery, Gate, Message, Moment, Notice, Rehearsal

# A sweep runs at least every ten minutes. What has waited longer than this while nothing moves has nobody who works on
# it.
LATE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The due work of one activity. `late` is how long the oldest piece waits, `moved_at` when the last was taken,
    where that is known: a long queue that moves is no fault."""

    activity: str
    count: int
    late: timedelta
    moved_at: datetime | None

    def is_stuck(self, *, now: datetime, longer_than: timedelta = LATE) -> bool:
        """Whether nobody works on it."""
        return self.late > longer_than and (self.moved_at is None or now - self.moved_at > longer_than)


@dataclass(frozen=True, slots=True)
class _Activity:
    """`at` is what `due_at` is compared with: a demonstration moves the clock of most, and none of leases."""

    name: str
    due_at: InstrumentedAttribute[Any]
    waits: ColumnElement[bool]
    at: datetime
    moved_at: InstrumentedAttribute[Any] | None = None


def waiting(session: Session, *, now: datetime, machine: datetime) -> Iterator[Waiting]:
    """The due work of every activity. Messages and answers that wait on purpose - sending is stopped, their provider's
    gate is closed - are not due."""
    for one in _activities(session, now, machine):
        oldest, count = session.execute(
            select(func.min(one.due_at), func.count()).where(one.waits, one.due_at <= one.at)
        ).one()
        moved_at = session.scalar(select(func.max(one.moved_at))) if count and one.moved_at is not None else None
        yield Waiting(one.name, count, one.at - oldest if count else timedelta(), moved_at)


def _activities(session: Session, now: datetime, machine: datetime) -> Sequence[_Activity]:
    closed = select(Gate.channel).where(Gate.closed_until > machine)
    may_go = and_(Message.state == "approved", Message.release_at <= now, Message.channel.not_in(closed))
    may_be_answered = and_(Answer.state == "waiting", Answer.channel.not_in(closed))
    stopped = sending_stopped(session)
    return (
        _Activity("plan", Moment.check_at, Moment.state == "spotted", now, Moment.planned_at),
        _Activity("write", Message.write_at, Message.state == "draft", now, Message.written_at),
        _Activity("deadlines", Message.deadline_at, Message.state.in_(("draft", "in_review")), now),
        _Activity("send", Message.send_at, false() if stopped else may_go, now, Delivery.claimed_at),
        _Activity("answer", Answer.release_at, false() if stopped else may_be_answered, now, Answer.submitting_at),
        _Activity("settle", Delivery.lease_until, Delivery.state.in_(("claimed", "submitting")), machine),
        _Activity("notices", Notice.next_at, WAITING, now, Notice.sent_at),
        _Activity("rehearse", Rehearsal.asked_at, Rehearsal.state == "waiting", now, Rehearsal.started_at),
    )
