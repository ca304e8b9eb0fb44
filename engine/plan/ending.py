"""How moments and messages end unsent. Every way there is here, so that no message dies without its moments,
no moment without its message, and whoever waited for either is looked at again.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, exists, func, select, update
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.storage.base import UtcDateTime
from engine.storage.models import Hold, Message, MessageMoment, Moment, Trigger
from engine.storage.session import past_the_orm
from engine.storage.upsert import is_among
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


def end_message(session: Session, message_id: uuid.UUID, state: Ending, reason: str, *, now: datetime) -> bool:
    """End a message unsent, and all its moments with it. False where it had ended or gone out already."""
    ended = _end_messages(session, [message_id], state, reason, now=now)
    if not ended:
        return False
    session.execute(
        update(Moment)
        .where(Moment.id.in_(_live_moments_of(ended)), Moment.state.in_(sources_of(MOMENT, state)))
        .values(state=state, reason=reason, closed_at=now)
    )
    _part(session, ended, now=now)
    return True


def cancel_moments(session: Session, moment_ids: Sequence[uuid.UUID], reason: str, *, now: datetime) -> int:
    """Cancel moments that have not gone out. A message that spoke of one is cancelled too; its other moments are
    planned afresh, as a text that names what is not true cannot be mended by leaving it out.
    """
    return _end_moments(session, is_among(session, Moment.id, moment_ids), "cancelled", reason, now=now)


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
    held_by = (
        select("held:" + Hold.name)
        .where(Hold.moment_id == Moment.id, Hold.released_at.is_(None))
        .order_by(Hold.opened_at, Hold.name)
        .limit(1)
        .scalar_subquery()
    )
    why = func.coalesce(held_by, reason)
    return _end_moments(session, is_among(session, Moment.id, moment_ids), "expired", why, now=now)


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
    return _end_moments(session, is_among(session, Moment.id, moment_ids), "skipped", reason, now=now)


def release_losers(session: Session, customer_ids: Sequence[uuid.UUID], *, now: datetime) -> None:
    """Look again now at what waited for another message or moment of these customers."""
    if not customer_ids:
        return
    waits = exists().where(Hold.moment_id == Moment.id, Hold.released_at.is_(None), Hold.name.in_(_WAITING_FOR_OTHERS))
    session.execute(
        update(Moment)
        .where(
            is_among(session, Moment.customer_id, customer_ids), Moment.state == "spotted", Moment.check_at > now, waits
        )
        .values(check_at=now)
    )
    ring(session, "jubilee.plan")


def _end_moments(
    session: Session, which: ColumnElement[bool], state: Ending, reason: str | ColumnElement[str], *, now: datetime
) -> int:
    _lock_messages_of(session, which)
    ended = session.execute(
        update(Moment)
        .where(which, Moment.state.in_(sources_of(MOMENT, state)), ~_has_gone_out())
        .values(state=state, reason=reason, closed_at=now)
        .returning(Moment.id, Moment.customer_id)
    ).all()
    if not ended:
        return 0
    ids = [moment_id for moment_id, _ in ended]
    of_lead = (
        select(Moment.reason)
        .join(MessageMoment, MessageMoment.moment_id == Moment.id)
        .where(MessageMoment.message_id == Message.id, MessageMoment.live, is_among(session, Moment.id, ids))
        .order_by(MessageMoment.position)
        .limit(1)
        .scalar_subquery()
    )
    spoke_of = select(MessageMoment.message_id).where(
        MessageMoment.live, is_among(session, MessageMoment.moment_id, ids)
    )
    messages = _end_messages(session, spoke_of, state, of_lead, now=now)
    _part(session, messages, now=now)
    _release_holds(session, ids, now=now)
    release_losers(session, list({customer_id for _, customer_id in ended}), now=now)
    return len(ids)


def _lock_messages_of(session: Session, which: ColumnElement[bool]) -> None:
    """Messages before moments, in the order of their ids, as all who end, send or approve them do: no two wait in a
    ring for each other."""
    spoken = (
        select(MessageMoment.message_id)
        .join(Moment, Moment.id == MessageMoment.moment_id)
        .where(which, MessageMoment.live)
    )
    session.execute(select(Message.id).where(Message.id.in_(spoken)).order_by(Message.id).with_for_update()).all()


def _end_messages(
    session: Session,
    ids: Sequence[uuid.UUID] | Select[uuid.UUID],
    state: Ending,
    reason: str | ColumnElement[str],
    *,
    now: datetime,
) -> Sequence[uuid.UUID]:
    ending = (
        update(Message)
        .where(Message.id.in_(ids), Message.state.in_(sources_of(MESSAGE, state)))
        .values(state=state, reason=reason, closed_at=now, version=Message.version + 1)
        .returning(Message.id)
    )
    return session.scalars(ending).all()


def _part(session: Session, message_ids: Sequence[uuid.UUID], *, now: datetime) -> None:
    """Let go the moments of ended messages: those that did not end with them are planned afresh."""
    if not message_ids:
        return
    moments = session.scalars(_live_moments_of(message_ids)).all()
    session.execute(
        update(Moment)
        .where(Moment.id.in_(moments), Moment.state.in_(("planned", "written")))
        .values(state="spotted", check_at=now)
    )
    session.execute(
        update(MessageMoment).where(MessageMoment.message_id.in_(message_ids), MessageMoment.live).values(live=False)
    )
    over = session.scalars(select(Moment.id).where(Moment.id.in_(moments), Moment.state != "spotted")).all()
    _release_holds(session, over, now=now)
    customers = session.scalars(select(Message.customer_id).where(Message.id.in_(message_ids)).distinct()).all()
    release_losers(session, customers, now=now)


def _live_moments_of(message_ids: Sequence[uuid.UUID]) -> Select[uuid.UUID]:
    return select(MessageMoment.moment_id).where(MessageMoment.message_id.in_(message_ids), MessageMoment.live)


def _release_holds(session: Session, moment_ids: Sequence[uuid.UUID], *, now: datetime) -> None:
    session.execute(
        update(Hold)
        .where(is_among(session, Hold.moment_id, moment_ids), Hold.released_at.is_(None))
        .values(released_at=now)
    )


def _has_gone_out() -> ColumnElement[bool]:
    return exists().where(
        and_(
            MessageMoment.moment_id == Moment.id,
            MessageMoment.live,
            Message.id == MessageMoment.message_id,
            Message.state.in_(_GONE_OUT),
        )
    )
