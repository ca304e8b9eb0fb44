"""Tells people in time of drafts that nobody has read: whose they are, then a substitute, then marketing.

Told once, of a number of drafts and never of a customer: one notice for each person, level and deadline, and another,
not sooner than in an hour, where drafts came later. What goes by itself alerts nobody: nothing is lost by it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, case, func, not_, or_, select
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours, after_team_hours
from engine.dates.zones import zone
from engine.notices.telling import News, tell
from engine.review.assigning import colleagues, task_of
from engine.review.owners import Colleague, Task
from engine.review.queue import QUESTIONS, is_question
from engine.review.unread import goes_unread
from engine.storage.models import Customer, Hold, Message, MessageMoment, Moment, Notice, Person, Problem

KIND = "unread"
DEFAULT_LEVELS: Mapping[str, int] = {"owner": 8, "substitute": 4, "marketing": 2}
AGAIN_AFTER = timedelta(hours=1)
_REMEMBERED = timedelta(days=60)
_PATH = "/queue?due=yes"


@dataclass(frozen=True, slots=True)
class Unread:
    """So many drafts with one deadline that are the same people's to read; when the newest of them came."""

    deadline_at: datetime
    task: Task
    count: int
    newest_at: datetime


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who is told of which deadline at which level. No person: the company's webhook."""

    level: str
    person_id: UUID | None
    deadline_at: datetime

    @property
    def key(self) -> str:
        """Without the number that tells a first notice from later ones."""
        return f"{KIND}:{self.level}:{self.person_id or 'webhook'}:{self.deadline_at:%Y%m%dT%H%M%S}"


@dataclass(slots=True)
class _Sum:
    count: int
    newest_at: datetime


def alert(session: Session, *, now: datetime, team: TeamHours, levels: Mapping[str, int] = DEFAULT_LEVELS) -> int:
    """Have told what is due to be told now, at every level; answers how many notices that made."""
    horizons = {level: after_team_hours(now, hours, team) for level, hours in levels.items()}
    unread = _unread(session, now=now, until=max(horizons.values()))
    if not unread:
        return 0
    people, bosses = colleagues(session, now=now), _bosses(session, now=now)
    sums: dict[Occasion, _Sum] = {}
    for level, horizon in horizons.items():
        for some in unread:
            if some.deadline_at <= horizon:
                for person_id in (*whom(level, some.task, people, bosses), None):
                    _add(sums, Occasion(level, person_id, some.deadline_at), some)
    return _tell(session, sums, team=team, now=now)


def whom(level: str, task: Task, people: Sequence[Colleague], bosses: Sequence[UUID]) -> Iterable[UUID]:
    """Who is told at this level. Whom a complaint is about is not told of it. Pure."""
    if level == "marketing":
        return bosses
    by_id = {one.id: one for one in people}
    owner = by_id.get(task.owner_id) if task.owner_id else None
    able = [one.id for one in people if one.present and one.can(task) and not one.is_called(task.about)]
    if owner is None:
        return able
    if level == "owner" and owner.present:
        return [owner.id]
    substitute = by_id.get(owner.substitute_id) if owner.substitute_id else None
    if substitute is not None and substitute.present and not substitute.is_called(task.about):
        return [substitute.id]
    return [one for one in able if one != owner.id]


def _unread(session: Session, *, now: datetime, until: datetime) -> list[Unread]:
    """What must be decided by then: one statement, and a row for each kind of it however many drafts there are."""
    waits = or_(and_(Message.state == "in_review", not_(goes_unread(session))), is_question(now=now))
    asked_at = (
        select(func.max(Hold.opened_at))
        .join(MessageMoment, MessageMoment.moment_id == Hold.moment_id)
        .where(MessageMoment.message_id == Message.id, Hold.name.in_(QUESTIONS), Hold.released_at.is_(None))
        .scalar_subquery()
    )
    came_at = case((Message.state == "draft", asked_at), else_=Message.written_at)
    kinds = (Message.deadline_at, Message.owner_id, Message.trigger_version_id, Customer.locale, Problem.about)
    rows = session.execute(
        select(*kinds, func.count(), func.max(came_at, type_=Message.written_at.type))
        .select_from(Message)
        .join(Customer, Customer.id == Message.customer_id)
        .join(MessageMoment, and_(MessageMoment.message_id == Message.id, MessageMoment.position == 0))
        .join(Moment, Moment.id == MessageMoment.moment_id)
        .outerjoin(Problem, Problem.id == Moment.problem_id)
        .where(
            Message.state.in_(("draft", "in_review")),
            Message.deadline_at > now,
            Message.deadline_at <= until,
            waits,
        )
        .group_by(*kinds)
    )
    return [
        Unread(
            deadline_at,
            task_of(session, version_id=version, locale=locale, about=about, owner_id=owner_id),
            count,
            newest_at or now,
        )
        for deadline_at, owner_id, version, locale, about, count, newest_at in rows
    ]


def _bosses(session: Session, *, now: datetime) -> Sequence[UUID]:
    there = or_(Person.away_until.is_(None), Person.away_until <= now)
    who = select(Person.id).where(Person.active, Person.role.in_(("marketing", "admin")), there)
    return session.scalars(who.order_by(Person.id)).all()


def _add(sums: dict[Occasion, _Sum], occasion: Occasion, some: Unread) -> None:
    found = sums.setdefault(occasion, _Sum(0, some.newest_at))
    found.count += some.count
    found.newest_at = max(found.newest_at, some.newest_at)


def _tell(session: Session, sums: Mapping[Occasion, _Sum], *, team: TeamHours, now: datetime) -> int:
    told = _told(session, now=now)
    made = 0
    for occasion, found in sums.items():
        before = told.get(occasion.key, ())
        if before and (found.newest_at <= max(before) or now - max(before) < AGAIN_AFTER):
            continue
        made += tell(session, _news(occasion, found.count, len(before), team), now=now)
    return made


def _told(session: Session, *, now: datetime) -> Mapping[str, Sequence[datetime]]:
    """Key without number -> when it was told."""
    rows = session.execute(
        select(Notice.key, Notice.created_at).where(Notice.kind == KIND, Notice.created_at > now - _REMEMBERED)
    )
    found: dict[str, list[datetime]] = {}
    for key, at in rows:
        found.setdefault(key.rpartition(":")[0], []).append(at)
    return found


def _news(occasion: Occasion, count: int, before: int, team: TeamHours) -> News:
    at = occasion.deadline_at.astimezone(zone(team.zone))
    until = f"{at:%A} {at.day} {at:%B}, {at:%H:%M}"
    drafts = "1 draft waits" if count == 1 else f"{count:,} drafts wait"
    ending = {
        "owner": "Nobody has read them yet; what is unread by then is dropped, and a question stays unanswered.",
        "substitute": "Whose they are has not come to them yet. Could you look?",
        "marketing": "Nobody has come to them yet, and what is unread by then is dropped.",
    }[occasion.level]
    return News(
        key=f"{occasion.key}:{before}",
        kind=KIND,
        subject=f"{drafts} to be read by {at:%A}, {at:%H:%M}",
        body=f"{drafts} for a person, until {until} ({team.zone}). {ending}",
        path=_PATH,
        person_id=occasion.person_id,
    )
