"""Care for the people who write: something light after many heavy recoveries, then a breather. Never imposed.

Load is counted from work items alone: which messages somebody edited, approved or skipped, of which family and weight.
No word that they wrote is looked at, and no mood is guessed: the law forbids inferring what workers feel (L18), and it
is nobody's business. A breather of ten minutes is what studies of short breaks support (M9), and that people decide
themselves is what keeps heavy work bearable (M10): so everything here can be declined, blocks nothing, is shown to the
person alone, ranks nobody and leaves no trace in the audit trail. (M9, M10 and L18 are rows of our notes on customer
experience: Albulescu et al. 2022 on micro-breaks, Molino et al. 2016 on call centres, EU AI Act Art. 5(1)(f).)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.review.assigning import hand_on
from engine.review.taking import give_back_all
from engine.storage.models import AuditEntry, Message, Person

HEAVY_WEIGHT = 60
BREATHER = timedelta(minutes=10)
# A pause that somebody took by themselves is one too: after so long without work the row begins anew.
RESTED_AFTER = timedelta(minutes=45)
_DECIDED = ("edit", "approve", "skip")
_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class Work:
    """One thing that somebody did to a message."""

    at: datetime
    message_id: UUID
    family: str
    weight: int

    @property
    def heavy(self) -> bool:
        """Whether it was a recovery that weighed much."""
        return self.family == "recover" and self.weight >= HEAVY_WEIGHT


@dataclass(frozen=True, slots=True)
class Offer:
    """What the queue offers: something light, or a breather; or that one is going on until `until`."""

    kind: Literal["light", "breather", "pausing"]
    in_a_row: int = 0
    until: datetime | None = None


def heavy_in_a_row(work: Sequence[Work], *, now: datetime) -> int:
    """How many different heavy recoveries somebody has just dealt with, one after the other; `work` is newest first."""
    seen: set[UUID] = set()
    later = now
    for one in work:
        if later - one.at > RESTED_AFTER or not one.heavy:
            break
        seen.add(one.message_id)
        later = one.at
    return len(seen)


def offer(in_a_row: int, *, light_after: int, breather_after: int) -> Offer | None:
    """What would do good after so many."""
    if in_a_row >= breather_after:
        return Offer("breather", in_a_row)
    return Offer("light", in_a_row) if in_a_row >= light_after else None


def offer_for(
    session: Session, person_id: UUID, *, light_after: int, breather_after: int, now: datetime
) -> Offer | None:
    """What the queue offers this person now."""
    rested_at, paused_until = session.execute(
        select(Person.rested_at, Person.paused_until).where(Person.id == person_id)
    ).one()
    if paused_until is not None and paused_until > now:
        return Offer("pausing", until=paused_until)
    work = _work_of(session, person_id, since=max(rested_at or now - timedelta(days=1), now - timedelta(days=1)))
    return offer(heavy_in_a_row(work, now=now), light_after=light_after, breather_after=breather_after)


def pause(session: Session, person: Person, *, now: datetime) -> datetime:
    """Begin a breather: what they hold goes back, to their substitute where it is theirs, and they are given nothing
    new until it is over. Answers when that is."""
    held = session.scalars(select(Message.id).where(Message.taken_by == person.id, Message.taken_until > now)).all()
    give_back_all(session, None, person=person, now=now)
    person.rested_at, person.paused_until = now, now + BREATHER
    session.flush()
    hand_on(session, held, owner_id=person.id, now=now)
    return person.paused_until


def decline(session: Session, person: Person, *, now: datetime) -> None:
    """They go on, and are asked again after as many heavy ones more; or they are back before a breather's end."""
    person.rested_at, person.paused_until = now, None
    session.flush()


def _work_of(session: Session, person_id: UUID, *, since: datetime) -> list[Work]:
    rows = session.execute(
        select(AuditEntry.at, Message.id, Message.family, Message.weight)
        .join(Message, Message.id == AuditEntry.subject_id)
        .where(
            AuditEntry.person_id == person_id,
            AuditEntry.at > since,
            AuditEntry.subject == "message",
            AuditEntry.action.in_(_DECIDED),
        )
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(_LOOKED_AT)
    )
    return [Work(*row) for row in rows]
