"""Tries of what only the right person knows: counted in the database, so that several web processes count together.

A try is counted before it is looked at, so that a hundred at the same moment are a hundred, and taken off again where
it was right. Counted for each account and address together, so that nobody locks somebody else out, and for each
address. Only hashes are kept: people type passwords into the wrong field.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import case, delete, update
from sqlalchemy.orm import Session

from engine.storage.models import Tries
from engine.storage.upsert import insert_into, table_of


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tries within `window`, counted from the first."""

    name: str
    per_account: int
    per_address: int
    window: timedelta


SIGN_IN = Limit("sign_in", per_account=5, per_address=30, window=timedelta(minutes=5))
FORGOT = Limit("forgot", per_account=3, per_address=20, window=timedelta(hours=1))


def take(session: Session, limit: Limit, account: str, address: str, *, machine: datetime) -> bool:
    """Count one try; False where it is one too many. Commit before the answer is looked for."""
    session.execute(delete(Tries).where(Tries.until <= machine))
    of_account, of_address = (_count(session, key, limit, machine) for key in _keys(limit, account, address))
    return of_account <= limit.per_account and of_address <= limit.per_address


def take_off(session: Session, limit: Limit, account: str, address: str) -> None:
    """It was right: forget what was counted for this account from here, and this one try of the address."""
    of_account, of_address = _keys(limit, account, address)
    session.execute(delete(Tries).where(Tries.key == of_account))
    session.execute(update(Tries).where(Tries.key == of_address, Tries.count > 0).values(count=Tries.count - 1))


def _count(session: Session, key: str, limit: Limit, machine: datetime) -> int:
    until = machine + limit.window
    insert = insert_into(session, Tries).values(key=key, count=1, until=until)
    over = Tries.until <= machine
    counted = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={"count": case((over, 1), else_=Tries.count + 1), "until": case((over, until), else_=Tries.until)},
    )
    return int(session.execute(counted.returning(table_of(Tries).c.count)).scalar_one())


def _keys(limit: Limit, account: str, address: str) -> tuple[str, str]:
    return _hash(limit.name, account, address), _hash(limit.name, address)


def _hash(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
