"""Whose turn a kept run is: claimed by one worker with a lease and a fence, kept alive, ended, and freed where the
worker died. Every change is guarded by the state and the fence; who comes too late changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.backtest.plain import plain_counts, plain_sample
from engine.backtest.results import Result
from engine.storage.models import Customer, Rehearsal, RehearsalSample

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 2
DIED = "The worker that ran it died, twice. Ask for fewer days, or ask whoever runs this installation."
# The customers that a run shows go first, what it counted later.
KEEP_SAMPLES, KEEP = timedelta(days=30), timedelta(days=400)
_QUIETLY = {"synchronize_session": False}
_NOBODYS: dict[str, Any] = {"worker": None, "lease_until": None, "part": None, "progress": 0}


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one; a worker with an older fence may not write to it."""

    id: UUID
    fence: int

    @property
    def holds(self) -> tuple[ColumnElement[bool], ...]:
        """Still its, and still running."""
        return (Rehearsal.id == self.id, Rehearsal.fence == self.fence, Rehearsal.state == "running")


def claim(session: Session, worker: str, *, now: datetime, machine: datetime) -> Claim | None:
    """The one that waits longest, if none is running. `machine` is the clock of leases."""
    running = select(Rehearsal.id).where(Rehearsal.state == "running")
    oldest = select(Rehearsal.id).where(Rehearsal.state == "waiting").order_by(Rehearsal.asked_at, Rehearsal.id)
    started = (
        update(Rehearsal)
        .where(Rehearsal.id == oldest.limit(1).scalar_subquery(), Rehearsal.state == "waiting", ~running.exists())
        .values(
            **{"state": "running", "worker": worker, "lease_until": machine + LEASE, "started_at": now},
            **{"fence": Rehearsal.fence + 1, "attempts": Rehearsal.attempts + 1, "part": None, "progress": 0},
        )
        .returning(Rehearsal.id, Rehearsal.fence)
    )
    try:
        with session.begin_nested():
            row = session.execute(started, execution_options=_QUIETLY).first()
    except IntegrityError:  # another worker was faster: one runs at a time
        return None
    return Claim(*row) if row else None


def beat(session: Session, mine: Claim, part: str | None, progress: int, *, machine: datetime) -> bool:
    """Say how far it is and that its worker lives; whether it should go on."""
    told = update(Rehearsal).where(*mine.holds, Rehearsal.stop_wanted.is_(False))
    told = told.values(part=part, progress=progress, lease_until=machine + LEASE).returning(Rehearsal.id)
    return session.scalar(told, execution_options=_QUIETLY) is not None


def finish(session: Session, mine: Claim, result: Result, *, now: datetime) -> bool:
    """Keep what it found, without the customers who were erased meanwhile; False where the claim was lost."""
    values = {"result": plain_counts(result), "progress": 100, "part": None}
    if not _end(session, mine, "done", values, now=now):
        return False
    shown = {one.customer_id for one in result.samples}
    # Locked, so that an erasure that begins now waits, and finds them here.
    there = select(Customer.id).where(Customer.id.in_(shown), Customer.erased_at.is_(None)).order_by(Customer.id)
    known = set(session.scalars(there.with_for_update(read=True)))
    session.add_all(
        RehearsalSample(rehearsal_id=mine.id, position=at, customer_id=one.customer_id, told=plain_sample(one))
        for at, one in enumerate(result.samples)
        if one.customer_id in known
    )
    session.flush()
    return True


def stopped(session: Session, mine: Claim, *, now: datetime) -> bool:
    """It was stopped, as somebody wanted."""
    return _end(session, mine, "stopped", {}, now=now)


def failed(session: Session, mine: Claim, error: str, *, now: datetime) -> bool:
    """It cannot be run; `error` is a sentence for who asked."""
    return _end(session, mine, "failed", {"error": error}, now=now)


def give_back(session: Session, mine: Claim) -> bool:
    """The worker has to stop and another begins anew: that was no attempt."""
    back = {"state": "waiting", "attempts": Rehearsal.attempts - 1} | _NOBODYS
    freed = update(Rehearsal).where(*mine.holds).values(back).returning(Rehearsal.id)
    return session.scalar(freed, execution_options=_QUIETLY) is not None


def free_ended(session: Session, *, now: datetime, machine: datetime) -> int:
    """Those whose worker was not heard of any more wait for another; one that every attempt died on has failed."""
    dead = (Rehearsal.state == "running", Rehearsal.lease_until < machine)
    unwanted = update(Rehearsal).where(*dead, Rehearsal.stop_wanted).values(state="stopped", ended_at=now)
    poisoned = update(Rehearsal).where(*dead, Rehearsal.attempts >= MAX_ATTEMPTS)
    poisoned = poisoned.values(state="failed", error=DIED, ended_at=now)
    freed = update(Rehearsal).where(*dead).values({"state": "waiting"} | _NOBODYS)
    return sum(
        len(session.scalars(each.returning(Rehearsal.id), execution_options=_QUIETLY).all())
        for each in (unwanted, poisoned, freed)
    )


def let_go(session: Session, *, now: datetime) -> None:
    """Delete what was kept long enough: first the customers that were shown, then the runs."""
    old = select(Rehearsal.id).where(Rehearsal.ended_at < now - KEEP_SAMPLES)
    session.execute(delete(RehearsalSample).where(RehearsalSample.rehearsal_id.in_(old)), execution_options=_QUIETLY)
    session.execute(delete(Rehearsal).where(Rehearsal.ended_at < now - KEEP), execution_options=_QUIETLY)


def _end(session: Session, mine: Claim, state: str, values: Mapping[str, Any], *, now: datetime) -> bool:
    ended = update(Rehearsal).where(*mine.holds).values({"state": state, "ended_at": now, **values})
    return session.scalar(ended.returning(Rehearsal.id), execution_options=_QUIETLY) is not None
