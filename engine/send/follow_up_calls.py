"""Calls after serious or repeated problems, as agents see them: whom, until when, what to say and what not, and what
came of each try. They are no deliveries: the message goes its own way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, or_, select, update
from sqlalchemy.orm import Session

from engine.errors import Conflict, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.record.locking import lock_by_id
from engine.record.wishes import Wishes, refused_channels, say
from engine.send.call_outcomes import TRY_AGAIN, Outcome, checked
from engine.send.call_tasks import LAW, closed_by, gone, stopped_by
from engine.send.channels.call import NAME
from engine.storage.models import ContactPoint, Customer, FollowUpCall, Message, MessageMoment, Moment, Person, Problem

ROLE = "agent"
# A number to call: that for calls, before one that texts go to.
_NUMBERS = (NAME, "sms", "whatsapp")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One call. `next_at` is when it is to be made: at once, or when a try said; `late` is past its hour."""

    id: UUID
    customer_name: str
    external_id: str
    locale: str
    zone: str
    number: str
    owner: str | None
    owner_id: UUID | None
    state: str
    reason: str | None
    due_at: datetime
    next_at: datetime
    late: bool
    tries: int
    outcome: str | None
    note: str | None
    ended_at: datetime | None
    ended_by: str | None
    message_id: UUID | None
    category: str
    severity: str
    what_happened: str | None
    what_we_did: str | None
    next_step: str | None
    stopped: str | None
    closed: str | None


def open_follow_ups(
    session: Session, *, now: datetime, limit: int, law: str = LAW, owner_id: UUID | None = None
) -> Sequence[FollowUp]:
    """Those to make, the one that is due first at the top; all, or those of one owner."""
    query = _calls().where(FollowUpCall.state == "open")
    if owner_id:
        query = query.where(FollowUpCall.owner_id == owner_id)
    rows = session.execute(query.order_by(FollowUpCall.due_at, FollowUpCall.id).limit(limit))
    return [_view(row, now=now, law=law) for row in rows]


def follow_up(session: Session, call_id: UUID, *, now: datetime, law: str = LAW) -> FollowUp:
    """One of them, open or not. Raises NotFound."""
    row = session.execute(_calls().where(FollowUpCall.id == call_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such call.")
    return _view(row, now=now, law=law)


def follow_ups_waiting(now: datetime | ColumnElement[datetime]) -> Select[int]:
    """How many are to be made now; one that was tried waits for its next try."""
    due = or_(FollowUpCall.again_at.is_(None), FollowUpCall.again_at <= now)
    return select(func.count()).where(FollowUpCall.state == "open", due)


def settle_follow_up(session: Session, call_id: UUID, said: Outcome, *, person: Person, now: datetime) -> None:
    """Write down what came of a try, and let follow what follows: see `call_outcomes.settle_call`. Raises Conflict
    where somebody else wrote something down meanwhile."""
    require(person, ROLE)
    again_at = checked(said, now=now)
    customer_id = session.scalar(select(FollowUpCall.customer_id).where(FollowUpCall.id == call_id))
    if customer_id is None:
        raise NotFound("There is no such call.")
    lock_by_id(session, [customer_id])
    done = update(FollowUpCall).where(
        FollowUpCall.id == call_id, FollowUpCall.state == "open", FollowUpCall.tries == said.tries_seen
    )
    values: dict[str, Any] = {"tries": FollowUpCall.tries + 1, "outcome": said.outcome, "note": said.note}
    if said.outcome in TRY_AGAIN:
        values |= {"again_at": again_at}
    else:
        ended = "done" if said.outcome == "reached" else "dropped"
        reason = None if ended == "done" else said.outcome
        values |= {"state": ended, "reason": reason, "ended_at": now, "ended_by": person.id}
    if not session.scalar(done.values(values).returning(FollowUpCall.id)):
        one = session.get_one(FollowUpCall, call_id, populate_existing=True)
        by = (one.outcome or one.reason or one.state).replace("_", " ")
        raise Conflict(f"Something was written down for this call in the meantime: {by}.")
    doer = Doer(person.name, person.id)
    record(session, doer, "call", session.get_one(FollowUpCall, call_id), now=now, outcome=said.outcome)
    if said.outcome == "asked_not_to_call":
        unwanted = refused_channels(session, customer_id) | {NAME}
        say(session, customer_id, Wishes(unwanted=unwanted), now=now, source="call", doer=doer)
    if said.outcome == "wrong_number":
        _end_number(session, customer_id)


def number_of(customer_id: Any) -> Any:
    """The number to call this customer on, as a value in a statement."""
    rank = case({name: place for place, name in enumerate(_NUMBERS)}, value=ContactPoint.channel, else_=len(_NUMBERS))
    return (
        select(ContactPoint.address)
        .where(ContactPoint.customer_id == customer_id, ContactPoint.channel.in_(_NUMBERS), ContactPoint.usable)
        .order_by(rank, ContactPoint.id)
        .limit(1)
        .scalar_subquery()
    )


def _end_number(session: Session, customer_id: UUID) -> None:
    number = session.scalar(select(number_of(customer_id)))
    session.execute(
        update(ContactPoint)
        .where(ContactPoint.customer_id == customer_id, ContactPoint.address == number)
        .values(usable=False, unusable_reason="wrong_number")
    )


def _calls() -> Select[Any]:
    of_problem = (
        select(Message.id)
        .join(MessageMoment, MessageMoment.message_id == Message.id)
        .join(Moment, Moment.id == MessageMoment.moment_id)
        .where(Moment.customer_id == FollowUpCall.customer_id, Moment.problem_id == FollowUpCall.problem_id)
        .order_by(MessageMoment.live.desc(), Message.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    owner, ended = Person.__table__.alias("owner"), Person.__table__.alias("ended")
    query: Select[Any] = (
        select(
            FollowUpCall,
            Customer,
            Problem,
            owner.c.name.label("owner"),
            ended.c.name.label("ended_by"),
            of_problem.label("message_id"),
            number_of(Customer.id).label("number"),
            stopped_by().label("stop"),
        )
        .join(Customer, Customer.id == FollowUpCall.customer_id)
        .join(Problem, Problem.id == FollowUpCall.problem_id)
        .outerjoin(owner, owner.c.id == FollowUpCall.owner_id)
        .outerjoin(ended, ended.c.id == FollowUpCall.ended_by)
    )
    return query


def _view(row: Any, *, now: datetime, law: str) -> FollowUp:
    call: FollowUpCall = row.FollowUpCall
    customer: Customer = row.Customer
    problem: Problem = row.Problem
    return FollowUp(
        id=call.id,
        customer_name=" ".join(name for name in (customer.first_name, customer.last_name) if name),
        external_id=customer.external_id,
        locale=customer.locale,
        zone=customer.zone,
        number=row.number or "",
        owner=row.owner or problem.owner,
        owner_id=call.owner_id,
        state=call.state,
        reason=call.reason,
        due_at=call.due_at,
        next_at=call.again_at or call.created_at,
        late=call.state == "open" and call.due_at <= now,
        tries=call.tries,
        outcome=call.outcome,
        note=call.note,
        ended_at=call.ended_at,
        ended_by=row.ended_by,
        message_id=row.message_id,
        category=problem.category,
        severity=problem.severity,
        what_happened=problem.what_happened,
        what_we_did=problem.what_we_did,
        next_step=problem.next_step,
        stopped=gone(customer) or row.stop,
        closed=closed_by(customer, now=now, law=law),
    )
