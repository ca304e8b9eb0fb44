"""Shares out what is nobody's among those who are there, and gives back at once what somebody had who works here no
more. However many drafts there are, it is the same few statements.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, not_, or_, select, update
from sqlalchemy.orm import Session

from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.people.deciding import ROLE
from engine.review.assigning import OPEN, OWNED, give, tasks
from engine.review.queue import is_question
from engine.review.taking import is_held_by_another
from engine.storage.models import Message, Person

AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Shared:
    """How many got an owner, how many fitted nobody who is there, and how many more wait for another round."""

    given: int
    left: int
    more: int = 0


def share_out(session: Session, *, person: Person, now: datetime) -> Shared:
    """Give what waits and is nobody's to whoever is there, can, and has the least to do; the most pressing first.

    What a colleague writes at stays where it is. Also what was given to the team is shared: somebody asks for it.
    """
    require(person, ROLE)
    waits = or_(Message.state == "in_review", is_question(now=now))
    free = and_(waits, Message.owner_id.is_(None), not_(func.coalesce(is_held_by_another(person.id, now), False)))
    ids = session.scalars(
        select(Message.id)
        .where(free)
        .order_by(Message.deadline_at, Message.id)
        .limit(AT_ONCE + 1)
        .with_for_update(skip_locked=True)
    ).all()
    some = ids[:AT_ONCE]
    done = give(session, tasks(session, some, Message.owner_id.is_(None)), now=now) if some else 0
    shared = Shared(done, len(some) - done, len(ids) - len(some))
    if some:
        record(session, Doer(person.name, person.id), "share_out", person, now=now, given=done, left=shared.left)
        session.flush()
    return shared


def give_up_all(session: Session, person: Person, *, doer: Doer, now: datetime) -> int:
    """Give everything that this person owns or holds to others, as they may write no more; says how much that was."""
    quiet = {"synchronize_session": False}
    session.execute(
        update(Message)
        .where(Message.taken_by == person.id, Message.state.in_(OPEN))
        .values(taken_by=None, taken_until=None),
        execution_options=quiet,
    )
    theirs = select(Message.id).where(Message.owner_id == person.id, Message.state.in_(OPEN))
    ids = session.scalars(theirs.order_by(Message.id).with_for_update()).all()
    if ids:
        done = give(session, tasks(session, ids, OWNED), now=now)
        record(session, doer, "give_up_drafts", person, now=now, given=done, left=len(ids) - done)
    return len(ids)
