"""Records what providers say, before anything else happens to it: append-only, and once however often it is said.

Applying it comes after (`applying.py`). What speaks of a delivery that is not known here waits for a week: it may be
faster than our own commit, or belong to another system with the same account.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from engine import bell
from engine.channel_terms import Offered
from engine.ids import new_id
from engine.listen.applying import apply_parked as apply_parked  # those who listen ask for it here
from engine.listen.applying import apply_receipts
from engine.listen.said import LONGEST_KEY, Said, storable, without_addresses
from engine.storage.models import Receipt
from engine.storage.models.contact_point import hash_of_address
from engine.storage.upsert import insert_into, table_of

LISTEN = "jubilee.listen"

__all__ = ["LISTEN", "Said", "apply_parked", "record_receipts", "store"]


def store(session: Session, said: Sequence[Said], *, now: datetime) -> list[UUID]:
    """Record these and ring for a worker to apply them; the ids of those that had not been said before."""
    by_key = {(one.provider, one.key): one for one in said}
    if not by_key:
        return []
    # In the order of the keys, so that two who record the same never wait for each other in a ring.
    rows = [_row(by_key[key], now) for key in sorted(by_key)]
    insert = insert_into(session, Receipt).on_conflict_do_nothing(index_elements=["provider", "key"])
    new = list(session.execute(insert.returning(table_of(Receipt).c.id), rows).scalars())
    if new:
        bell.ring(session, LISTEN)
    return new


def record_receipts(session: Session, said: Sequence[Said], *, offered: Offered, now: datetime) -> int:
    """Record these and apply them at once; how many are new."""
    new = store(session, said, now=now)
    apply_receipts(session, new, offered=offered, now=now)
    return len(new)


def _row(one: Said, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "provider": one.provider,
        "key": storable(one.key)[:LONGEST_KEY],
        "kind": one.kind,
        "message_id": one.message_id,
        "delivery_id": None,
        "provider_id": storable(one.provider_id)[:LONGEST_KEY] if one.provider_id else None,
        "address_hash": hash_of_address(storable(one.address)) if one.address else None,
        "detail": without_addresses(one.detail),
        "data": dict(one.data),
        "occurred_at": one.occurred_at,
        "received_at": now,
        "applied_at": None,
    }
