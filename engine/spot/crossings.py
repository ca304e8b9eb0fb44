"""Backfill: when a trigger is switched on, what it watches is folded from all events of all customers.

It is the same folding as after a late event. Crossings before the trigger's `active_from` make no moment.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.record.totals import refold_customers
from engine.storage.models import Customer

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
