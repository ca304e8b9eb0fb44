"""How moments and messages end unsent. Every way there is here, so that no message dies without its moments,
no moment without its message, and whoever waited for either is looked at again.

The statements are made once and go past the ORM: every look of every worker ends something, and to make five of them
anew takes longer than they do. Whoever has read one of the rows as an object is shown what became of it.
"""

import uuid
from collections.abc import Sequence, Set
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.storage.base import UtcDateTime
from engine.storage.models import Hold, Message, MessageMoment, Moment, Trigger
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_given, table_of
from engine.storage.words import in_words
from engine.transitions import MESSAGE, MOMENT, sources_of

Ending = Literal["skipped", "expired", "cancelled"]

BATCH = 1_000
TOO_LATE = "too_late"
RETIRED = "trigger_retired"
# Holds that the end of another message or moment of the same customer may lift.
_WAITING_FOR_OTHERS = ("clash_lost", "cap", "settling")
_GONE_OUT = ("handed_over", "closed")
_NOW: BindParameter[datetime] = bindparam("now", type_=UtcDateTime(), required=True)
_SINCE: BindParameter[datetime] = bindparam("since", type_=UtcDateTime())
_REASON: BindParameter[str] = bindparam("given_reason", type_=Text(), required=True)
_MOMENTS, _MESSAGES, _SPOKEN, _HOLDS = (table_of(model) for model in (Moment, Message, MessageMoment, Hold))


def end_message(session: Session, message_id: uuid.UUID, state: Ending, reason: str, *, now: datetime) -> bool:
    """End a message unsent, and all its moments with it. False where it had ended or gone out already."""
    why = {_NOW.key: now, _REASON.key: reason} | given([message_id])
    ended = past_the_orm(session).scalars(_end_given_message(state), why).all()
    if not ended:
        return False
    past_the_orm(session).execute(_end_all_it_speaks_of(state), why)
    _part(session, ended, now=now)
    return True


def cancel_moments(session: Session, moment_ids: Sequence[uuid.UUID], reason: str, *, now: datetime) -> int:
    """Cancel moments that have not gone out. A message that spoke of one is cancelled too; its other moments are
    planned afresh, as a text that names what is not true cannot be mended by leaving it out.
    """
    return _end_moments(session, moment_ids, "cancelled", reason, now=now)


def expire_due(session: Session, *, now: datetime, limit: int = BATCH, since: datetime | None = None) -> int:
    """Expire what would come too late by now; returns how many moments that were. `since`: what would have come too
    late by then is known to have ended."""
    values = {_NOW.key: now, _SINCE.key: since}
    ids = past_the_orm(session).scalars(_late(limit, is_bounded=since is not None), values).all()
    return expire_moments(session, ids, now=now) if ids else 0


@lru_cache(maxsize=8)
def _late(limit: int, *, is_bounded: bool) -> Select[uuid.UUID]:
    ended = [Moment.expires_at >= _SINCE] if is_bounded else []
    return in_words(
        select(Moment.id)
        .where(Moment.expires_at <= _NOW, *ended, Moment.state.in_(sources_of(MOMENT, "expired")), ~_has_gone_out())
        .order_by(Moment.expires_at)
        .limit(limit)
    )


def expire_moments(session: Session, moment_ids: Sequence[uuid.UUID], *, now: datetime, reason: str = TOO_LATE) -> int:
    """Expire moments that would come too late, with the oldest open hold as the reason, where one kept them."""
    return _end_moments(session, moment_ids, "expired", reason, now=now)


def end_retired(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """End what waits of triggers that were retired, written or not; returns how many moments that were."""
    retired = select(Trigger.id).where(Trigger.state == "retired")
    waits = (
        select(Moment.id)
        .where(Moment.trigger_id.in_(retired), Moment.state.in_(sources_of(MOMENT, "skipped")), ~_has_gone_out())
        .order_by(Moment.id)
        .limit(limit)
    )
    ids = session.scalars(waits).all()
    return skip_moments(session, ids, RETIRED, now=now) if ids else 0


def skip_moments(session: Session, moment_ids: Sequence[uuid.UUID], reason: str, *, now: datetime) -> int:
    """Skip moments for good, by the name of the hold that will not end."""
    return _end_moments(session, moment_ids, "skipped", reason, now=now)


def release_losers(session: Session, customer_ids: Sequence[uuid.UUID], *, now: datetime) -> None:
    """Look again now at what waited for another message or moment of these customers."""
    if not customer_ids:
        return
    past_the_orm(session).execute(_LOOK_AGAIN, {_NOW.key: now} | given(customer_ids))
    _show(session, set(customer_ids))
    ring(session, "jubilee.plan")


def _show(session: Session, customers: Set[uuid.UUID]) -> None:
    """Read anew what the session has loaded of these customers' moments and messages, and of what hangs on any."""
    for one in [*session.identity_map.values()]:
        of_theirs = isinstance(one, (Moment, Message)) and one.__dict__.get("customer_id") in customers
        if of_theirs or isinstance(one, (MessageMoment, Hold)):
            session.refresh(one)


def _end_moments(
    session: Session, moment_ids: Sequence[uuid.UUID], state: Ending, reason: str, *, now: datetime
) -> int:
    connection, why = past_the_orm(session), {_NOW.key: now}
    # Messages before moments, in the order of their ids, as all who end, send or approve them do: no two wait in a ring
    # for each other.
    connection.execute(_LOCK_MESSAGES, given(moment_ids)).all()
    ended = connection.execute(_end_given_moments(state), why | {_REASON.key: reason} | given(moment_ids)).all()
    if not ended:
        return 0
    ids = [moment_id for moment_id, _ in ended]
    messages = connection.scalars(_end_messages_of_moments(state), why | given(ids)).all()
    _part(session, messages, now=now)
    connection.execute(_RELEASE_HOLDS, why | given(ids))
    release_losers(session, list({customer_id for _, customer_id in ended}), now=now)
    return len(ids)


def _part(session: Session, message_ids: Sequence[uuid.UUID], *, now: datetime) -> None:
    """Let go the moments of ended messages: those that did not end with them are planned afresh."""
    if not message_ids:
        return
    connection, at, theirs = past_the_orm(session), {_NOW.key: now}, given(message_ids)
    moments = connection.scalars(_LIVE_MOMENTS, theirs).all()
    connection.execute(_PLAN_AFRESH, at | given(moments))
    connection.execute(_UNSPOKEN, theirs)
    over = connection.scalars(_OVER, given(moments)).all()
    connection.execute(_RELEASE_HOLDS, at | given(over))
    release_losers(session, connection.scalars(_CUSTOMERS, theirs).all(), now=now)


def _has_gone_out() -> ColumnElement[bool]:
    return exists().where(
        and_(
            MessageMoment.moment_id == _MOMENTS.c.id,
            MessageMoment.live,
            Message.id == MessageMoment.message_id,
            Message.state.in_(_GONE_OUT),
        )
    )


def _held_by() -> ScalarSelect[str]:
    """The oldest open hold of a moment."""
    return (
        select("held:" + Hold.name)
        .where(Hold.moment_id == _MOMENTS.c.id, Hold.released_at.is_(None))
        .order_by(Hold.opened_at, Hold.name)
        .limit(1)
        .scalar_subquery()
    )


@lru_cache
def _end_given_moments(state: Ending) -> Any:
    why = func.coalesce(_held_by(), _REASON) if state == "expired" else _REASON
    return in_words(
        update(_MOMENTS)
        .where(is_given(_MOMENTS.c.id), _MOMENTS.c.state.in_(sources_of(MOMENT, state)), ~_has_gone_out())
        .values(state=state, reason=why, closed_at=_NOW)
        .returning(_MOMENTS.c.id, _MOMENTS.c.customer_id)
    )


def _ending(state: Ending, which: ColumnElement[bool], reason: Any) -> Any:
    return in_words(
        update(_MESSAGES)
        .where(which, _MESSAGES.c.state.in_(sources_of(MESSAGE, state)))
        .values(state=state, reason=reason, closed_at=_NOW, version=_MESSAGES.c.version + 1)
        .returning(_MESSAGES.c.id)
    )


@lru_cache
def _end_given_message(state: Ending) -> Any:
    return _ending(state, is_given(_MESSAGES.c.id), _REASON)


@lru_cache
def _end_messages_of_moments(state: Ending) -> Any:
    """Those that speak of moments that have ended, for the reason of the first of these."""
    spoke_of = select(_SPOKEN.c.message_id).where(_SPOKEN.c.live, is_given(_SPOKEN.c.moment_id))
    of_lead = (
        select(_MOMENTS.c.reason)
        .join(_SPOKEN, _SPOKEN.c.moment_id == _MOMENTS.c.id)
        .where(_SPOKEN.c.message_id == _MESSAGES.c.id, _SPOKEN.c.live, is_given(_MOMENTS.c.id))
        .order_by(_SPOKEN.c.position)
        .limit(1)
        .scalar_subquery()
    )
    return _ending(state, _MESSAGES.c.id.in_(spoke_of), of_lead)


@lru_cache
def _end_all_it_speaks_of(state: Ending) -> Update:
    return in_words(
        update(_MOMENTS)
        .where(_MOMENTS.c.id.in_(_LIVE_MOMENTS), _MOMENTS.c.state.in_(sources_of(MOMENT, state)))
        .values(state=state, reason=_REASON, closed_at=_NOW)
    )


_LIVE_MOMENTS = select(_SPOKEN.c.moment_id).where(is_given(_SPOKEN.c.message_id), _SPOKEN.c.live)
_LOCK_MESSAGES = (
    select(_MESSAGES.c.id)
    .where(_MESSAGES.c.id.in_(select(_SPOKEN.c.message_id).where(is_given(_SPOKEN.c.moment_id), _SPOKEN.c.live)))
    .order_by(_MESSAGES.c.id)
    .with_for_update()
)
_PLAN_AFRESH = in_words(
    update(_MOMENTS)
    .where(is_given(_MOMENTS.c.id), _MOMENTS.c.state.in_(("planned", "written")))
    .values(state="spotted", check_at=_NOW)
)
_UNSPOKEN = update(_SPOKEN).where(is_given(_SPOKEN.c.message_id), _SPOKEN.c.live).values(live=False)
_OVER = in_words(select(_MOMENTS.c.id).where(is_given(_MOMENTS.c.id), _MOMENTS.c.state != "spotted"))
_CUSTOMERS = select(_MESSAGES.c.customer_id).where(is_given(_MESSAGES.c.id)).distinct()
_RELEASE_HOLDS = (
    update(_HOLDS).where(is_given(_HOLDS.c.moment_id), _HOLDS.c.released_at.is_(None)).values(released_at=_NOW)
)
_WAITS = exists().where(
    _HOLDS.c.moment_id == _MOMENTS.c.id, _HOLDS.c.released_at.is_(None), _HOLDS.c.name.in_(_WAITING_FOR_OTHERS)
)
_LOOK_AGAIN = in_words(
    update(_MOMENTS)
    .where(is_given(_MOMENTS.c.customer_id), _MOMENTS.c.state == "spotted", _MOMENTS.c.check_at > _NOW, _WAITS)
    .values(check_at=_NOW)
)
