"""Takes the lock of customers: their row. Whoever folds a customer's events holds it until the commit.

Always in the order of the ids, so that two recorders never wait for each other in a circle. SQLite's writing sessions
hold the only write lock there is, and need no other.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine.storage.models import Customer
from engine.storage.upsert import is_among, table_of

_customer = table_of(Customer).c


@dataclass(frozen=True, slots=True)
class LockedCustomer:
    """What folding needs to know of a customer whose lock this session holds."""

    id: UUID
    external_id: str
    zone: str
    country: str | None
    last_active_at: datetime | None
    erased: bool


def lock_by_external_id(session: Session, external_ids: Collection[str]) -> dict[str, LockedCustomer]:
    """Those of the customers that there are."""
    return {one.external_id: one for one in _lock(session, is_among(session, _customer.external_id, external_ids))}


def lock_by_id(session: Session, customer_ids: Collection[UUID]) -> dict[UUID, LockedCustomer]:
    """Those of the customers that there are."""
    return {one.id: one for one in _lock(session, is_among(session, _customer.id, customer_ids))}


def _lock(session: Session, which: ColumnElement[bool]) -> list[LockedCustomer]:
    # key_share: rows that merely refer to a customer may be written by others meanwhile.
    query = (
        select(
            _customer.id,
            _customer.external_id,
            _customer.zone,
            _customer.country,
            _customer.last_active_at,
            _customer.erased_at.is_not(None),
        )
        .where(which)
        .order_by(_customer.id)
        .with_for_update(key_share=True)
    )
    return [LockedCustomer(*row) for row in session.execute(query)]
