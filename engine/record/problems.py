"""Stores problems: the fold of their events, written over the row of each subject that an event just touched."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.kinds import FoldEvent
from engine.record.attention import look_again
from engine.record.event_kinds import PROBLEM_EVENTS, subject_of
from engine.record.folding import effective_events
from engine.record.incidents import IncidentNews, shared_incidents
from engine.record.problem_states import ProblemState, fold_problem
from engine.storage.models import FollowUpCall, Moment, Problem, Reply

Subject = tuple[UUID, str]
Row = dict[str, Any]

_FIELDS = (
    *("kind", "category", "severity", "state", "incident_key", "opened_at", "resolved_at", "last_event_at", "reopened"),
    *("what_happened", "what_we_did", "next_step", "next_news_on", "remedy", "owner", "about"),
)


def fold_problems(session: Session, subjects: Collection[Subject], *, now: datetime) -> None:
    """Bring the problems of these (customer id, subject) up to date with all their events, in any order they came.

    The caller holds the lock of the customers. Where an amendment moved an event to another subject, name both.
    """
    if not subjects:
        return
    events = _events_of(session, {customer_id for customer_id, _ in subjects})
    states = {subject: state for subject in subjects if (state := fold_problem(events.get(subject, ())))}
    outages = {state.incident_key for state in states.values() if state.kind == "outage"}
    incidents = shared_incidents(session, outages, now=now)
    wanted = {subject: row_of(state, incidents.get(state.incident_key)) for subject, state in states.items()}
    known = _stored(session, subjects)
    look_again(session, _store(session, wanted, known), now=now)


def row_of(state: ProblemState, incident: IncidentNews | None) -> Row:
    """The columns of a problem; an outage is resolved when its incident is over, and the incident's words win."""
    row: Row = {field: getattr(state, field) for field in _FIELDS}
    if state.kind == "outage" and incident is not None:
        row |= {"state": incident.problem_state, "resolved_at": incident.ended_at, **incident.words}
    return row


def _events_of(session: Session, customer_ids: Collection[UUID]) -> Mapping[Subject, list[FoldEvent]]:
    """By the subject they speak of now: an amendment may have moved them from another."""
    events: dict[Subject, list[FoldEvent]] = defaultdict(list)
    for customer_id, event in effective_events(session, customer_ids, PROBLEM_EVENTS):
        if subject := subject_of(event.name, event.properties):
            events[customer_id, subject].append(event)
    return events


def _stored(session: Session, subjects: Collection[Subject]) -> Mapping[Subject, Row]:
    columns = [getattr(Problem, field) for field in ("id", "customer_id", "key", *_FIELDS)]
    rows = session.execute(
        select(*columns).where(
            Problem.customer_id.in_({customer_id for customer_id, _ in subjects}),
            Problem.key.in_({key for _, key in subjects}),
        )
    )
    found = {(row.customer_id, row.key): row._asdict() for row in rows}
    return {subject: found[subject] for subject in subjects if subject in found}


def _store(session: Session, wanted: Mapping[Subject, Row], known: Mapping[Subject, Row]) -> set[UUID]:
    """Write what differs, and answer whose problems changed."""
    new = [subject for subject in wanted if subject not in known]
    gone = [subject for subject in known if subject not in wanted]
    changed = [
        subject
        for subject, row in wanted.items()
        if subject in known and any(known[subject][field] != row[field] for field in _FIELDS)
    ]
    if new:
        keys = [{"id": new_id(), "customer_id": customer_id, "key": key} for customer_id, key in new]
        session.execute(insert(Problem), [key | wanted[subject] for key, subject in zip(keys, new, strict=True)])
    if changed:
        session.execute(update(Problem), [{"id": known[subject]["id"]} | wanted[subject] for subject in changed])
    _retract(session, [known[subject]["id"] for subject in gone])
    return {customer_id for customer_id, _ in (*new, *changed, *gone)}


def _retract(session: Session, ids: Sequence[UUID]) -> None:
    """A problem whose every event was retracted goes; where a moment tells of it or a call was asked for, it stays as a
    mere contact that nobody waits with. A reply that opened one is no complaint then."""
    if not ids:
        return
    session.execute(update(Reply).where(Reply.problem_id.in_(ids)).values(problem_id=None, negative=False))
    told = or_(exists().where(Moment.problem_id == Problem.id), exists().where(FollowUpCall.problem_id == Problem.id))
    quiet = {"synchronize_session": False}
    over = {"state": "contact", "resolved_at": Problem.last_event_at}
    session.execute(delete(Problem).where(Problem.id.in_(ids), ~told), execution_options=quiet)
    session.execute(update(Problem).where(Problem.id.in_(ids)).values(over), execution_options=quiet)
