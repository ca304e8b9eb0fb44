"""How the day stands: what waits, what goes out next, what went, what is held, and what needs a person's eye."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.plan.reasons import sentence
from engine.storage.models import Delivery, Hold, Message, Moment, Trigger
from web.queries.triggers import HeldBy

DAYS_SHOWN = 7
_COMING = ("draft", "in_review", "approved")


@dataclass(frozen=True, slots=True)
class ComingDay:
    """How many messages go on one local date, and how many of them a person has let go already."""

    on: date
    messages: int
    approved: int


@dataclass(frozen=True, slots=True)
class Today:
    """Counts of the whole installation, and the few things that do not mend themselves."""

    went_out: int
    unconfirmed: int
    overdue: int
    days: Sequence[ComingDay]
    holds: Sequence[HeldBy]
    paused: Sequence[tuple[str, str]]

    @property
    def most(self) -> int:
        """The fullest day, for the length of the bars."""
        return max((day.messages for day in self.days), default=0)


def today(session: Session, *, now: datetime) -> Today:
    """How the day stands at `now`."""
    return Today(
        went_out=_count(
            session, Delivery, Delivery.state == "delivered", Delivery.delivered_at > now - timedelta(days=1)
        ),
        unconfirmed=_count(session, Delivery, Delivery.state == "unconfirmed"),
        overdue=_count(session, Message, Message.state == "approved", Message.send_at < now - timedelta(minutes=15)),
        days=_days(session, now.date()),
        holds=_holds(session),
        paused=[
            (name, reason or "")
            for name, reason in session.execute(
                select(Trigger.name, Trigger.paused_reason).where(Trigger.state == "paused").order_by(Trigger.name)
            )
        ],
    )


def _days(session: Session, first: date) -> list[ComingDay]:
    rows = session.execute(
        select(Message.send_on, func.count(), func.count().filter(Message.state == "approved"))
        .where(Message.state.in_(_COMING), Message.send_on < first + timedelta(days=DAYS_SHOWN))
        .group_by(Message.send_on)
        .order_by(Message.send_on)
    )
    return [ComingDay(on, messages, approved) for on, messages, approved in rows]


def _holds(session: Session) -> list[HeldBy]:
    rows = session.execute(
        select(Hold.name, func.count())
        .join(Moment, Moment.id == Hold.moment_id)
        .where(Hold.released_at.is_(None), Moment.state.in_(("spotted", "planned", "written")))
        .group_by(Hold.name)
        .order_by(func.count().desc(), Hold.name)
    )
    return [HeldBy(name, sentence(name), count) for name, count in rows]


def _count(session: Session, model: type[Delivery] | type[Message], *conditions) -> int:  # type: ignore[no-untyped-def]
    return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0
