"""Complaints that people hear, in a reply or on the phone, become problems by the ordinary way of events: idempotent by
message id, folded like a ticket, and taken back by corrections. The ticket system of such a problem is Jubilee itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from engine.definitions.store import ActiveTrigger
from engine.errors import Conflict, InvalidInput
from engine.record.checking import EventRow
from engine.record.event_kinds import RETRACTED
from engine.record.events import record_events
from engine.storage.models import Customer, Event, Problem

SEVERITIES = ("minor", "major", "serious")
SOURCE = "jubilee"
LONGEST = 500
_TICKET = "ticket:"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What somebody is unhappy about. `key` names it among all, such as `reply:<id>`. What happened is not in the
    customer's own words: it may be told to them one day."""

    key: str
    customer_id: UUID
    what_happened: str
    category: str
    severity: str = "minor"
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """How it was solved, as it may be told to the customer."""

    what_happened: str
    what_we_did: str
    next_step: str | None = None


def open_complaint(
    session: Session, complaint: Complaint, *, at: datetime, triggers: Sequence[ActiveTrigger], now: datetime
) -> UUID | None:
    """The problem that it is now, open since `at`. Told again after it was taken back, it is opened again. None where
    the customer was erased."""
    if complaint.severity not in SEVERITIES:
        raise InvalidInput(f"severity: `{complaint.severity}` is not one of {', '.join(SEVERITIES)}")
    said = {
        "category": complaint.category,
        "severity": complaint.severity,
        "what_happened": complaint.what_happened[:LONGEST],
        "owner": complaint.owner,
    }
    told = _told(session, complaint.customer_id, complaint.key)
    message_id = complaint.key if not told else f"{complaint.key}:again:{told}"
    event = _Event(message_id, "ticket_became_problem", at, said)
    if not _record(session, complaint.customer_id, complaint.key, event, triggers=triggers, now=now):
        return None
    return session.scalar(_problem(complaint.customer_id, complaint.key).with_only_columns(Problem.id))


def reopen_problem(
    session: Session, problem: Problem, message_id: str, *, triggers: Sequence[ActiveTrigger], now: datetime
) -> None:
    """What was called solved is not, they say. Only a ticket can be opened again."""
    key = problem.key.removeprefix(_TICKET)
    event = _Event(message_id, "ticket_reopened", now, {"type": "complaint"})
    _record(session, problem.customer_id, key, event, triggers=triggers, now=now)


def withdraw_complaint(
    session: Session, customer_id: UUID, key: str, *, triggers: Sequence[ActiveTrigger], now: datetime
) -> None:
    """It never was one: every event that spoke of it is taken back, and what it held goes its way again."""
    correction = aliased(Event)
    taken_back = select(correction.id).where(correction.corrects == Event.message_id).exists()
    standing = session.scalars(
        select(Event.message_id).where(
            Event.customer_id == customer_id, Event.subject == f"{_TICKET}{key}", ~taken_back
        )
    ).all()
    for message_id in standing:
        event = _Event(f"{message_id}:taken-back", RETRACTED, now, {"message_id": message_id})
        _record(session, customer_id, None, event, triggers=triggers, now=now)


def solve_complaint(
    session: Session,
    customer_id: UUID,
    key: str,
    solution: Solution,
    *,
    triggers: Sequence[ActiveTrigger],
    now: datetime,
) -> None:
    """It was solved: the settling period begins, and the trigger that speaks of solved tickets does what it does.
    Raises InvalidInput where nothing is said, Conflict where it is not open."""
    if not solution.what_happened.strip() or not solution.what_we_did.strip():
        raise InvalidInput("Say what happened and what we did, in words that the customer may read.")
    problem = session.scalar(_problem(customer_id, key))
    if problem is None or problem.state != "open":
        raise Conflict("This problem is not open any more.")
    said = {
        "what_happened": solution.what_happened.strip()[:LONGEST],
        "what_we_did": solution.what_we_did.strip()[:LONGEST],
        "next_step": (solution.next_step or "").strip()[:LONGEST] or None,
    }
    event = _Event(f"{key}:solved:{_told(session, customer_id, key)}", "ticket_resolved", now, said)
    _record(session, customer_id, key, event, triggers=triggers, now=now)


def complaint_of(session: Session, customer_id: UUID, key: str) -> Problem | None:
    """The problem under this key, as it stands."""
    return session.scalar(_problem(customer_id, key).execution_options(populate_existing=True))


@dataclass(frozen=True, slots=True)
class _Event:
    message_id: str
    name: str
    at: datetime
    said: Mapping[str, Any]


def _record(
    session: Session,
    customer_id: UUID,
    key: str | None,
    event: _Event,
    *,
    triggers: Sequence[ActiveTrigger],
    now: datetime,
) -> bool:
    """False where nothing is kept of this customer any more."""
    external_id = session.scalar(select(Customer.external_id).where(Customer.id == customer_id))
    if external_id is None:
        return False
    said = {name: value for name, value in event.said.items() if value is not None}
    if key is not None:
        said["ticket_id"] = key
    row = EventRow(event.message_id, external_id, event.name, event.at, said, source=SOURCE)
    done = record_events(session, [row], triggers=triggers, now=now, source=SOURCE)
    session.expire_all()
    return not done.rejected


def _problem(customer_id: UUID, key: str) -> Select[Problem]:
    return select(Problem).where(Problem.customer_id == customer_id, Problem.key == f"{_TICKET}{key}")


def _told(session: Session, customer_id: UUID, key: str) -> int:
    """How many events have spoken of it."""
    spoken = (Event.customer_id == customer_id, Event.subject == f"{_TICKET}{key}")
    return session.scalar(select(func.count()).select_from(Event).where(*spoken)) or 0
