"""Gives drafts to people: when they are written, when their owner is away, and by hand. A batch is a few statements.

What decides is engine/review/owners.py; here is what it needs to know, and what stores the answer. Whose a draft is
says who is told of it first, and takes it from nobody: everybody sees everything.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, func, or_, select, update
from sqlalchemy.orm import Session

from engine.definitions.store import definition_of
from engine.errors import Conflict, InvalidInput, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.people.deciding import DECIDERS, ROLE, may_decide
from engine.review.owners import BY_HAND, TEAM, Choice, Colleague, Task, choose_owner, folded, hand_back, language_of
from engine.storage.given import Columns, given
from engine.storage.models import Customer, Message, MessageMoment, Moment, Person, Problem
from engine.storage.upsert import is_among

OPEN = ("draft", "in_review")
MAX_NOTE = 1_000
OWNED = Message.owner_id.is_not(None)
_CHOSEN: Columns = {"id": Uuid(), "owner_id": Uuid(), "owner_reason": Text()}


def assign_owners(session: Session, message_ids: Collection[UUID], *, now: datetime) -> int:
    """Give those of these open drafts an owner that have none; says how many got one. The rest say why not."""
    to_the_team = Message.owner_reason.startswith(f"{TEAM}:")
    nobodys = and_(Message.owner_id.is_(None), or_(Message.owner_reason.is_(None), ~to_the_team))
    return give(session, tasks(session, message_ids, nobodys), now=now)


def move_from_absent(session: Session, *, now: datetime, limit: int = 1_000) -> int:
    """Hand the open drafts of people who are away, or work here no more, to their substitutes, else to who can.

    What somebody writes at just now stays where it is.
    """
    absent = select(Person.id).where(or_(~may_decide(), Person.away_until > now))
    ids = session.scalars(
        select(Message.id)
        .where(
            Message.state.in_(OPEN),
            Message.owner_id.in_(absent),
            or_(Message.taken_until.is_(None), Message.taken_until <= now),
        )
        .order_by(Message.deadline_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    return give(session, tasks(session, ids, OWNED), now=now) if ids else 0


def hand_on(session: Session, message_ids: Collection[UUID], *, owner_id: UUID, now: datetime) -> int:
    """What this owner, who takes a breather, had in their hands: to their substitute, else back to everybody."""
    mine = session.scalars(
        select(Message.id).where(is_among(session, Message.id, message_ids), Message.owner_id == owner_id)
    ).all()
    theirs = tasks(session, mine, OWNED) if mine else {}
    team = colleagues(session, now=now) if theirs else []
    return _store(session, {message_id: hand_back(task, team) for message_id, task in theirs.items()})


def assign(
    session: Session,
    message_id: UUID,
    *,
    to: UUID | None,
    person: Person,
    now: datetime,
    reason: str | None = None,
    note: str | None = None,
) -> Message:
    """Give an open draft to somebody by hand, or to the team where `to` is None, with a note for whoever writes it.

    `reason` is shown as it stands; without one it is who handed it over. Raises Conflict where it is decided already.
    """
    require(person, ROLE)
    to_whom = session.get(Person, to) if to is not None else None
    if to is not None and (to_whom is None or not to_whom.active or to_whom.role not in DECIDERS):
        raise InvalidInput("to: only somebody who may approve messages can be given one.")
    # Who hands on gives it out of their hands; a colleague who writes at it meanwhile goes on.
    mine = Message.taken_by == person.id
    values = {
        "owner_id": to,
        "owner_reason": reason or f"{BY_HAND if to is not None else TEAM}:{person.name}",
        "owner_note": " ".join((note or "").split())[:MAX_NOTE] or None,
    }
    quiet = {"synchronize_session": False}
    session.execute(
        update(Message).where(Message.id == message_id, mine).values(taken_by=None, taken_until=None),
        execution_options=quiet,
    )
    done = session.scalar(
        update(Message)
        .where(Message.id == message_id, Message.state.in_(OPEN))
        .values(values)
        .returning(Message.id)
        .execution_options(**quiet)
    )
    message = session.get(Message, message_id, populate_existing=True)
    if message is None:
        raise NotFound("There is no such message.")
    if done is None:
        raise Conflict("This message is decided already; there is nothing left to hand over.")
    record(session, Doer(person.name, person.id), "assign", message, now=now, to=str(to) if to else None)
    return message


def colleagues(session: Session, *, now: datetime) -> list[Colleague]:
    """Everybody who may write, and whether they are there."""
    people = session.scalars(select(Person).where(may_decide()).order_by(Person.id))
    return [_colleague(person, now) for person in people]


def task_of(
    session: Session,
    *,
    version_id: UUID,
    locale: str,
    solver: str | None = None,
    about: str | None,
    owner_id: UUID | None = None,
) -> Task:
    """What a draft of this trigger's version, customer and problem asks of whoever writes it."""
    skill = definition_of(session, version_id).review.skill
    return Task(solver, about, skill, language_of(locale), owner_id)


def tasks(session: Session, message_ids: Collection[UUID], which: ColumnElement[bool]) -> Mapping[UUID, Task]:
    """What those of these open drafts ask that are also `which`, most pressing first, in one statement."""
    rows = session.execute(
        select(Message.id, Message.trigger_version_id, Customer.locale, Problem.owner, Problem.about, Message.owner_id)
        .join(Customer, Customer.id == Message.customer_id)
        .join(MessageMoment, and_(MessageMoment.message_id == Message.id, MessageMoment.position == 0))
        .join(Moment, Moment.id == MessageMoment.moment_id)
        .outerjoin(Problem, Problem.id == Moment.problem_id)
        .where(is_among(session, Message.id, message_ids), Message.state.in_(OPEN), which)
        .order_by(Message.deadline_at, Message.id)
    )
    return {
        message_id: task_of(session, version_id=version, locale=locale, solver=solver, about=about, owner_id=owner_id)
        for message_id, version, locale, solver, about, owner_id in rows
    }


def give(session: Session, theirs: Mapping[UUID, Task], *, now: datetime) -> int:
    """Give each of these drafts to whom it fits; says how many got an owner. The rest say why not."""
    if not theirs:
        return 0
    team, load = colleagues(session, now=now), _load(session)
    choices = {}
    for message_id, task in theirs.items():
        choices[message_id] = choice = choose_owner(task, team, load)
        if choice.owner_id is not None:
            load[choice.owner_id] = load.get(choice.owner_id, 0) + 1
    return _store(session, choices)


def _store(session: Session, choices: Mapping[UUID, Choice]) -> int:
    """In one statement. What was decided meanwhile stays as it is."""
    if not choices:
        return 0
    rows = [(message_id, choice.owner_id, choice.reason) for message_id, choice in choices.items()]
    chosen = given(session, "chosen", _CHOSEN, rows)
    session.execute(
        update(Message)
        .where(Message.id == chosen.c.id, Message.state.in_(OPEN))
        .values(owner_id=chosen.c.owner_id, owner_reason=chosen.c.owner_reason)
        .execution_options(synchronize_session=False)
    )
    return sum(owner_id is not None for _, owner_id, _ in rows)


def _load(session: Session) -> dict[UUID, int]:
    rows: Sequence[tuple[UUID, int]] = session.execute(
        select(Message.owner_id, func.count())
        .where(Message.state.in_(OPEN), Message.owner_id.is_not(None))
        .group_by(Message.owner_id)
    ).all()  # type: ignore[assignment]
    return dict(rows)


def _colleague(person: Person, now: datetime) -> Colleague:
    gone = any(until is not None and until > now for until in (person.away_until, person.paused_until))
    return Colleague(
        id=person.id,
        name=person.name,
        names=frozenset(folded(name) for name in (person.email, person.name, *person.ticket_names)),
        skills=frozenset(person.skills),
        languages=frozenset(language_of(locale) for locale in person.locales),
        present=not gone,
        substitute_id=person.substitute_id,
    )
