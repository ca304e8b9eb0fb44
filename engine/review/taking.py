"""Who writes at a draft: taken for a quarter of an hour, renewed while they work, given back, or taken over.

Taking is a courtesy and no lock: it is one conditional UPDATE, decides nothing about the text, and so changes no
`version`. What keeps two texts apart is the version that every decision names (engine/review/decisions.py).
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from engine.dates.zones import zone
from engine.errors import Conflict, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.review.views import Held
from engine.storage.models import AuditEntry, Message, Person
from engine.storage.upsert import is_among

FOR = timedelta(minutes=15)
WAITING = ("draft", "in_review")
TAKE, GIVE_BACK = "take", "give_back"
ROLE = "agent"


class TakenMeanwhile(Conflict):
    """Somebody else is writing at this."""

    def __init__(self, held: Held | None, *, zone_name: str = "UTC") -> None:
        super().__init__(held_words(held, zone_name) if held else None)
        self.held = held


def take(session: Session, message_id: UUID, *, person: Person, now: datetime, over: UUID | None = None) -> Held:
    """Take a draft, or go on holding it. `over` is whom a person has seen holding it and deliberately takes it from.

    Raises TakenMeanwhile where another holds it, Conflict where it waits for nobody any more.
    """
    require(person, ROLE)
    held = session.execute(select(Message.taken_by, Message.taken_until).where(Message.id == message_id)).one_or_none()
    if held is None:
        raise NotFound("There is no such message.")
    is_new = held.taken_by != person.id or held.taken_until is None or held.taken_until <= now
    got = session.scalar(
        update(Message)
        .where(Message.id == message_id, Message.state.in_(WAITING), _may_be_taken(person.id, over, now))
        .values(taken_by=person.id, taken_until=now + FOR)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    message = session.get_one(Message, message_id, populate_existing=True)
    if got is None:
        raise _refusal(session, message, person, now=now)
    if is_new:
        detail = {"over": str(over)} if over and over != person.id else {}
        record(session, Doer(person.name, person.id), TAKE, message, now=now, **detail)
        session.flush()
    return held_by(session, [message_id], now=now)[message_id]


def give_back(session: Session, message_id: UUID, *, person: Person, now: datetime) -> bool:
    """Let others take it. False where this person does not hold it, which does no harm."""
    return bool(give_back_all(session, [message_id], person=person, now=now))


def give_back_all(session: Session, message_ids: Collection[UUID] | None, *, person: Person, now: datetime) -> int:
    """Give back these, or all that this person holds."""
    given = update(Message).where(Message.taken_by == person.id, Message.state.in_(WAITING))
    if message_ids is not None:
        given = given.where(Message.id.in_(message_ids))
    returned = session.scalars(
        given.values(taken_by=None, taken_until=None).returning(Message.id).execution_options(synchronize_session=False)
    ).all()
    for message in session.scalars(
        select(Message).where(Message.id.in_(returned)).execution_options(populate_existing=True)
    ):
        record(session, Doer(person.name, person.id), GIVE_BACK, message, now=now)
    return len(returned)


def held_by(session: Session, message_ids: Collection[UUID], *, now: datetime) -> Mapping[UUID, Held]:
    """Message id -> who writes at it now."""
    return _held(session, is_among(session, Message.id, message_ids), now=now)


def all_held(session: Session, *, now: datetime) -> Mapping[UUID, Held]:
    """Everything that anybody writes at now."""
    return _held(session, Message.taken_by.is_not(None), now=now)


def held_words(held: Held, zone_name: str) -> str:
    """Kim is writing at this since 10:42, on the clock of `zone_name`."""
    return f"{held.name} is writing at this since {held.since.astimezone(zone(zone_name)):%H:%M}."


def is_held_by_another(person_id: UUID, now: datetime) -> ColumnElement[bool]:
    """Whether somebody else writes at it."""
    return and_(Message.taken_by.is_not(None), Message.taken_by != person_id, Message.taken_until > now)


def _held(session: Session, which: ColumnElement[bool], *, now: datetime) -> Mapping[UUID, Held]:
    """Since when is in the audit trail: whoever renews what they hold has held it since they took it."""
    since = (
        select(func.max(AuditEntry.at))
        .where(
            AuditEntry.subject == "message",
            AuditEntry.subject_id == Message.id,
            AuditEntry.action == TAKE,
            AuditEntry.person_id == Message.taken_by,
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(Message.id, Message.taken_by, Person.name, since, Message.taken_until)
        .join(Person, Person.id == Message.taken_by)
        .where(which, Message.taken_until > now, Message.state.in_(WAITING))
    )
    return {
        message_id: Held(by, name, at or until - FOR, until)
        for message_id, by, name, at, until in rows
        if by is not None and until is not None
    }


def _may_be_taken(person_id: UUID, over: UUID | None, now: datetime) -> ColumnElement[bool]:
    ways = [Message.taken_by.is_(None), Message.taken_until <= now, Message.taken_by == person_id]
    return or_(*ways, Message.taken_by == over) if over is not None else or_(*ways)


def _refusal(session: Session, message: Message, person: Person, *, now: datetime) -> Conflict:
    if message.state not in WAITING:
        return Conflict("This message does not wait for anybody any more.")
    return TakenMeanwhile(held_by(session, [message.id], now=now).get(message.id), zone_name=person.zone)
