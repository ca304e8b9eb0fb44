"""Whom we must not write to any more: the one place where suppressions are made and lifted.

Kept by customer and, for addresses, by hash, so that a suppressed address is known again after its customer was erased.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.storage.models import Suppression
from engine.storage.models.contact_point import hash_of_address


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One suppression: of a customer, of an address, or of both; no channel means every channel."""

    reason: str
    source: str
    customer_id: UUID | None = None
    address: str | None = None
    channel: str | None = None


def suppress(session: Session, rows: Iterable[Suppressed], *, now: datetime) -> int:
    """Record these; one that stands already is not doubled. Returns how many are new."""
    return sum(_suppress(session, row, now=now) for row in rows)


def lift(
    session: Session,
    *,
    now: datetime,
    customer_id: UUID | None = None,
    address: str | None = None,
    channel: str | None = None,
    reasons: Iterable[str] | None = None,
) -> int:
    """Lift what stands against this customer or address on this channel, of these reasons alone if given."""
    row = Suppressed("", "", customer_id, address, channel)
    of = [*_same(row), *([Suppression.reason.in_(list(reasons))] if reasons is not None else [])]
    lifted = session.scalars(update(Suppression).where(*of).values(lifted_at=now).returning(Suppression.id)).all()
    return len(lifted)


def _suppress(session: Session, row: Suppressed, *, now: datetime) -> bool:
    if row.customer_id is None and not row.address:
        raise ValueError("a suppression needs a customer or an address")
    if session.scalar(select(Suppression.id).where(*_same(row), Suppression.reason == row.reason).limit(1)) is not None:
        return False
    session.add(
        Suppression(
            id=new_id(),
            customer_id=row.customer_id,
            address_hash=hash_of_address(row.address) if row.address else None,
            channel=row.channel,
            reason=row.reason,
            source=row.source,
            created_at=now,
        )
    )
    session.flush()
    return True


def _same(row: Suppressed) -> list[ColumnElement[bool]]:
    return [
        Suppression.lifted_at.is_(None),
        Suppression.customer_id == row.customer_id if row.customer_id else Suppression.customer_id.is_(None),
        Suppression.address_hash == hash_of_address(row.address) if row.address else Suppression.address_hash.is_(None),
        Suppression.channel == row.channel if row.channel else Suppression.channel.is_(None),
    ]
