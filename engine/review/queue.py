"""The queue of what waits for a person, most pressing first: drafts to be read, and questions where none could be
written.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from engine.review.items import items_of
from engine.review.page import one
from engine.review.views import Place, QueueCounts, QueueItem
from engine.storage.models import Hold, Message, MessageMoment

__all__ = ["QUESTIONS", "URGENT", "counts", "one", "queue"]

# Holds that writing opened: the draft asks for a fact, or for a better template.
QUESTIONS = ("missing_fact", "template_refused")
URGENT = timedelta(days=1)


def queue(session: Session, *, now: datetime, limit: int = 50, after: Place | None = None) -> list[QueueItem]:
    """What waits for a person, by deadline, then weight. Hand in the last item's `place` for the next page."""
    waiting = select(Message.id).where(or_(Message.state == "in_review", _is_question()))
    if after is not None:
        waiting = waiting.where(_comes_after(after))
    order = (Message.deadline_at, Message.weight.desc(), Message.id)
    ids = session.scalars(waiting.order_by(*order).limit(limit)).all()
    items = items_of(session, ids, now=now)
    return [items[message_id] for message_id in ids]


def counts(session: Session, *, now: datetime) -> QueueCounts:
    """How much waits, for badges."""
    open_state = Message.state.in_(("draft", "in_review", "approved"))
    pressing = and_(Message.state == "in_review", Message.deadline_at <= now + URGENT)
    row = session.execute(
        select(
            func.count(case((Message.state == "in_review", 1))),
            func.count(case((_is_question(), 1))),
            func.count(case((pressing, 1))),
            func.count(case((Message.state == "approved", 1))),
        ).where(open_state)
    ).one()
    return QueueCounts(*row)


def _is_question() -> ColumnElement[bool]:
    asks = exists().where(
        MessageMoment.message_id == Message.id,
        MessageMoment.live,
        Hold.moment_id == MessageMoment.moment_id,
        Hold.released_at.is_(None),
        Hold.name.in_(QUESTIONS),
    )
    return and_(Message.state == "draft", asks)


def _comes_after(place: Place) -> ColumnElement[bool]:
    """Spelled out, as the weight runs the other way."""
    return or_(
        Message.deadline_at > place.deadline_at,
        and_(
            Message.deadline_at == place.deadline_at,
            or_(
                Message.weight < place.weight,
                and_(Message.weight == place.weight, Message.id > place.message_id),
            ),
        ),
    )
