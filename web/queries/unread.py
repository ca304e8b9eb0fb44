"""What nobody read in time, and what nobody may read in time: by whose it is and by what made it, for Today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, not_, or_, select, tuple_
from sqlalchemy.orm import Session

from engine.definitions.store import definition_of
from engine.plan.ending import TOO_LATE
from engine.plan.reasons import FEELS_WRONG
from engine.review.deadlines import UNREVIEWED
from engine.review.queue import QUESTIONS, URGENT, is_question
from engine.review.unread import goes_unread
from engine.storage.models import Customer, Message, Person, Trigger
from web.queries.customers import name_of

DAYS = 7
PAGE = 50
# A page counts no further: so much unread is one piece of news, however much more it is.
MOST = 5_000
NOBODY = "nobody"
# Why a message ends that waited for a person and found none. What a hold of planning kept is none of these.
ENDINGS = (UNREVIEWED, TOO_LATE, *(f"held:{name}" for name in (*QUESTIONS, FEELS_WRONG)))


@dataclass(frozen=True, slots=True)
class Share:
    """So many messages of one owner and one trigger; `at` is the nearest deadline, or the last end."""

    owner_id: UUID | None
    owner: str
    trigger: str
    title: str
    count: int
    at: datetime

    @property
    def query(self) -> str:
        """What asks the page of those that ended for these."""
        return urlencode({"owner": self.owner_id or NOBODY, "trigger": self.trigger})

    @property
    def queue_query(self) -> str:
        """What asks the queue for these."""
        whose = {"owner": self.owner_id} if self.owner_id else {"whose": "nobody"}
        return urlencode({**whose, "trigger": self.trigger, "due": "yes"})


@dataclass(frozen=True, slots=True)
class Shares:
    """All of them: what ended by how much it is, what is in danger by its deadline. `up_to` where there are more than
    were counted."""

    shares: Sequence[Share]
    up_to: bool

    @property
    def count(self) -> int:
        return sum(share.count for share in self.shares)


@dataclass(frozen=True, slots=True)
class Ended:
    """One message that ended unread."""

    message_id: UUID
    customer_name: str
    family: str
    occasion: str
    title: str
    owner: str
    reason: str
    ended_at: datetime

    @property
    def place(self) -> str:
        """Where the next page goes on."""
        return f"{self.ended_at.isoformat()}~{self.message_id}"


def ended_unread(session: Session, *, now: datetime) -> Shares:
    """What the last days dropped because nobody had decided."""
    return _shares(session, Message.closed_at, _ended(now), newest_first=True)


def in_danger(session: Session, *, now: datetime) -> Shares:
    """What is dropped within a day unless somebody decides, or answers."""
    unread = and_(Message.state == "in_review", not_(goes_unread(session)))
    due = and_(
        Message.state.in_(("draft", "in_review")), Message.deadline_at > now, Message.deadline_at <= now + URGENT
    )
    return _shares(session, Message.deadline_at, and_(due, or_(unread, is_question(now=now))), newest_first=False)


def ended(session: Session, *, now: datetime, owner: str, trigger: str, after: str) -> tuple[Sequence[Ended], bool]:
    """A page of what ended unread, the last first, and whether there is more."""
    wanted = [_ended(now)]
    if owner:
        wanted.append(Message.owner_id.is_(None) if owner == NOBODY else Message.owner_id == _id(owner))
    if trigger:
        wanted.append(Trigger.name == trigger)
    if after and (place := _place(after)):
        wanted.append(tuple_(Message.closed_at, Message.id) < place)
    rows = session.execute(
        select(Message, Customer, Person.name)
        .join(Customer, Customer.id == Message.customer_id)
        .join(Trigger, Trigger.id == Message.trigger_id)
        .outerjoin(Person, Person.id == Message.owner_id)
        .where(*wanted)
        .order_by(Message.closed_at.desc(), Message.id.desc())
        .limit(PAGE + 1)
    ).all()
    found = [
        Ended(
            message_id=message.id,
            customer_name=name_of(customer),
            family=message.family,
            occasion=message.occasion,
            title=definition_of(session, message.trigger_version_id).title,
            owner=name or "",
            reason=message.reason or "",
            ended_at=message.closed_at or now,
        )
        for message, customer, name in rows
    ]
    return found[:PAGE], len(found) > PAGE


def name_of_owner(session: Session, owner: str) -> str:
    """Whose id it is; empty where it is nobody's."""
    person = session.get(Person, found) if (found := _id(owner)) else None
    return person.name if person else ""


def title_of(session: Session, trigger: str) -> str:
    """What marketing calls the trigger of this name; empty where there is none."""
    version = session.scalar(select(Trigger.version_id).where(Trigger.name == trigger)) if trigger else None
    return definition_of(session, version).title if version else ""


def _ended(now: datetime) -> ColumnElement[bool]:
    since = now - timedelta(days=DAYS)
    return and_(
        Message.state == "expired",
        Message.closed_at > since,
        Message.approved_at.is_(None),
        Message.reason.in_(ENDINGS),
        or_(Message.written_at.is_not(None), Message.reason != TOO_LATE),
    )


def _shares(session: Session, at: Any, which: ColumnElement[bool], *, newest_first: bool) -> Shares:
    """Counted over no more than `MOST`, those that are next to now."""
    some = (
        select(Message.owner_id, Message.trigger_id, at.label("at"))
        .where(which)
        .order_by(at.desc() if newest_first else at)
        .limit(MOST + 1)
        .subquery()
    )
    last = func.max(some.c.at) if newest_first else func.min(some.c.at)
    rows = session.execute(
        select(some.c.owner_id, Person.name, Trigger.name, Trigger.version_id, func.count(), last)
        .join(Trigger, Trigger.id == some.c.trigger_id)
        .outerjoin(Person, Person.id == some.c.owner_id)
        .group_by(some.c.owner_id, Person.name, Trigger.name, Trigger.version_id)
        .order_by(func.count().desc() if newest_first else last, Trigger.name, Person.name)
    )
    shares = [
        Share(owner_id, owner or "", name, definition_of(session, version).title if version else name, count, when)
        for owner_id, owner, name, version, count, when in rows
    ]
    return Shares(shares, sum(share.count for share in shares) > MOST)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _place(after: str) -> tuple[datetime, UUID] | None:
    at, _, name = after.partition("~")
    try:
        ended_at, message_id = datetime.fromisoformat(at), UUID(name)
    except ValueError:
        return None
    return (ended_at, message_id) if ended_at.tzinfo else None
