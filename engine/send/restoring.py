"""After the database was restored from a backup: what may have gone out since is never sent again by itself.

Run it while nothing else runs, after the events of the lost time were recorded again and the calendar was spotted: what
this database does not know of cannot be marked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine.dates.zones import local_date
from engine.ids import new_id
from engine.plan.ending import end_message, skip_moments
from engine.send.switch import stop_sending
from engine.storage.models import ContactPoint, Delivery, Message, Moment
from engine.transitions import FAILED_DELIVERY

RESTORED = "restored"
_PIECE = 1_000
# The day begins first on the islands of Kiribati, 14 hours before UTC.
_FIRST_ZONE = "Pacific/Kiritimati"


@dataclass(frozen=True, slots=True)
class Marked:
    """How many messages may have gone out, and how many unwritten or unread ones and moments were given up."""

    unconfirmed: int
    messages: int
    moments: int


def mark_restored(session: Session, *, taken_at: datetime, now: datetime, machine: datetime) -> Marked:
    """Stop all sending, and mark everything that may have gone out between the backup and now.

    An approved message whose hour has come becomes `unconfirmed`, as does whatever a worker held. One that was not
    approved yet may have been approved and sent in the time that is lost, as may what was only spotted: those are
    skipped as `restored`. What is due later goes its way. `now` is the installation's time, `machine` the machine's.
    """
    if taken_at > now:
        raise ValueError("the backup cannot have been taken in the future")
    stop_sending(session)
    held = _mark_held(session, taken_at=taken_at, now=now)
    approved = session.scalars(
        select(Message.id).where(Message.state == "approved", Message.send_at <= now).order_by(Message.id)
    ).all()
    for start in range(0, len(approved), _PIECE):
        _mark_unknown(session, approved[start : start + _PIECE], taken_at=taken_at, now=now, machine=machine)
    open_ones = session.scalars(
        select(Message.id).where(Message.state.in_(("draft", "in_review")), Message.send_at <= now).order_by(Message.id)
    ).all()
    ended = sum(end_message(session, message_id, "skipped", RESTORED, now=now) for message_id in open_ones)
    today = local_date(now, _FIRST_ZONE)
    spotted = session.scalars(select(Moment.id).where(Moment.state == "spotted", Moment.send_on <= today)).all()
    skipped = sum(
        skip_moments(session, spotted[start : start + _PIECE], RESTORED, now=now)
        for start in range(0, len(spotted), _PIECE)
    )
    return Marked(held + len(approved), ended, skipped)


def _mark_held(session: Session, *, taken_at: datetime, now: datetime) -> int:
    """What a worker held when the backup was taken: it has long gone, or not. From `claimed` it goes by the way that
    every delivery goes, so that nobody can take it for one that never left."""
    claimed = session.execute(select(Delivery.id, Delivery.message_id).where(Delivery.state == "claimed")).all()
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_([row.id for row in claimed]))
        .values(state="submitting", submitting_at=taken_at)
    )
    _hand_over(session, [row.message_id for row in claimed], taken_at)
    marked = session.scalars(
        update(Delivery)
        .where(Delivery.state == "submitting")
        .values(state="unconfirmed", unconfirmed_at=now, reason=RESTORED)
        .returning(Delivery.id)
    ).all()
    return len(marked)


def _mark_unknown(
    session: Session, message_ids: Sequence[UUID], *, taken_at: datetime, now: datetime, machine: datetime
) -> None:
    fence = select(func.coalesce(func.max(Delivery.fence), 0)).where(Delivery.message_id == Message.id)
    open_one = (
        select(Delivery.id).where(Delivery.message_id == Message.id, Delivery.state.not_in(FAILED_DELIVERY)).exists()
    )
    address = (
        select(func.min(ContactPoint.address))
        .where(
            ContactPoint.customer_id == Message.customer_id,
            ContactPoint.channel == Message.channel,
            ContactPoint.usable,
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(Message.id, Message.channel, fence.scalar_subquery().label("fence"), address.label("address")).where(
            Message.id.in_(message_ids), ~open_one
        )
    ).all()
    if not rows:
        return
    fixed = {"worker": RESTORED, "state": "unconfirmed", "reason": RESTORED, "lease_until": machine}
    times = {"claimed_at": taken_at, "submitting_at": taken_at, "unconfirmed_at": now}
    session.execute(
        insert(Delivery),
        [
            {
                "id": new_id(),
                "message_id": row.id,
                "channel": row.channel,
                "address": row.address or "",
                "fence": row.fence + 1,
                **fixed,
                **times,
            }
            for row in rows
        ],
    )
    _hand_over(session, [row.id for row in rows], taken_at)


def _hand_over(session: Session, message_ids: Sequence[UUID], at: datetime) -> None:
    session.execute(
        update(Message)
        .where(Message.id.in_(message_ids), Message.state == "approved")
        .values(state="handed_over", handed_over_at=at)
        .execution_options(synchronize_session=False)
    )
