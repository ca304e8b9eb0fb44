"""A small installation whose whole work is known beforehand, for processes that are killed while they do it.

Orders arrive in pieces, with repeated lines and out of order; the third order of a customer is celebrated, and so are
the birthdays of today, in one message where both fall together. What must have come of it is recounted here from the
list alone.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

from engine.definitions.reading import read_definitions
from engine.definitions.schema import Brake, Caps, ReviewRules, SendRules, TriggerDefinition
from engine.definitions.store import active_triggers, save_definition, set_state
from engine.record.checking import EventRow
from engine.record.customer_rows import ConsentRow, CustomerRow
from engine.record.customers import record_customers
from engine.record.events import record_events
from engine.rounds import Jubilee
from engine.send.channels.postbox import Postbox
from engine.send.outgoing import Accepted, NotTaken, OutgoingMessage
from engine.settings import Settings
from engine.storage.session import Database
from engine.write.folders import read_all
from engine.write.mission import read_mission
from engine.write.store import seed_mission, seed_templates
from triggers.table import KINDS

ROOT = Path(__file__).resolve().parents[2]
CUSTOMERS = 19  # the brake of a trigger without a history allows 20 moments a day
WITH_BIRTHDAY = 6
ORDERS = 100
PIECE = 20
MARK = 3


class Provider(Postbox):
    """A postbox that takes whatever it is given, as often as it is given it, and writes each acceptance down. Its own
    protection against doubles must not hide one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.ledger = folder.parent / "accepted.log"

    def send(self, message: OutgoingMessage) -> Accepted:
        with self.ledger.open("a") as ledger:
            ledger.write(f"{message.message_id}\n")
            ledger.flush()
            os.fsync(ledger.fileno())
        return super().send(message)

    def find(self, message_id: UUID) -> Accepted | NotTaken:
        taken = message_id in self.accepted()
        return Accepted(str(message_id), delivered=True) if taken else NotTaken()

    def accepted(self) -> list[UUID]:
        """Every acceptance, in order."""
        return [UUID(line) for line in self.ledger.read_text().split()] if self.ledger.exists() else []


def installation(url: str, home: Path) -> Jubilee:
    """The installation in this database and folder."""
    configuration = Settings(home=home, database_url=url, release_seconds=0)
    provider = Provider(configuration.postbox)
    return Jubilee(db=Database(url), kinds=KINDS, channels={"postbox": provider}, settings=configuration)


def prepare(jubilee: Jubilee) -> None:
    """Triggers that let light messages go by themselves at any hour, templates, mission and customers."""
    now = datetime.now(UTC)
    shipped = {one.name: one for one in read_definitions(ROOT / "triggers" / "definitions", KINDS)}
    with jubilee.db.writing() as session:
        for name in ("birthday", "order_milestone"):
            trigger = save_definition(session, _at_once(shipped[name]), author="test", reason="test", now=now)
            set_state(session, trigger, "active", now=now, active_from=now - timedelta(days=200))
        seed_templates(session, read_all(ROOT / "templates"), now=now)
        seed_mission(session, read_mission(ROOT / "templates" / "mission.yaml"), now=now)
        triggers = active_triggers(session, jubilee.kinds)
        record_customers(session, list(_customers(now)), now=now, source="test", triggers=triggers)


def record(jubilee: Jubilee, orders: Sequence[EventRow]) -> None:
    """All orders from the beginning, a piece at a time: what is known already is recognised."""
    for begin in range(0, len(orders), PIECE):
        with jubilee.db.writing() as session:
            triggers = active_triggers(session, jubilee.kinds)
            now = datetime.now(UTC)
            record_events(session, orders[begin : begin + PIECE], triggers=triggers, now=now, source="test")


def orders_of(seed: int, today: datetime, share: float = 1.0) -> list[EventRow]:
    """The stream, or the part of it that has arrived: equal times, repeated lines, not in order.

    All orders of those with a birthday are in the first part: what comes after their message would wait for tomorrow.
    """
    chance = random.Random(seed)
    rows = [
        EventRow(
            message_id=f"o{number:03d}",
            customer=f"c{chance.randrange(CUSTOMERS):02d}",
            name="order_completed",
            occurred_at=today - timedelta(days=chance.randrange(1, 30)),
            properties={"order_id": f"o{number:03d}", "amount_minor": 1_000, "currency": "USD", "items": 1},
            source="test",
        )
        for number in range(ORDERS)
    ]
    rows += chance.sample(rows, ORDERS // 5)
    chance.shuffle(rows)
    first = [row for row in rows if row.customer < f"c{WITH_BIRTHDAY:02d}"]
    later = [row for row in rows if row not in first]
    return first + later[: round(len(later) * share)]


def expected_totals(orders: Sequence[EventRow]) -> Counter[str]:
    """Customer -> number of different orders."""
    return Counter(customer for _, customer in {(row.message_id, row.customer) for row in orders})


def expected_moments(orders: Sequence[EventRow]) -> set[tuple[str, str]]:
    """(customer, what it is about): a birthday for the first customers, and the mark for who has reached it."""
    reached = {(customer, "order_milestone") for customer, count in expected_totals(orders).items() if count >= MARK}
    return reached | {(f"c{number:02d}", "birthday") for number in range(WITH_BIRTHDAY)}


def _customers(now: datetime) -> Iterator[CustomerRow]:
    for number in range(CUSTOMERS):
        yield CustomerRow(
            external_id=f"c{number:02d}",
            first_name="Ada",
            locale="en",
            zone="UTC",
            country="US",
            dates={"birthday": f"1980-{now:%m-%d}"} if number < WITH_BIRTHDAY else {},
            consents=[ConsentRow("granted")],
        )


def _at_once(shipped: TriggerDefinition) -> TriggerDefinition:
    values = {
        "send": SendRules(window_start=time(0), window_end=time(0), expires_after_days=40),
        "review": ReviewRules(policy="auto", must_read_weight=100, write_ahead_days=0),
        "caps": Caps(messages=50, days=30),
        "brake": Brake(daily_ceiling=100_000, times_forecast=1_000_000),
        "audience": None,
        "exceptions": (),
        "control_share": 0.0,
    }
    if shipped.name == "order_milestone":
        values["params"] = {**shipped.params, "thresholds": [MARK]}
    return shipped.model_copy(update=values)
