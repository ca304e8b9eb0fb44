"""What a "not now" would touch, told before it is pressed: how much waits, and what would come too late meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from engine.calendar.keeping import marketing_versions
from engine.calendar.pauses import in_force
from engine.calendar.scope import NotNow
from engine.insight.bounded import TakesTooLong, bounded
from engine.storage.models import Customer, Message, Moment
from engine.transitions import LIVE_MESSAGE

# What is not known is how long it lasts: so for a day, three days, a week; or until its date.
DAYS = (1, 3, 7)
SHOWN = 5
SECONDS = 1.0
_WAITING = ("draft", "in_review", "approved")
assert set(_WAITING) < {*LIVE_MESSAGE}


@dataclass(frozen=True, slots=True)
class TooLate:
    """How many messages would have expired by then."""

    by: datetime
    messages: int


@dataclass(frozen=True, slots=True)
class First:
    """One of those that would expire first."""

    message_id: UUID
    name: str
    occasion: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """`messages` wait, of which so many are `approved` and so many go within a day; `moments` are not planned yet."""

    messages: int
    approved: int
    soon: int
    moments: int
    too_late: Sequence[TooLate]
    first: Sequence[First]


def reach_of(session: Session, pause: NotNow, *, now: datetime) -> Reach:
    """The same for however many: four statements. What another one keeps already is not counted."""
    touched = _Touched(pause, in_force(session, now=now))
    ends = [pause.until] if pause.until else [now + timedelta(days=days) for days in DAYS]
    expired = [func.count().filter(Message.expires_at <= at) for at in ends]
    soon = Message.send_at <= now + timedelta(days=1)
    counted: Any = select(
        func.count(), func.count().filter(Message.state == "approved"), func.count().filter(soon), *expired
    ).where(Message.state.in_(_WAITING))
    messages, approved, within, *late = session.execute(touched.narrow(counted, Message)).one()
    moments = session.scalar(
        touched.narrow(select(func.count()).where(Moment.state == "spotted", Moment.expires_at > now), Moment)
    )
    too_late = [TooLate(at, count) for at, count in zip(ends, late, strict=True)]
    first = _first(session, touched, ends[-1]) if any(late) else ()
    return Reach(messages, approved, within, moments or 0, too_late, first)


def concerns_nobody(session: Session, pause: NotNow) -> bool:
    """Whether no customer is what it asks for at present; False also where that cannot be told within SECONDS. The
    session is for this alone, as a statement that takes long is ended."""
    if pause.is_for_everybody:
        return False
    some = select(Customer.id).where(pause.meets(), Customer.erased_at.is_(None)).limit(1)
    try:
        with bounded(session, seconds=SECONDS):
            return session.scalar(some) is None
    except TakesTooLong:
        return False


@dataclass(frozen=True, slots=True)
class _Touched:
    """What this one would touch, and none of those that stand does. Customers are asked only where any of them asks."""

    pause: NotNow
    standing: Sequence[NotNow]

    def narrow(self, query: Select[Any], rows: type[Message] | type[Moment]) -> Select[Any]:
        """The same query, of these alone."""
        kept = [_meant(one, rows).is_not(True) for one in self.standing]
        query = query.select_from(rows).where(_meant(self.pause, rows), *kept)
        if all(one.is_for_everybody for one in (self.pause, *self.standing)):
            return query
        return query.join(Customer, Customer.id == rows.customer_id)


def _meant(pause: NotNow, rows: type[Message] | type[Moment]) -> ColumnElement[bool]:
    return and_(pause.stops(rows.family, rows.trigger_version_id, marketing_versions()), pause.meets())


def _first(session: Session, touched: _Touched, before: datetime) -> list[First]:
    rows = touched.narrow(
        select(Message.id).where(Message.state.in_(_WAITING), Message.expires_at <= before),
        Message,
    )
    some = rows.order_by(Message.expires_at, Message.id).limit(SHOWN).subquery()
    found: Any = session.execute(
        select(Message.id, Customer.first_name, Customer.external_id, Message.occasion, Message.expires_at)
        .join(some, some.c.id == Message.id)
        .join(Customer, Customer.id == Message.customer_id)
        .order_by(Message.expires_at, Message.id)
    )
    return [First(row.id, row.first_name or row.external_id, row.occasion, row.expires_at) for row in found]
