"""Backfill: when a trigger is switched on or changed, what it watches is folded from all events of all customers.

It is the same folding as after a late event. Crossings before the trigger's `active_from` make no moment. How far it
has come stands with the trigger, so that whoever goes on, after whatever happened, goes on from there.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock
from engine.definitions.store import ActiveTrigger, active_triggers
from engine.kinds import KindTable
from engine.record.totals import refold_customers
from engine.storage.models import Customer, Trigger
from engine.storage.session import Database

BATCH = 1_000


def backfill(session: Session, trigger: ActiveTrigger, *, now: datetime) -> int:
    """Fold all customers' events for this trigger in one transaction; the number of customers looked at.

    A caller that wants to commit in between loops over `backfill_batch`.
    """
    done, after = 0, None
    while ids := backfill_batch(session, trigger, after=after, now=now):
        done, after = done + len(ids), ids[-1]
    return done


def backfill_batch(
    session: Session, trigger: ActiveTrigger, *, after: UUID | None, now: datetime, limit: int = BATCH
) -> list[UUID]:
    """The customers whose events were folded, in the order of their ids; none are left where none come back."""
    query = select(Customer.id).order_by(Customer.id).limit(limit)
    if after is not None:
        query = query.where(Customer.id > after)
    ids = list(session.scalars(query))
    if ids:
        refold_customers(session, ids, triggers=[trigger], now=now)
    return ids


def backfill_due(db: Database, kinds: KindTable, *, enough: Callable[[], bool], limit: int = BATCH) -> int:
    """Fold for the triggers that wait for it; how many customers. Commits each batch, and then how far it came, apart:
    whoever pauses a trigger holds it, and may hold customers too. A batch that is done twice does no harm.
    """
    done = 0
    while not enough():
        with db.reading() as session:
            found = _waiting(session)
            trigger = found and next((one for one in active_triggers(session, kinds) if one.id == found.id), None)
        if found is None:
            break
        ids: list[UUID] = []
        if trigger and trigger.kind.shape == "fold":
            with db.writing() as session:
                ids = backfill_batch(session, trigger, after=found.folded_after, now=clock.now(session), limit=limit)
        with db.writing() as session:
            _note(session, found, ids[-1] if len(ids) == limit else None)
        done += len(ids)
    return done


def _waiting(session: Session) -> Any:
    columns = (Trigger.id, Trigger.version_id, Trigger.folded_after)
    return session.execute(select(*columns).where(Trigger.folded_after.is_not(None)).order_by(Trigger.name)).first()


def _note(session: Session, found: Any, after: UUID | None) -> None:
    """Unless somebody else was faster, or the trigger says something else by now and begins anew."""
    same = (Trigger.id == found.id, Trigger.version_id == found.version_id, Trigger.folded_after == found.folded_after)
    session.execute(update(Trigger).where(*same).values(folded_after=after))
