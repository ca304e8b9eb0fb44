"""The parts of the customers that a run may be played in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, func, literal, select, true
from sqlalchemy.orm import Session

from engine.backtest.connections import engine_for_a_run
from engine.storage.models import Customer
from engine.storage.session import Database


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the customers: those whose ids are not below `low`, and are below `high`. All parts of a run see the
    database as it was at one instant, that of the `snapshot`. They are counted from 0."""

    low: UUID | None = None
    high: UUID | None = None
    snapshot: str | None = None
    number: int = 0

    def has(self, customer_id: UUID) -> bool:
        """Whether this customer is one of them."""
        return (self.low is None or customer_id >= self.low) and (self.high is None or customer_id < self.high)

    def holds(self, customer_id: Any) -> ColumnElement[bool]:
        """The same of a column."""
        bounds = [] if self.low is None else [customer_id >= literal(self.low, Uuid)]
        bounds += [] if self.high is None else [customer_id < literal(self.high, Uuid)]
        return and_(true(), *bounds)


WHOLE = Part()


@contextmanager
def parts_of(db: Database, how_many: int) -> Iterator[list[Part]]:
    """So many parts, about equal, over one snapshot that is there for as long as the block lasts; on SQLite the whole,
    as it lets one work at a time."""
    if db.is_sqlite or how_many == 1:
        yield [WHOLE]
        return
    engine = engine_for_a_run(db)
    try:
        with Session(engine) as session:
            customers = session.scalar(select(func.count()).select_from(Customer)) or 0
            ids = select(Customer.id).order_by(Customer.id).limit(1)
            cuts = [session.scalar(ids.offset(customers * at // how_many)) for at in range(1, how_many)]
            bounds = [None, *sorted({cut for cut in cuts if cut is not None}), None]
            snapshot = session.scalar(select(func.pg_export_snapshot()))
            yield [Part(*of, snapshot, number) for number, of in enumerate(pairwise(bounds))]
    finally:
        engine.dispose()
