"""Calls that a serious or repeated problem asks for, within two days of its resolution: made as soon as it is solved,
one for each incident of a customer, for who solved it; dropped with a reason when they may not be made any more,
brought back when it is solved again; told of when they are late.

Whether a problem asks for one is the word of the kind that recovers it (`call_due_at`); nothing here decides it again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from engine.definitions.store import ActiveTrigger
from engine.ids import new_id
from engine.kinds import ProblemFacts, ProblemKind
from engine.notices.telling import News, tell
from engine.send.channels.call import NAME
from engine.spot.candidates import lightest_first, resolved_since
from engine.storage.bulk import update_each
from engine.storage.models import Customer, FollowUpCall, Notice, Person, Problem, Suppression
from engine.storage.upsert import insert_into, is_among

# Who solved it late, or told us late, has a day for the call: nobody is late for what they could not know.
AT_LEAST = timedelta(days=1)
# How far back resolutions are looked at: a long weekend without a worker loses no call, old tickets make none.
LOOK_BACK = timedelta(days=4)
BATCH = 500
REOPENED, NO_PROBLEM, ASKED_NOT_TO_CALL, GONE = "reopened", "no_problem", "asked_not_to_call", "customer_gone"
LATE = "call_late"
# What the events said may be unsaid: such a call comes back with the resolution.
_UNSAID = (REOPENED, NO_PROBLEM)

Incident = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A problem that asks for a call, and by when."""

    customer_id: UUID
    problem: ProblemFacts
    resolved_at: datetime
    due_at: datetime

    @property
    def incident(self) -> Incident:
        """One cause is called about once, however many problems it made."""
        return self.customer_id, self.problem.incident_key

    def is_answered_by(self, call: FollowUpCall) -> bool:
        """Whether this call is about this resolution, or was ended by a person after it."""
        if call.reason in _UNSAID:
            return False
        return call.resolved_at == self.resolved_at or (call.ended_at is not None and call.ended_at >= self.resolved_at)


def keep_follow_ups(session: Session, triggers: Sequence[ActiveTrigger], *, now: datetime) -> int:
    """Make what is missing, bring back what is due again, drop what may not be made, tell of what is late; how many
    were made or came back. What only watches in the shadow asks for nothing.

    Customers are locked first, as who writes an outcome down does.
    """
    active = [one for one in triggers if one.state == "active" and one.kind.shape == "problems"]
    made = sum(_keep(session, page, now) for trigger in active for page in _asked(session, trigger, now))
    _drop(session, now=now)
    _tell_late(session, now=now)
    return made


def owner_of(owner: str | None, people: Iterable[Person]) -> UUID | None:
    """Who of us goes by this name in other systems: by their names there, their e-mail or their name."""
    wanted = (owner or "").strip().casefold()
    return next((person.id for person in people if wanted and wanted in _names(person)), None)


def _names(person: Person) -> set[str]:
    return {name.strip().casefold() for name in (*person.ticket_names, person.email, person.name)}


def _asked(session: Session, trigger: ActiveTrigger, now: datetime) -> Iterator[Mapping[Incident, Asked]]:
    """Page by page, of each incident the gravest problem that asks for a call."""
    kind = cast(ProblemKind, trigger.kind)
    query = replace(kind.query(trigger.params, now), before=now)
    if query.state != "resolved":
        return
    for page in resolved_since(session, query, max(now - LOOK_BACK, trigger.active_from)):
        asked: dict[Incident, Asked] = {}
        for one in lightest_first(page):
            due_at = kind.call_due_at(trigger.params, one.problem)
            if due_at is not None and one.problem.resolved_at is not None:
                wanted = Asked(one.customer_id, one.problem, one.problem.resolved_at, due_at)
                asked[wanted.incident] = wanted
        yield asked


def _keep(session: Session, asked: Mapping[Incident, Asked], now: datetime) -> int:
    """Looked at without locks first, as most calls are there already; then only their customers are locked."""
    wanted = {one.customer_id for one, _ in _unanswered(session, asked)}
    called = _locked(session, wanted) if wanted else set()
    todo = [pair for pair in _unanswered(session, asked) if pair[0].customer_id in called] if called else []
    if not todo:
        return 0
    people = session.scalars(select(Person).where(Person.active).order_by(Person.created_at, Person.id)).all()
    new = [_new(one, people, now) for one, call in todo if call is None]
    if new:
        session.execute(insert_into(session, FollowUpCall).on_conflict_do_nothing(index_elements=["problem_id"]), new)
    update_each(session, FollowUpCall, [_back(one, call, people, now) for one, call in todo if call is not None])
    return len(todo)


def _unanswered(session: Session, asked: Mapping[Incident, Asked]) -> list[tuple[Asked, FollowUpCall | None]]:
    """What asks for a call that is not there, or that was about an earlier resolution; with that one."""
    if not asked:
        return []
    rows = session.execute(
        select(FollowUpCall, Problem.incident_key)
        .join(Problem, Problem.id == FollowUpCall.problem_id)
        .where(is_among(session, FollowUpCall.customer_id, {one.customer_id for one in asked.values()}))
        .order_by(FollowUpCall.id)
        .execution_options(populate_existing=True)
    )
    known = {(call.customer_id, incident_key): call for call, incident_key in rows}
    pairs = ((one, known.get(incident)) for incident, one in asked.items())
    return [(one, call) for one, call in pairs if call is None or not one.is_answered_by(call)]


def _locked(session: Session, customer_ids: Collection[UUID]) -> set[UUID]:
    """Those of them who may be called, locked."""
    callable_ones = (
        select(Customer.id)
        .where(is_among(session, Customer.id, customer_ids), ~_gone(), ~_may_not_be_called(Customer.id))
        .order_by(Customer.id)
        .with_for_update()
    )
    return set(session.scalars(callable_ones))


def _new(one: Asked, people: Sequence[Person], now: datetime) -> dict[str, Any]:
    about = {"problem_id": one.problem.id, "customer_id": one.customer_id, "created_at": now}
    return {"id": new_id(), **about, **_open(one, people, now)}


def _back(one: Asked, call: FollowUpCall, people: Sequence[Person], now: datetime) -> dict[str, Any]:
    """With its new hour; what came of earlier tries stays to be read."""
    ended = dict.fromkeys(("reason", "again_at", "ended_at", "ended_by"))
    return {"id": call.id, **ended, **_open(one, people, now)}


def _open(one: Asked, people: Sequence[Person], now: datetime) -> dict[str, Any]:
    return {
        "owner_id": owner_of(one.problem.owner, people),
        "state": "open",
        "resolved_at": one.resolved_at,
        "due_at": one.due_at if one.due_at > now else now + AT_LEAST,
    }


def _drop(session: Session, *, now: datetime) -> None:
    """What is not solved takes its call along, and brings it back; a customer's word ends it for good."""
    reasons = (
        (GONE, exists().where(Customer.id == FollowUpCall.customer_id, _gone())),
        (ASKED_NOT_TO_CALL, _may_not_be_called(FollowUpCall.customer_id)),
        (NO_PROBLEM, exists().where(Problem.id == FollowUpCall.problem_id, Problem.state == "contact")),
        (REOPENED, _is_open_again()),
    )
    for reason, applies in reasons:
        dropped = update(FollowUpCall).where(FollowUpCall.state == "open", applies)
        session.execute(
            dropped.values(state="dropped", reason=reason, ended_at=now),
            execution_options={"synchronize_session": False},
        )


def _is_open_again() -> ColumnElement[bool]:
    """The problem, or another one of the same incident: an incident is solved when the last of its problems is."""
    other = aliased(Problem)
    return exists().where(
        Problem.id == FollowUpCall.problem_id,
        other.customer_id == Problem.customer_id,
        other.incident_key == Problem.incident_key,
        other.state == "open",
    )


def _gone() -> ColumnElement[bool]:
    return or_(Customer.deceased, Customer.erased_at.is_not(None))


def _may_not_be_called(customer_id: Any) -> ColumnElement[bool]:
    """They asked for it, on this channel or on all."""
    return exists().where(
        Suppression.customer_id == customer_id,
        Suppression.lifted_at.is_(None),
        or_(Suppression.channel.is_(None), Suppression.channel == NAME),
    )


def _tell_late(session: Session, *, now: datetime) -> None:
    """Once for each; of a call that nobody of us owns the company's webhook is told."""
    late = session.execute(
        select(FollowUpCall.id, FollowUpCall.owner_id)
        .where(FollowUpCall.state == "open", FollowUpCall.due_at <= now)
        .order_by(FollowUpCall.due_at)
        .limit(BATCH)
    ).all()
    if not late:
        return
    keys = {f"{LATE}:{row.id}": row for row in late}
    told = set(session.scalars(select(Notice.key).where(Notice.key.in_(keys))))
    for key, row in keys.items():
        if key not in told:
            tell(session, _news(key, row.id, row.owner_id), now=now)


def _news(key: str, call_id: UUID, owner_id: UUID | None) -> News:
    return News(
        key=key,
        kind=LATE,
        subject="A call about a solved problem is late",
        body="Somebody who had trouble with us was to be called by now. The page has the number and what to say.",
        path=f"/calls/follow-up/{call_id}",
        person_id=owner_id,
    )
