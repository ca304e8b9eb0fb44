"""What an unhappy reply sets off: a problem of its customer, which holds their celebrations. Heard by its words, by
itself; a person may say that it is none, or that one was missed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.errors import Conflict, InvalidInput, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.record.complaints import (
    Complaint,
    Solution,
    complaint_of,
    open_complaint,
    solve_complaint,
    withdraw_complaint,
)
from engine.record.locking import lock_by_id
from engine.storage.models import Message, Person, Reply

log = structlog.get_logger()

CATEGORY = "reply"
ROLE = "agent"
BATCH = 50
LONGEST_CATEGORY = 60
Triggers = Callable[[Session], Sequence[ActiveTrigger]]


def open_problems(session: Session, triggers: Triggers, *, now: datetime) -> int:
    """Open a problem for each reply that sounded unhappy and has none yet; how many. Call until it answers 0."""
    found = session.execute(
        select(Reply.id, Reply.customer_id)
        .where(Reply.negative, Reply.problem_id.is_(None), Reply.customer_id.is_not(None))
        .order_by(Reply.received_at, Reply.id)
        .limit(BATCH)
    ).all()
    if not found:
        return 0
    lock_by_id(session, {row.customer_id for row in found})
    known = triggers(session)
    return sum(_open_one(session, row.id, known, now=now) for row in found)


def say_complaint(
    session: Session,
    reply_id: UUID,
    *,
    category: str,
    severity: str,
    person: Person,
    triggers: Sequence[ActiveTrigger],
    now: datetime,
) -> None:
    """A person hears a complaint in it. Raises Conflict where it is one already, InvalidInput where nobody is known
    whose it could be."""
    reply = _locked(session, reply_id, person)
    if reply.customer_id is None:
        raise InvalidInput("Nobody is known whose complaint this could be.")
    if reply.problem_id is not None:
        raise Conflict("This is a complaint already.")
    named = " ".join(category.casefold().split())[:LONGEST_CATEGORY] or CATEGORY
    _set_off(session, reply, named, severity, triggers, at=now, now=now)
    record(session, _doer(person), "say_complaint", reply, now=now, category=named, severity=severity)


def say_no_complaint(
    session: Session, reply_id: UUID, *, person: Person, triggers: Sequence[ActiveTrigger], now: datetime
) -> None:
    """It is no complaint: the problem never was one, and what was held goes its way. Raises Conflict where it is none,
    or was solved as one."""
    reply = _locked(session, reply_id, person)
    problem = complaint_of(session, reply.customer_id, key_of(reply_id)) if reply.customer_id else None
    if problem is not None and problem.state == "resolved":
        raise Conflict("This complaint was solved; that stays on record.")
    if not reply.negative:
        raise Conflict("This is no complaint already.")
    reply.negative, reply.problem_id = False, None
    session.flush()
    if reply.customer_id:
        withdraw_complaint(session, reply.customer_id, key_of(reply_id), triggers=triggers, now=now)
    record(session, _doer(person), "say_no_complaint", session.get_one(Reply, reply_id), now=now)


def solve(
    session: Session,
    reply_id: UUID,
    solution: Solution,
    *,
    person: Person,
    triggers: Sequence[ActiveTrigger],
    now: datetime,
) -> None:
    """What they complained of is solved. Raises Conflict where it is not open."""
    reply = _locked(session, reply_id, person)
    if reply.customer_id is None or reply.problem_id is None:
        raise Conflict("No problem is open here.")
    solve_complaint(session, reply.customer_id, key_of(reply_id), solution, triggers=triggers, now=now)
    record(session, _doer(person), "solve_complaint", session.get_one(Reply, reply_id), now=now)


def key_of(reply_id: UUID) -> str:
    """The key of the problem that a reply opens."""
    return f"reply:{reply_id}"


def _open_one(session: Session, reply_id: UUID, triggers: Sequence[ActiveTrigger], *, now: datetime) -> bool:
    """One that cannot be opened must not keep the others."""
    try:
        with session.begin_nested():
            return _open(session, reply_id, triggers, now=now)
    except DBAPIError:
        raise  # the database is away, or we stood in somebody's way: all of it is tried again
    except Exception as error:
        log.exception("problem_not_opened", reply=str(reply_id), error=type(error).__name__)
        return False


def _open(session: Session, reply_id: UUID, triggers: Sequence[ActiveTrigger], *, now: datetime) -> bool:
    """Looked at after the customer's lock: a person, or another worker, may have been here."""
    reply = session.get_one(Reply, reply_id, populate_existing=True)
    if not reply.negative or reply.problem_id is not None:
        return False
    _set_off(session, reply, CATEGORY, "minor", triggers, at=reply.received_at, now=now)
    record(session, Doer("listening"), "hear_complaint", session.get_one(Reply, reply_id), now=now)
    return True


def _set_off(
    session: Session,
    reply: Reply,
    category: str,
    severity: str,
    triggers: Sequence[ActiveTrigger],
    *,
    at: datetime,
    now: datetime,
) -> None:
    """The owner is who wrote what they answer. Of a customer who was erased meanwhile nothing is opened."""
    assert reply.customer_id is not None
    author = session.get(Person, reply.person_id) if reply.person_id else None
    complaint = Complaint(
        key=key_of(reply.id),
        customer_id=reply.customer_id,
        what_happened=_what_happened(session, reply),
        category=category,
        severity=severity,
        owner=author.name if author else None,
    )
    problem_id = open_complaint(session, complaint, at=at, triggers=triggers, now=now)
    fresh = session.get_one(Reply, reply.id)
    fresh.negative, fresh.problem_id = problem_id is not None, problem_id
    session.flush()


def _what_happened(session: Session, reply: Reply) -> str:
    """Without a word of theirs: it stands on pages, and may be told to them."""
    message = session.get(Message, reply.message_id) if reply.message_id else None
    if message is None:
        return "They wrote to us unhappily"
    on = message.send_on
    return f"They wrote back unhappily to our message of {on.day} {on:%B %Y} ({message.occasion.replace('_', ' ')})"


def _locked(session: Session, reply_id: UUID, person: Person) -> Reply:
    """The reply, after its customer, as everybody locks them."""
    require(person, ROLE)
    reply = session.get(Reply, reply_id)
    if reply is None:
        raise NotFound("There is no such reply.")
    if reply.customer_id:
        lock_by_id(session, [reply.customer_id])
    return session.get_one(Reply, reply_id, populate_existing=True, with_for_update=True)


def _doer(person: Person) -> Doer:
    return Doer(person.name, person.id)
