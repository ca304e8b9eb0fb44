"""How many customers a condition is true of, within a bounded time: exact where that is enough, else so far.

Looks at customers in the order of their ids, piece by piece, until all are seen or the time is over.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from engine.conditions.sql import to_sql
from engine.conditions.tree import Condition, fields_of
from engine.insight.bounded import TakesTooLong, bounded
from engine.storage.models import Customer

PIECE = 20_000
SECONDS = 0.6
ONE_STATEMENT = 2.0


@dataclass(frozen=True, slots=True)
class Counted:
    """So many of those that were looked at. `complete`: everybody was."""

    matching: int
    looked_at: int
    complete: bool


def may_be_counted(condition: Condition | None) -> bool:
    """Whether it asks about customers alone: what a moment will say is not known before it is there."""
    return condition is None or not any(field.startswith("moment.") for field in fields_of(condition))


def count_customers(
    session: Session,
    condition: Condition | None,
    *,
    seconds: float = SECONDS,
    piece: int = PIECE,
    tell_time: Callable[[], float] = time.monotonic,
) -> Counted:
    """Count them, for about so many seconds. The session is for this alone: a statement that takes long is ended."""
    ends = tell_time() + seconds
    wanted: ColumnElement[bool] = to_sql(condition) if condition is not None else true()
    matching = looked_at = 0
    after: UUID | None = None
    try:
        with bounded(session, seconds=ONE_STATEMENT):
            while True:
                up_to = _end_of_piece(session, after, piece)
                seen, found = _count(session, wanted, after, up_to)
                matching, looked_at, after = matching + found, looked_at + seen, up_to
                if up_to is None:
                    return Counted(matching, looked_at, complete=True)
                if tell_time() >= ends:
                    return Counted(matching, looked_at, complete=False)
    except TakesTooLong:
        return Counted(matching, looked_at, complete=False)


def _end_of_piece(session: Session, after: UUID | None, piece: int) -> UUID | None:
    """The id at which the next piece ends, None where it is the last one."""
    ids = select(Customer.id).order_by(Customer.id).offset(piece - 1).limit(1)
    return session.scalar(ids if after is None else ids.where(Customer.id > after))


def _count(session: Session, wanted: ColumnElement[bool], after: UUID | None, up_to: UUID | None) -> tuple[int, int]:
    query = select(func.count(), func.count().filter(wanted)).select_from(Customer).where(Customer.erased_at.is_(None))
    if after is not None:
        query = query.where(Customer.id > after)
    if up_to is not None:
        query = query.where(Customer.id <= up_to)
    seen, found = session.execute(query).one()
    return int(seen), int(found)
