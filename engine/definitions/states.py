"""A trigger is paused, goes on, or is retired, by a person and with a reason; what waits for it is known beforehand."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session

from engine.definitions.store import set_state
from engine.definitions.versions import MARKETING, trigger_named
from engine.errors import Conflict, InvalidInput
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.plan.ending import end_retired
from engine.storage.models import Hold, Message, MessageMoment, Moment, Person, Publication, Trigger

LONGEST_REASON = 300
MOST_SHOWN = 10_000
_ON_THE_WAY = ("spotted", "planned", "written")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a trigger has on its way. `drafts` wait for a person, `approved` for their hour; `spotted` for either."""

    spotted: int = 0
    drafts: int = 0
    approved: int = 0

    def __bool__(self) -> bool:
        return bool(self.spotted or self.drafts or self.approved)


@dataclass(frozen=True, slots=True)
class Shadow:
    """What a trigger found while it only watched: moments in all, and how many nothing else would have kept back."""

    found: int
    free: int


def waiting(session: Session, trigger: Trigger) -> Waiting:
    """How many of its moments wait, counted by what has become of them."""
    counted = session.execute(
        select(Moment.state, Message.state, func.count())
        .outerjoin(MessageMoment, (MessageMoment.moment_id == Moment.id) & MessageMoment.live)
        .outerjoin(Message, Message.id == MessageMoment.message_id)
        .where(Moment.trigger_id == trigger.id, Moment.state.in_(_ON_THE_WAY))
        .group_by(Moment.state, Message.state)
    ).all()
    found = {"spotted": 0, "drafts": 0, "approved": 0}
    for state, message, count in counted:
        if state == "spotted":
            found["spotted"] += count
        elif message in ("draft", "in_review"):
            found["drafts"] += count
        elif message == "approved":
            found["approved"] += count
    return Waiting(**found)


def shown_in_shadow(session: Session, trigger: Trigger) -> Shadow | None:
    """What it found while only watching, as the holds of its moments tell it, counted up to MOST_SHOWN. None where it
    does not watch."""
    if "shadow" not in (trigger.state, trigger.paused_from):
        return None
    some = select(Moment.id).where(Moment.trigger_id == trigger.id).limit(MOST_SHOWN)
    others = exists().where(Hold.moment_id == Moment.id, Hold.name != "shadow")
    watched = exists().where(Hold.moment_id == Moment.id, Hold.name == "shadow")
    found, free = session.execute(
        select(func.count(), func.coalesce(func.sum(case((~others, 1), else_=0)), 0)).where(
            Moment.id.in_(some), watched
        )
    ).one()
    return Shadow(int(found), int(free))


def pause(session: Session, name: str, reason: str, *, person: Person, now: datetime) -> Trigger:
    """Stop it: it spots nothing more, and what it has planned or approved is not sent until it goes on."""
    require(person, MARKETING)
    return _change(session, name, "paused", said(reason), doer=Doer(person.name, person.id), now=now)


def resume(session: Session, name: str, reason: str, *, person: Person, now: datetime) -> Trigger:
    """Go on as before the pause: what only watched, watches; what sent, sends."""
    require(person, MARKETING)
    trigger = trigger_named(session, name, lock=True)
    if trigger.state != "paused":
        raise Conflict(f"The trigger {name} is not paused; it is {trigger.state}.")
    doer = Doer(person.name, person.id)
    return _change(session, name, trigger.paused_from or "active", said(reason), doer=doer, now=now)


def retire(session: Session, name: str, reason: str, *, person: Person, now: datetime) -> int:
    """End it for good, by a person of the console who may."""
    require(person, MARKETING)
    return retire_for_good(session, name, reason, doer=Doer(person.name, person.id), now=now)


def retire_for_good(session: Session, name: str, reason: str, *, doer: Doer, now: datetime) -> int:
    """End it. What waits ends as `trigger_retired`: so many at once as one round takes, the others with the next
    rounds; answers with how many ended now. What has gone out stays as it is."""
    trigger = _change(session, name, "retired", said(reason), doer=doer, now=now)
    for publication in session.scalars(
        select(Publication).where(Publication.trigger_id == trigger.id, Publication.state == "asked")
    ):
        publication.state, publication.settled_at, publication.settled_by = "withdrawn", now, doer.person_id
    session.flush()
    return end_retired(session, now=now)


def said(written: str) -> str:
    """The reason, on one line. Raises InvalidInput where there is none."""
    reason = " ".join(written.split())
    if not reason:
        raise InvalidInput("reason: say in a few words why.")
    return reason[:LONGEST_REASON]


def _change(session: Session, name: str, state: str, reason: str, *, doer: Doer, now: datetime) -> Trigger:
    trigger = trigger_named(session, name, lock=True)
    if trigger.state == state:
        raise Conflict(f"The trigger {name} is {state} already.")
    set_state(session, trigger, state, reason=reason if state == "paused" else None, now=now)
    record(session, doer, f"trigger_{state}", trigger, now=now, reason=reason)
    return trigger
