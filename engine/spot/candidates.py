"""The problems that a trigger may have to speak of, with what a kind wants to know of each: read for a page at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, Uuid, and_, bindparam, or_, select, tuple_
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.kinds import ProblemFacts, ProblemQuery
from engine.spot.disturbances import Trouble, disturbances_of, troubles_of
from engine.spot.reasons import UNTRUE_PROBLEM
from engine.storage.base import UtcDateTime
from engine.storage.models import Customer, Moment, Problem
from engine.storage.session import past_the_orm
from engine.storage.words import in_words

PAGE = 1_000
# A problem of the same category so long before makes this one a repetition.
REPEATED_WITHIN = timedelta(days=180)
# A resolution is looked at for so long. Whoever found no peace since then is past the help of a message.
LOOK_BACK = timedelta(days=60)
_GRAVITY = ("minor", "major", "serious")

_BEFORE, _SINCE = (bindparam(name, type_=UtcDateTime(), required=True) for name in ("before", "since"))
_TRIGGER: BindParameter[UUID] = bindparam("trigger", type_=Uuid(), required=True)

_OF_PROBLEM = (
    "id",
    "key",
    "kind",
    "category",
    "severity",
    "state",
    "incident_key",
    "opened_at",
    "resolved_at",
    "reopened",
    "what_happened",
    "what_we_did",
    "next_step",
    "next_news_on",
    "owner",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A problem, and where its customer lives."""

    customer_id: UUID
    country: str | None
    problem: ProblemFacts

    @property
    def zone(self) -> str:
        """The customer's."""
        return self.problem.zone


def candidates(session: Session, trigger: ActiveTrigger, query: ProblemQuery) -> Iterator[list[Candidate]]:
    """Pages of problems that the query names and that this trigger has not dealt with for good."""
    values = {_BEFORE.key: query.before, _SINCE.key: query.before - LOOK_BACK, _TRIGGER.key: trigger.id}
    undecided = query.state == "resolved"
    return _pages(session, _statement(query.kinds, query.state, undecided=undecided, bounded=undecided), values)


def resolved_since(session: Session, query: ProblemQuery, since: datetime) -> Iterator[list[Candidate]]:
    """Pages of problems that the query names and that were resolved after `since`, whatever came of them."""
    values = {_BEFORE.key: query.before, _SINCE.key: since}
    return _pages(session, _statement(query.kinds, query.state, undecided=False, bounded=True), values)


def lightest_first(page: Sequence[Candidate]) -> list[Candidate]:
    """Where two problems of one incident are due at once, the graver one speaks: it comes last."""
    return sorted(page, key=lambda one: (_GRAVITY.index(one.problem.severity), one.problem.opened_at))


def _pages(session: Session, asked: "_Asked", values: Mapping[str, Any]) -> Iterator[list[Candidate]]:
    after: tuple[Any, Any] | None = None
    while True:
        page = asked.rows if after is None else asked.rows.where(tuple_(asked.at, Problem.id) > tuple_(*after))
        rows = past_the_orm(session).execute(page, dict(values)).all()
        if rows:
            yield list(_judged(session, rows))
        if len(rows) < PAGE:
            return
        after = (getattr(rows[-1], asked.at.key), rows[-1].id)


class _Asked(NamedTuple):
    """A statement, and the column by whose order its pages are asked."""

    rows: Select[Any]
    at: Any


@lru_cache(maxsize=64)
def _statement(kinds: tuple[str, ...], state: str, *, undecided: bool, bounded: bool) -> _Asked:
    at = Problem.resolved_at if state == "resolved" else Problem.opened_at
    rows = (
        select(Problem.customer_id, Customer.country, Customer.zone, *(getattr(Problem, name) for name in _OF_PROBLEM))
        .join(Customer, Customer.id == Problem.customer_id)
        .where(
            Problem.state == state,
            Problem.kind.in_(kinds),
            at <= _BEFORE,
            Customer.erased_at.is_(None),
        )
        .order_by(at, Problem.id)
        .limit(PAGE)
    )
    if undecided:
        rows = rows.outerjoin(Moment, _moment_of_it()).where(_is_undecided())
    if bounded:
        rows = rows.where(at > _SINCE)
    return _Asked(in_words(rows), at)


def _moment_of_it() -> ColumnElement[bool]:
    """A problem that was resolved makes one moment, under its incident: the UNIQUE key answers."""
    return and_(
        Moment.trigger_id == _TRIGGER,
        Moment.customer_id == Problem.customer_id,
        Moment.occurrence_key == Problem.incident_key,
    )


def _is_undecided() -> ColumnElement[bool]:
    return or_(
        Moment.id.is_(None),
        Moment.state == "spotted",
        and_(Moment.state == "cancelled", Moment.reason.in_(UNTRUE_PROBLEM)),
    )


def _judged(session: Session, rows: Sequence[Any]) -> Iterator[Candidate]:
    troubles = troubles_of(session, {row.customer_id for row in rows})
    disturbances = disturbances_of(session, troubles)
    for row in rows:
        others = [one for one in troubles.get(row.customer_id, ()) if one.id != row.id]
        problem = ProblemFacts(
            **{name: getattr(row, name) for name in _OF_PROBLEM},
            same_category=sum(_is_repeated(row, one) for one in others),
            zone=row.zone,
            disturbances=disturbances.get(row.customer_id, ()),
        )
        siblings = [one for one in others if one.incident_key == row.incident_key]
        yield Candidate(row.customer_id, row.country, _with_siblings(problem, siblings))


def _is_repeated(problem: Any, earlier: Trouble) -> bool:
    """An earlier one of the same category. One cause is not repeated by the problems it made."""
    age = problem.opened_at - earlier.opened_at
    return (
        earlier.category == problem.category
        and earlier.incident_key != problem.incident_key
        and timedelta(0) <= age <= REPEATED_WITHIN
        and (age > timedelta(0) or str(earlier.id) < str(problem.id))
    )


def _with_siblings(problem: ProblemFacts, siblings: Sequence[Trouble]) -> ProblemFacts:
    """An incident is resolved when the last of its problems is."""
    if problem.state != "resolved" or problem.resolved_at is None or not siblings:
        return problem
    if any(one.resolved_at is None for one in siblings):
        return replace(problem, state="open")
    return replace(
        problem, resolved_at=max(problem.resolved_at, *(one.resolved_at for one in siblings if one.resolved_at))
    )
