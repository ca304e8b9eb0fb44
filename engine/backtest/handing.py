"""The scripted decisions of a run: every message is approved when it is planned and handed over when its time comes.

What is checked before a hand-over is what sending checks, by the same function.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from engine.backtest.handing_days import by_days
from engine.backtest.scratch import Scratch
from engine.calendar.keeping import NAME as PAUSE
from engine.channel_terms import Offered
from engine.plan.holds import holds_of
from engine.plan.intents import intents_of
from engine.send.checking import Claimed, hindrances, moments_of
from engine.spot.truth import no_longer_true
from engine.storage.models import Hold, Message, MessageMoment, Moment
from engine.storage.upsert import is_among

_BATCH = 1_000
_QUIET = {"synchronize_session": False}


def approve_all(session: Session, *, now: datetime) -> None:
    """A person has read everything that is due to be written."""
    due = select(Message.id).where(Message.state.in_(("draft", "in_review")), Message.write_at <= now)
    spoken = select(MessageMoment.moment_id).where(MessageMoment.live, MessageMoment.message_id.in_(due))
    session.execute(
        update(Moment).where(Moment.id.in_(spoken), Moment.state == "planned").values(state="written", written_at=now),
        execution_options=_QUIET,
    )
    session.execute(
        update(Message)
        .where(Message.id.in_(due))
        .values(state="approved", written_at=now, approved_at=now, release_at=now),
        execution_options=_QUIET,
    )


def hand_over(run: Scratch, offered: Offered, *, now: datetime, until: datetime) -> int:
    """Hand over what is due from `now` to `until`; how many went.

    All of it is asked about together, by what is known when the last of it goes. Where anything is in the way of one,
    it is looked at by itself, at its own instant; what is put off to a later one before `until` has its turn then.
    """
    session = run.session
    approved = (Message.state == "approved", Message.send_at < until)
    due = session.execute(select(Message.id, Message.send_at).where(*approved).order_by(Message.id)).all()
    if not due:
        return 0
    last = max(now, *(message.send_at for message in due))
    run.set_clock(last)
    hindered: set[UUID] = set()
    for at in range(0, len(due), _BATCH):
        ids = [message.id for message in due[at : at + _BATCH]]
        in_the_way = _in_the_way(session, ids, offered, now=now, last=last) | by_days(
            session, ids, offered, now=now, until=until
        )
        hindered |= in_the_way
        _let_go(session, [one for one in ids if one not in in_the_way])
    return len(due) - len(hindered) + _one_by_one(run, hindered, offered, now=now, until=until)


def _one_by_one(run: Scratch, ids: set[UUID], offered: Offered, *, now: datetime, until: datetime) -> int:
    """The earliest first, and again only where a hold of limited time ends before the next look."""
    session, gone = run.session, 0
    while ids:
        due = select(func.min(Message.send_at)).where(
            is_among(session, Message.id, ids), Message.state == "approved", Message.send_at < until
        )
        if (first := session.scalar(due)) is None:
            break
        at = max(first, now)
        run.set_clock(at)
        turn = select(Message.id).where(is_among(session, Message.id, ids), Message.send_at <= at)
        those = list(session.scalars(turn.where(Message.state == "approved").order_by(Message.id).limit(_BATCH)))
        held = hindrances(session, _claimed(session, those, offered), now=at, channels=offered)
        free = [one for one in those if one not in held]
        _let_go(session, free)
        gone += len(free)
        ids = (ids - set(those)) | _soon_free(session, held.keys(), until)
    return gone


def _soon_free(session: Session, ids: Collection[UUID], until: datetime) -> set[UUID]:
    """Those of which every open hold ends by itself before then. What a "not now" keeps is put off again and again, as
    the day and the hour at which it goes follow from that."""
    open_holds = (
        select(MessageMoment.message_id)
        .join(Hold, and_(Hold.moment_id == MessageMoment.moment_id, Hold.released_at.is_(None)))
        .where(MessageMoment.live, is_among(session, MessageMoment.message_id, ids))
        .group_by(MessageMoment.message_id)
    )
    paused, stays = Hold.name == PAUSE, or_(Hold.until.is_(None), Hold.until >= until)
    for_good = case((func.max(case((paused, 1), else_=0)) == 1, 0), else_=func.max(case((stays, 1), else_=0)))
    held: dict[UUID, int] = dict(session.execute(open_holds.add_columns(for_good)).all())
    return {one for one in ids if not held.get(one, 0)}


def _in_the_way(session: Session, ids: Sequence[UUID], offered: Offered, *, now: datetime, last: datetime) -> set[UUID]:
    """The messages of which any moment is held or no longer true, or that would come too late. A hold that is over when
    the last of them goes may still have been there at the instant of another."""
    of_moment = {moment_id: message_id for message_id, those in moments_of(session, ids).items() for moment_id in those}
    found = {held for at in {now, last} for held in holds_of(session, of_moment, now=at, channels=offered)}
    found |= set(no_longer_true(session, of_moment, now=last))
    late = select(Message.id).where(is_among(session, Message.id, ids), Message.expires_at <= Message.send_at)
    return {of_moment[moment_id] for moment_id in found} | set(session.scalars(late))


def _let_go(session: Session, ids: Sequence[UUID]) -> None:
    """At its own instant each."""
    spoken = select(MessageMoment.moment_id).where(MessageMoment.live, is_among(session, MessageMoment.message_id, ids))
    at = (
        select(Message.send_at)
        .join(MessageMoment, MessageMoment.message_id == Message.id)
        .where(MessageMoment.moment_id == Moment.id, MessageMoment.live)
        .scalar_subquery()
    )
    closed = update(Moment).where(Moment.id.in_(spoken)).values(state="closed", closed_at=at)
    session.execute(closed, execution_options=_QUIET)
    gone = update(Message).where(is_among(session, Message.id, ids))
    session.execute(gone.values(state="handed_over", handed_over_at=Message.send_at), execution_options=_QUIET)


def _claimed(session: Session, ids: Sequence[UUID], offered: Offered) -> list[Claimed]:
    """As sending sees what it has claimed; a run needs no deliveries, and a message stands for its own."""
    columns: list[Any] = [Message.id, Message.customer_id, Message.family, Message.state]
    rows = session.execute(select(*columns).where(is_among(session, Message.id, ids)).order_by(Message.id)).all()
    intents, moments = intents_of(session, ids, offered), moments_of(session, ids)
    return [
        Claimed(row.id, row.id, row.customer_id, row.family, row.state, intents[row.id], moments[row.id])
        for row in rows
    ]
