"""The problems that a trigger may have to speak of, with what a kind wants to know of each: read for a page at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, tuple_
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.kinds import ProblemFacts, ProblemQuery
from engine.spot.disturbances import Trouble, disturbances_of, troubles_of
from engine.spot.reasons import UNTRUE_PROBLEM
from engine.storage.models import Customer, Moment, Problem

PAGE = 1_000
# A problem of the same category so long before makes this one a repetition.
REPEATED_WITHIN = timedelta(days=180)
# A resolution is looked at for so long. Whoever found no peace since then is past the help of a message.
LOOK_BACK = timedelta(days=60)
_GRAVITY = ("minor", "major", "serious")

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
    at, statement = _at(query), _statement(query)
    if query.state == "resolved":
        undecided = statement.outerjoin(Moment, _moment_of(trigger)).where(_is_undecided())
        statement = undecided.where(at > query.before - LOOK_BACK)
    return _pages(session, statement, at)


def resolved_since(session: Session, query: ProblemQuery, since: datetime) -> Iterator[list[Candidate]]:
    """Pages of problems that the query names and that were resolved after `since`, whatever came of them."""
    at = _at(query)
    return _pages(session, _statement(query).where(at > since), at)


def lightest_first(page: Sequence[Candidate]) -> list[Candidate]:
    """Where two problems of one incident are due at once, the graver one speaks: it comes last."""
    return sorted(page, key=lambda one: (_GRAVITY.index(one.problem.severity), one.problem.opened_at))


def _pages(session: Session, statement: Select[Any], at: Any) -> Iterator[list[Candidate]]:
    after: tuple[Any, Any] | None = None
    while True:
        page = statement if after is None else statement.where(tuple_(at, Problem.id) > tuple_(*after))
        rows = session.execute(page).all()
        if rows:
            yield list(_judged(session, rows))
        if len(rows) < PAGE:
            return
        after = (getattr(rows[-1], at.key), rows[-1].id)


def _at(query: ProblemQuery) -> Any:
    return Problem.resolved_at if query.state == "resolved" else Problem.opened_at


def _statement(query: ProblemQuery) -> Select[Any]:
    at = _at(query)
    return (
        select(Problem.customer_id, Customer.country, Customer.zone, *(getattr(Problem, name) for name in _OF_PROBLEM))
        .join(Customer, Customer.id == Problem.customer_id)
        .where(
            Problem.state == query.state,
            Problem.kind.in_(query.kinds),
            at <= query.before,
            Customer.erased_at.is_(None),
        )
        .order_by(at, Problem.id)
        .limit(PAGE)
    )


def _moment_of(trigger: ActiveTrigger) -> ColumnElement[bool]:
    """A problem that was resolved makes one moment, under its incident: the UNIQUE key answers."""
    return and_(
        Moment.trigger_id == trigger.id,
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
