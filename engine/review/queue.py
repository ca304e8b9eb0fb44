"""The queue of what waits for a person, most pressing first: drafts to be read, and questions where none could be
written.

What needs a person always enters it. Only what goes by itself anyway stays out, below the weight `from_weight`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from engine.review.filters import EVERYTHING, Filter, conditions
from engine.review.items import items_of
from engine.review.page import one
from engine.review.unread import goes_unread
from engine.review.views import COUNTED, Place, QueueCounts, QueueItem
from engine.storage.models import Hold, Message, MessageMoment
from engine.write.questions import TRY_AGAIN

__all__ = ["QUESTIONS", "URGENT", "counts", "is_question", "one", "queue", "unseen"]

# Holds that writing opened: the draft asks for a fact, or for a better template.
QUESTIONS = ("missing_fact", "template_refused")
URGENT = timedelta(days=1)


def queue(
    session: Session,
    *,
    now: datetime,
    limit: int = 50,
    after: Place | None = None,
    wanted: Filter = EVERYTHING,
    person_id: UUID | None = None,
    from_weight: int = 0,
) -> list[QueueItem]:
    """What waits for a person, by deadline, then weight. Hand in the last item's `place` for the next page."""
    narrow = conditions(session, wanted, person_id, now=now)
    if after is not None:
        narrow.append(_comes_after(after))
    columns = (Message.id, Message.deadline_at, Message.weight)
    order = (Message.deadline_at, Message.weight.desc(), Message.id)
    # One limited look each, so that each follows its own index; together they are sorted again.
    kinds = _kinds(session, wanted, from_weight, now=now)
    each = [select(*columns).where(kind, *narrow).order_by(*order).limit(limit).subquery() for kind in kinds]
    both = union_all(*(select(*one_kind.c) for one_kind in each)).subquery()
    ids = session.scalars(
        select(both.c.id).order_by(both.c.deadline_at, both.c.weight.desc(), both.c.id).limit(limit)
    ).all()
    items = items_of(session, ids, now=now, person_id=person_id)
    return [items[message_id] for message_id in ids]


def counts(
    session: Session,
    *,
    now: datetime,
    person_id: UUID | None = None,
    from_weight: int = 0,
    up_to: int | None = COUNTED + 1,
) -> QueueCounts:
    """How much waits, for badges: they need no more than `up_to`, and so a longer queue costs no more."""
    to_read, asks = _to_read(session, from_weight), is_question(now=now)
    at_hand = _at_hand(now)
    unassigned, snoozed = Message.owner_id.is_(None), Message.snoozed_until > now
    mine = and_(Message.owner_id == person_id, at_hand) if person_id else None
    row = session.execute(
        select(
            _count(up_to, [to_read, at_hand]),
            _count(up_to, [asks, at_hand]),
            _count(up_to, [to_read, at_hand, Message.deadline_at <= now + URGENT], order=[Message.deadline_at]),
            _count(up_to, [Message.state == "approved"]),
            _count(up_to, [to_read, mine], [asks, mine]) if mine is not None else literal(0),
            _count(up_to, [to_read, at_hand, unassigned], [asks, at_hand, unassigned]),
            _count(up_to, [to_read, snoozed], [asks, snoozed]),
            _count(up_to, [unseen(session, from_weight)]) if from_weight else literal(0),
            _count(up_to, [Message.state == "draft", Message.write_at <= now, Message.written_at.is_not(None)]),
        )
    ).one()
    return QueueCounts(*(number if up_to is None else min(number, up_to) for number in row))


def unseen(session: Session, from_weight: int) -> ColumnElement[bool]:
    """What stays out of the queue: lighter than its threshold, and gone by itself at its deadline."""
    return and_(Message.weight < from_weight, goes_unread(session))


def is_question(*, now: datetime) -> ColumnElement[bool]:
    """A draft that stopped. Its next try is never further away than `TRY_AGAIN`, which spares looking at those that are
    not due for writing."""
    asks = exists().where(
        MessageMoment.message_id == Message.id,
        MessageMoment.live,
        Hold.moment_id == MessageMoment.moment_id,
        Hold.released_at.is_(None),
        Hold.name.in_(QUESTIONS),
    )
    return and_(Message.state == "draft", Message.write_at <= now + TRY_AGAIN, asks)


def _to_read(session: Session, from_weight: int) -> ColumnElement[bool]:
    in_review = Message.state == "in_review"
    return and_(in_review, or_(Message.weight >= from_weight, ~goes_unread(session))) if from_weight else in_review


def _at_hand(now: datetime) -> ColumnElement[bool]:
    return or_(Message.snoozed_until.is_(None), Message.snoozed_until <= now)


def _kinds(session: Session, wanted: Filter, from_weight: int, *, now: datetime) -> list[ColumnElement[bool]]:
    if wanted.whose == "unseen":
        return [unseen(session, from_weight)]
    return [is_question(now=now)] if wanted.questions else [_to_read(session, from_weight), is_question(now=now)]


def _count(up_to: int | None, *kinds: Sequence[ColumnElement[bool]], order: Sequence[Any] = ()) -> ColumnElement[int]:
    """With an `order` by its index: a database that expects many reads the whole table instead, to find a few."""
    numbers = [
        select(func.count())
        .select_from(select(literal(1)).select_from(Message).where(*kind).order_by(*order).limit(up_to).subquery())
        .scalar_subquery()
        for kind in kinds
    ]
    return numbers[0] if len(numbers) == 1 else numbers[0] + numbers[1]


def _comes_after(place: Place) -> ColumnElement[bool]:
    """Spelled out, as the weight runs the other way; the first comparison is the one that an index can begin with."""
    return and_(
        Message.deadline_at >= place.deadline_at,
        or_(
            Message.deadline_at > place.deadline_at,
            Message.weight < place.weight,
            and_(Message.weight == place.weight, Message.id > place.message_id),
        ),
    )
