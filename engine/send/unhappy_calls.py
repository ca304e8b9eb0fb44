"""Whoever is unhappy on the phone has a problem, as one who writes so: the one we called about is open again, or
there is a new one. It holds their celebrations like any other.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.people.audit import Doer, record
from engine.record.complaints import Complaint, open_complaint, reopen_problem
from engine.storage.models import Customer, Delivery, FollowUpCall, Message, MessageMoment, Moment, Person, Problem

CATEGORY = "call"


def note_unhappy_call(
    session: Session, call_id: UUID, *, person: Person, triggers: Sequence[ActiveTrigger], now: datetime
) -> None:
    """Of a delivery on the channel `call`, or of a follow-up call. Said twice of one call it is said once."""
    customer_id, problem = _about(session, call_id)
    if customer_id is None:
        return
    if problem is not None and problem.kind == "ticket" and problem.state == "resolved":
        reopen_problem(session, problem, f"{key_of(call_id)}:unhappy", triggers=triggers, now=now)
    elif problem is None or problem.state != "open":
        complaint = Complaint(
            key=key_of(call_id),
            customer_id=customer_id,
            what_happened="They were unhappy when we called them",
            category=CATEGORY,
            owner=person.name,
        )
        open_complaint(session, complaint, at=now, triggers=triggers, now=now)
    record(session, Doer(person.name, person.id), "unhappy_call", session.get_one(Customer, customer_id), now=now)


def customer_of_call(session: Session, call_id: UUID) -> UUID | None:
    """Whom a call is with, of whichever kind it is."""
    return _about(session, call_id)[0]


def key_of(call_id: UUID) -> str:
    """The key of the problem that a call opens."""
    return f"call:{call_id}"


def _about(session: Session, call_id: UUID) -> tuple[UUID | None, Problem | None]:
    """Whom we called, and about which problem."""
    call = session.get(FollowUpCall, call_id)
    if call is not None:
        return call.customer_id, session.get(Problem, call.problem_id)
    row = session.execute(
        select(Message.customer_id, Moment.problem_id)
        .join(Delivery, Delivery.message_id == Message.id)
        .outerjoin(MessageMoment, MessageMoment.message_id == Message.id)
        .outerjoin(Moment, Moment.id == MessageMoment.moment_id)
        .where(Delivery.id == call_id)
        .order_by(MessageMoment.position)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None, None
    return row.customer_id, session.get(Problem, row.problem_id) if row.problem_id else None
