"""Whom we must not write to any more: the one place where suppressions are made and lifted.

Kept by customer and, for addresses, by hash, so that a suppressed address is known again after its customer was erased.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, insert, or_, select, update
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.storage.models import Suppression
from engine.storage.models.contact_point import hash_of_address

_Key = tuple[UUID | None, str | None, str | None, str]


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One suppression: of a customer, of an address, or of both; no channel means every channel. `address_hash` where
    the address itself is not known any more."""

    reason: str
    source: str
    customer_id: UUID | None = None
    address: str | None = None
    channel: str | None = None
    address_hash: str | None = None


def suppress(session: Session, rows: Sequence[Suppressed], *, now: datetime) -> int:
    """Record these in two statements, however many; one that stands already is not doubled. How many are new."""
    wanted = {_key(row): row for row in rows}
    standing = {(row[0], row[1], row[2], row[3]) for row in session.execute(_standing(wanted))}
    new = [(key, row) for key, row in wanted.items() if key not in standing]
    if new:
        session.execute(insert(Suppression), [_values(key, row, now) for key, row in new])
    return len(new)


def lift(
    session: Session,
    *,
    now: datetime,
    customer_id: UUID | None = None,
    address: str | None = None,
    channel: str | None = None,
    reasons: Iterable[str] | None = None,
) -> int:
    """Lift what stands against exactly this customer or address on this channel, of these reasons alone if given."""
    hashed = hash_of_address(address) if address else None
    of = [
        Suppression.customer_id.is_not_distinct_from(customer_id),
        Suppression.address_hash.is_not_distinct_from(hashed),
        Suppression.channel.is_not_distinct_from(channel),
        Suppression.lifted_at.is_(None),
        *([Suppression.reason.in_(list(reasons))] if reasons is not None else []),
    ]
    return len(session.scalars(update(Suppression).where(*of).values(lifted_at=now).returning(Suppression.id)).all())


def _key(row: Suppressed) -> _Key:
    hashed = hash_of_address(row.address) if row.address else row.address_hash
    if row.customer_id is None and not hashed:
        raise ValueError("a suppression needs a customer or an address")
    return row.customer_id, hashed, row.channel, row.reason


def _standing(wanted: Iterable[_Key]) -> Select[UUID | None, str | None, str | None, str]:
    """What stands against any of these customers or addresses."""
    keys = list(wanted)
    customers = [customer_id for customer_id, *_ in keys if customer_id]
    hashes = [hashed for _, hashed, *_ in keys if hashed]
    return select(Suppression.customer_id, Suppression.address_hash, Suppression.channel, Suppression.reason).where(
        Suppression.lifted_at.is_(None),
        or_(Suppression.customer_id.in_(customers), Suppression.address_hash.in_(hashes)),
    )


def _values(key: _Key, row: Suppressed, now: datetime) -> dict[str, object]:
    customer_id, hashed, channel, reason = key
    whom = {"customer_id": customer_id, "address_hash": hashed, "channel": channel}
    return {"id": new_id(), **whom, "reason": reason, "source": row.source, "created_at": now}
