"""What a person adds to a problem by hand: an event like any other, so that the fold stays the truth.

A missing "what we did" is the question that stops a draft. Once it is answered here, the draft is tried again at once.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.definitions.store import ActiveTrigger
from engine.errors import Conflict, InvalidInput, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.record.events import EventRow, record_events
from engine.record.locking import lock_by_id
from engine.storage.models import EventLedger, Message, MessageMoment, Moment, Person, Problem

FIELDS = ("what_happened", "what_we_did", "next_step")
LONGEST_TEXT = 500
SOURCE = "console"
# Problems that a note opened have no other system that could say that they are over.
_OF_A_NOTE = "ticket:note-"
_UPDATES = {"ticket": ("ticket_updated", "ticket_id"), "refund": ("refund_updated", "refund_id")}


@dataclass(frozen=True, slots=True)
class Added:
    """What the form says. `key` comes from the page, so that sending it twice says it once; `known_at` is how far the
    problem was known when the page was made. `resolved`: it is over, which only a problem from a note is told so."""

    key: uuid.UUID
    known_at: datetime
    words: Mapping[str, str]
    resolved: bool = False


def add_words(
    session: Session,
    problem_id: uuid.UUID,
    added: Added,
    *,
    person: Person,
    triggers: Sequence[ActiveTrigger],
    now: datetime,
) -> Problem:
    """Record them as an event whose source is this person. Raises NotFound, NotAllowed, InvalidInput, and Conflict
    where something about the problem became known meanwhile. `triggers` must include the paused ones."""
    require(person, "agent")
    problem = session.get(Problem, problem_id)
    customer = lock_by_id(session, [problem.customer_id]).get(problem.customer_id) if problem else None
    if problem is None or customer is None or customer.erased:
        raise NotFound("There is no such problem.")
    session.refresh(problem)
    message_id = f"{SOURCE}:{added.key}"
    if session.get(EventLedger, message_id) is not None:
        return problem
    if problem.last_event_at != added.known_at:
        raise Conflict("Something about this problem became known in the meantime. What you wrote was not kept.")
    said = _said(problem, added)
    name, subject = _event_of(problem, added)
    properties = {subject: problem.key.partition(":")[2], **said}
    row = EventRow(message_id, customer.external_id, name, now, properties, source=person.name)
    refused = record_events(session, [row], triggers=triggers, now=now, source=SOURCE).rejected
    if refused:
        raise InvalidInput(f"{refused[0].column}: {refused[0].reason}")
    record(session, Doer(person.name, person.id), "add_to_problem", problem, now=now, fields=sorted(said))
    _try_drafts_again(session, problem_id, now=now)
    session.refresh(problem)
    return problem


def may_be_resolved_here(problem: Problem) -> bool:
    """Whether a person may say here that it is over: no other system knows of it."""
    return problem.key.startswith(_OF_A_NOTE) and problem.state == "open"


def may_be_added_to(problem: Problem) -> bool:
    """An outage is told once for all who felt it, by its incident."""
    return problem.kind in _UPDATES


def _said(problem: Problem, added: Added) -> dict[str, str]:
    if not may_be_added_to(problem):
        raise InvalidInput("An outage is told once for all who felt it: say it of its incident.")
    said = {name: " ".join(added.words.get(name, "").replace("\x00", "").split()) for name in FIELDS}
    said = {name: text for name, text in said.items() if text and text != getattr(problem, name)}
    if any(len(text) > LONGEST_TEXT for text in said.values()):
        raise InvalidInput(f"That is too long: at most {LONGEST_TEXT} characters each.")
    if not said and not added.resolved:
        raise InvalidInput("Nothing new was written, so nothing was kept.")
    return said


def _event_of(problem: Problem, added: Added) -> tuple[str, str]:
    """The name of the event, and the property that names the problem."""
    if added.resolved:
        if not may_be_resolved_here(problem):
            raise InvalidInput("Whether this is over is told by the system that it came from.")
        return "ticket_resolved", "ticket_id"
    return _UPDATES[problem.kind]


def _try_drafts_again(session: Session, problem_id: uuid.UUID, *, now: datetime) -> None:
    """Drafts that waited for an answer wait an hour between two tries; now they need not."""
    speaks_of_it = exists().where(
        MessageMoment.message_id == Message.id, Moment.id == MessageMoment.moment_id, Moment.problem_id == problem_id
    )
    customer = select(Problem.customer_id).where(Problem.id == problem_id).scalar_subquery()
    waiting = (
        update(Message)
        .where(Message.customer_id == customer, Message.state == "draft", Message.write_at > now, speaks_of_it)
        .values(write_at=now)
    )
    session.execute(waiting.execution_options(synchronize_session=False))
    ring(session, "jubilee.write")
