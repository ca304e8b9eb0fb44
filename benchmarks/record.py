"""Recording CDNOW's 69,659 orders with every shipped trigger that folds, against a bare insert of the same rows.

The bare insert writes events and ledger with SQLAlchemy Core in the same transactions of 1,000 rows, into the same
tables with the same indexes, and does nothing else. Both run on SQLite in a folder of their own, in one run.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, select

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
DEFINITIONS = Path(__file__).parents[1] / "triggers" / "definitions"


def run() -> None:
    """Print events per second and the ratio, in the order of the file, by date, and shuffled."""
    orders = read_orders()
    shuffled = list(orders)
    random.Random(1).shuffle(shuffled)
    orderings = {"as filed": orders, "by date": sorted(orders, key=lambda order: (order.on, order.line))}
    for name, these in (orderings | {"shuffled": shuffled}).items():
        report(name, [compare(these) for _ in range(TIMES)])
    print(f"   goals: {GOALS['events/s']:,} events/s and {GOALS['ratio']} of the bare insert, as filed and by date")


def read_orders() -> list[Purchase]:
    """CDNOW's orders; without them there is nothing to compare."""
    file = cdnow_file()
    if file is None:
        raise SystemExit("the sample is missing: pip install --no-deps lifetimes==0.11.3")
    return list(read_purchases(file))


def compare(orders: Sequence[Purchase]) -> tuple[float, float]:
    """Seconds for recording, and for the bare insert, in two new databases."""
    rows = [_row(order) for order in orders]
    return _timed(rows, _record), _timed(rows, _insert)


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


def _timed(rows: Sequence[EventRow], write: Callable[[Database, Sequence[EventRow]], None]) -> float:
    with tempfile.TemporaryDirectory(prefix="jubilee-bench-") as folder:
        url = f"sqlite:///{folder}/jubilee.db"
        upgrade(url)
        db = Database(url)
        _create_customers(db, sorted({row.customer for row in rows}))
        _activate(db)
        begun = time.perf_counter()
        write(db, rows)
        seconds = time.perf_counter() - begun
        db.dispose()
    return seconds


def _record(db: Database, rows: Sequence[EventRow]) -> None:
    with db.reading() as session:
        triggers = active_triggers(session, KINDS, include_paused=True)
    for at in range(0, len(rows), ROWS):
        with db.writing() as session:
            record_events(session, rows[at : at + ROWS], triggers=triggers, now=NOW, source="bench")


def _insert(db: Database, rows: Sequence[EventRow]) -> None:
    with db.reading() as session:
        ids = dict(session.execute(select(Customer.external_id, Customer.id)).tuples().all())
    for at in range(0, len(rows), ROWS):
        events = [
            {
                "id": new_id(),
                "message_id": row.message_id,
                "customer_id": ids[row.customer],
                "name": row.name,
                "occurred_at": row.occurred_at,
                "occurred_on": row.occurred_at.date(),
                "recorded_at": NOW,
                "properties": row.properties,
                "subject": None,
                "corrects": None,
                "source": "bench",
            }
            for row in rows[at : at + ROWS]
        ]
        ledger = [
            {"message_id": event["message_id"], "event_id": event["id"], "body_hash": "0" * 32} for event in events
        ]
        with db.writing() as session:
            session.execute(insert(table_of(EventLedger)), ledger)
            session.execute(insert(table_of(Event)), events)


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
