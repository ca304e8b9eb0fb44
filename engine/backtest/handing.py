"""The scripted decisions of a run: every message is approved when it is planned and handed over when its time comes.

What is checked before a hand-over is what sending checks, by the same function.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from engine.backtest.handing_days import by_days
from engine.backtest.scratch import Scratch
from engine.calendar.keeping import NAME as PAUSE
from engine.channel_terms import Offered
from engine.plan.candidates import alike_of
from engine.plan.holds import holds_of
from engine.plan.intents import intents_of
from engine.send.checking import Claimed, hindrances, moments_of
from engine.spot.truth import no_longer_true
from engine.storage.base import UtcDateTime
from engine.storage.models import Hold, Message, MessageMoment, Moment
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_given, table_of
from engine.storage.words import in_words

_BATCH = 1_000
_NOW, _UNTIL = (bindparam(name, type_=UtcDateTime(), required=True) for name in ("now", "until"))
_MOMENTS, _MESSAGES, _SPOKEN = table_of(Moment), table_of(Message), table_of(MessageMoment).c
_THEIRS = select(_SPOKEN.moment_id).where(_SPOKEN.live, is_given(_SPOKEN.message_id))
_TO_APPROVE = in_words(
    select(Message.id).where(Message.state.in_(("draft", "in_review")), Message.write_at <= _NOW).order_by(Message.id)
)
_WRITTEN = in_words(
    update(_MOMENTS)
    .where(_MOMENTS.c.id.in_(_THEIRS), _MOMENTS.c.state == "planned")
    .values(state="written", written_at=_NOW)
)
_APPROVED = (
    update(_MESSAGES)
    .where(is_given(_MESSAGES.c.id))
    .values(state="approved", written_at=_NOW, approved_at=_NOW, release_at=_NOW)
)
_TO_GO = in_words(
    select(Message.id, Message.send_at, Message.written_at)
    .where(Message.state == "approved", Message.send_at < _UNTIL)
    .order_by(Message.id)
)
_TO_GO_OF_THESE = in_words(
    select(Message.id, Message.send_at)
    .where(is_given(Message.id), Message.state == "approved", Message.send_at < _UNTIL)
    .order_by(Message.id)
)
_PAUSED, _LASTS = Hold.name == PAUSE, or_(Hold.until.is_(None), Hold.until >= _UNTIL)
# By its open holds, whether each of these is kept beyond then; what a "not now" keeps counts as one that is not.
_STAY = (
    select(
        MessageMoment.message_id,
        case((func.max(case((_PAUSED, 1), else_=0)) == 1, 0), else_=func.max(case((_LASTS, 1), else_=0))),
    )
    .join(Hold, and_(Hold.moment_id == MessageMoment.moment_id, Hold.released_at.is_(None)))
    .where(MessageMoment.live, is_given(MessageMoment.message_id))
    .group_by(MessageMoment.message_id)
)
_OF_MESSAGES = (
    select(Message.id, Message.customer_id, Message.family, Message.state)
    .where(is_given(Message.id))
    .order_by(Message.id)
)
_TOO_LATE = select(Message.id).where(is_given(Message.id), Message.expires_at <= Message.send_at)
_AT = (
    select(_MESSAGES.c.send_at)
    .join(_SPOKEN.message_id.table, _SPOKEN.message_id == _MESSAGES.c.id)
    .where(_SPOKEN.moment_id == _MOMENTS.c.id, _SPOKEN.live)
    .scalar_subquery()
)
_CLOSED = update(_MOMENTS).where(_MOMENTS.c.id.in_(_THEIRS)).values(state="closed", closed_at=_AT)
_GONE = (
    update(_MESSAGES).where(is_given(_MESSAGES.c.id)).values(state="handed_over", handed_over_at=_MESSAGES.c.send_at)
)


def approve_all(session: Session, *, now: datetime) -> None:
    """A person has read everything that is due to be written."""
    connection = past_the_orm(session)
    if ids := connection.scalars(_TO_APPROVE, {_NOW.key: now}).all():
        connection.execute(_WRITTEN, {_NOW.key: now} | given(ids))
        connection.execute(_APPROVED, {_NOW.key: now} | given(ids))


def hand_over(run: Scratch, offered: Offered, *, now: datetime, until: datetime) -> int:
    """Hand over what is due from `now` to `until`; how many went.

    All of it is asked about together, by what is known when the last of it goes. Where anything is in the way of one,
    it is looked at by itself, at its own instant; what is put off to a later one before `until` has its turn then.
    """
    session = run.session
    due = past_the_orm(session).execute(_TO_GO, {_UNTIL.key: until}).all()
    if not due:
        return 0
    last = max(now, *(message.send_at for message in due))
    run.set_clock(last)
    waited = {message.id for message in due if message.written_at < now}
    hindered: set[UUID] = set()
    for at in range(0, len(due), _BATCH):
        ids = [message.id for message in due[at : at + _BATCH]]
        in_the_way = _in_the_way(session, ids, waited, offered, now=now, last=last) | by_days(
            session, ids, offered, now=now, until=until
        )
        hindered |= in_the_way
        _let_go(session, [one for one in ids if one not in in_the_way])
    return len(due) - len(hindered) + _one_by_one(run, hindered, offered, now=now, until=until)


def _one_by_one(run: Scratch, ids: set[UUID], offered: Offered, *, now: datetime, until: datetime) -> int:
    """The earliest first, and again only where a hold of limited time ends before the next look."""
    session, gone = run.session, 0
    while ids:
        due = past_the_orm(session).execute(_TO_GO_OF_THESE, {_UNTIL.key: until} | given(ids)).all()
        if not due:
            break
        at = max(now, min(message.send_at for message in due))
        run.set_clock(at)
        those = [message.id for message in due if message.send_at <= at][:_BATCH]
        held = hindrances(session, _claimed(session, those, offered), now=at, channels=offered)
        free = [one for one in those if one not in held]
        _let_go(session, free)
        gone += len(free)
        ids = (ids - set(those)) | _soon_free(session, held.keys(), until)
    return gone


def _soon_free(session: Session, ids: Collection[UUID], until: datetime) -> set[UUID]:
    """Those of which every open hold ends by itself before then. What a "not now" keeps is put off again and again, as
    the day and the hour at which it goes follow from that."""
    if not ids:
        return set()
    held: dict[UUID, int] = dict(past_the_orm(session).execute(_STAY, {_UNTIL.key: until} | given(ids)).all())
    return {one for one in ids if not held.get(one, 0)}


def _in_the_way(
    session: Session, ids: Sequence[UUID], waited: Collection[UUID], offered: Offered, *, now: datetime, last: datetime
) -> set[UUID]:
    """The messages of which any moment is held or no longer true, or that would come too late. A hold that is over when
    the last of them goes may still have been there at the instant of another: of those that `waited` since an earlier
    look, as planning has just found none that holds the others.
    """
    of_moment = {moment_id: message_id for message_id, those in moments_of(session, ids).items() for moment_id in those}
    alike = alike_of(session, of_moment)
    found = {*holds_of(session, of_moment, now=last, channels=offered, alike=alike)}
    older = [moment_id for moment_id, message_id in of_moment.items() if message_id in waited]
    if older and now < last:
        found |= holds_of(session, older, now=now, channels=offered, alike=alike).keys()
    found |= set(no_longer_true(session, of_moment, now=last))
    late = past_the_orm(session).scalars(_TOO_LATE, given(ids))
    return {of_moment[moment_id] for moment_id in found} | set(late)


def _let_go(session: Session, ids: Sequence[UUID]) -> None:
    """At its own instant each."""
    if ids:
        connection = past_the_orm(session)
        connection.execute(_CLOSED, given(ids))
        connection.execute(_GONE, given(ids))


def _claimed(session: Session, ids: Sequence[UUID], offered: Offered) -> list[Claimed]:
    """As sending sees what it has claimed; a run needs no deliveries, and a message stands for its own."""
    rows: Any = past_the_orm(session).execute(_OF_MESSAGES, given(ids)).all()
    intents, moments = intents_of(session, ids, offered), moments_of(session, ids)
    return [
        Claimed(row.id, row.id, row.customer_id, row.family, row.state, intents[row.id], moments[row.id])
        for row in rows
    ]
