"""Folds what follows from customers' events again, from all of them: after their zone changed, or as a backfill."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.dates.zones import local_date
from engine.definitions.store import ActiveTrigger
from engine.record.attention import look_again
from engine.record.first_days import first_events, refold_days
from engine.record.locking import LockedCustomer, lock_by_id
from engine.record.running import watches
from engine.record.total_rows import refold
from engine.spot.standing import settle
from engine.storage.bulk import update_each
from engine.storage.models import Event
from engine.storage.upsert import is_among


def refold_customers(
    session: Session, customer_ids: Collection[UUID], *, triggers: Sequence[ActiveTrigger], now: datetime
) -> None:
    """Fold everything of these customers again, at most a thousand a call, and bring their moments in line."""
    customers = lock_by_id(session, customer_ids)
    _refold(session, customers, triggers, now=now)


def relocate(
    session: Session, customer_ids: Collection[UUID], *, triggers: Sequence[ActiveTrigger], now: datetime
) -> None:
    """Their zone changed: find out on which local days their events fell, and fold them again.

    So it makes no difference whether an event or the zone became known first.
    """
    customers = lock_by_id(session, customer_ids)
    _move_days(session, customers)
    _refold(session, customers, triggers, now=now)


def _refold(
    session: Session, customers: Mapping[UUID, LockedCustomer], triggers: Sequence[ActiveTrigger], *, now: datetime
) -> None:
    if not customers:
        return
    refold_days(session, first_events(triggers), customers.keys())
    settle(session, refold(session, watches(triggers), customers.keys()), customers, now=now)
    look_again(session, customers.keys(), now=now)


def _move_days(session: Session, customers: Mapping[UUID, LockedCustomer]) -> None:
    rows = session.execute(
        select(Event.id, Event.customer_id, Event.occurred_at, Event.occurred_on).where(
            is_among(session, Event.customer_id, customers)
        )
    )
    moved = [
        {"id": event_id, "occurred_on": day}
        for event_id, customer_id, occurred_at, occurred_on in rows
        if (day := local_date(occurred_at, customers[customer_id].zone)) != occurred_on
    ]
    update_each(session, Event, moved)
