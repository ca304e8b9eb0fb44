"""What the tests of recording say often: triggers that are active, customers, their events, and what came of them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import ActiveTrigger, active_triggers, save_definition, set_state
from engine.ids import new_id
from engine.record.events import EventRow, Recorded, record_events
from engine.storage.models import Customer, CustomerDate, Moment, Total, Trigger
from engine.storage.session import Database
from triggers.table import KINDS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ORDERS: dict[str, Any] = {
    "aggregate": "count",
    "event": "order_completed",
    "thresholds": [2, 3, 5],
    "corrections": [{"event": "order_refunded"}],
}
SPEND: dict[str, Any] = {
    "aggregate": "sum",
    "event": "order_completed",
    "property": "amount_minor",
    "currency": "EUR",
    "every": 1000,
    "corrections": [{"event": "order_refunded", "subtracts": "amount_minor"}],
}
MONTHS: dict[str, Any] = {"event": "order_completed", "unit": "month", "lengths": [3, 4]}
FIRST_ORDER: dict[str, Any] = {"of": {"first_event": "order_completed"}, "every": "year"}


def record_for(url: str, calls: Connection) -> None:
    """What a process of its own does: record the pieces it is sent, and say when each lot is done."""
    shop = Shop(Database(url))
    shop.read_triggers()
    while (lot := calls.recv()) is not None:
        for piece in lot:
            shop.record(*piece)
        calls.send("done")


def at(text: str) -> datetime:
    """`2026-02-14 09:00` as UTC; without an hour, nine o'clock."""
    return datetime.fromisoformat(text if " " in text else f"{text} 09:00").replace(tzinfo=UTC)


_numbers = itertools.count(1)


@dataclass
class Shop:
    """One database, and short words for what happens in it. Every call is a transaction."""

    db: Database
    now: datetime = NOW
    triggers: list[ActiveTrigger] = field(default_factory=list)

    def activate(self, name: str, kind: str, params: dict[str, Any], since: datetime = LONG_AGO, **fields: Any) -> None:
        """Save a trigger and switch it on."""
        values = {"name": name, "title": "A trigger", "family": "celebrate", "occasion": name, "template": name}
        definition = TriggerDefinition.model_validate(values | {"kind": kind, "params": params} | fields)
        with self.db.writing() as session:
            trigger = save_definition(session, definition, author="mia", reason="test", now=self.now)
            set_state(session, trigger, "active", now=self.now, active_from=since)
        self.read_triggers()

    def read_triggers(self) -> None:
        """As a worker does before it records."""
        with self.db.reading() as session:
            self.triggers = active_triggers(session, KINDS, include_paused=True)

    def customer(self, name: str = "ada", zone: str = "UTC", **fields: Any) -> UUID:
        """A customer without a history."""
        customer_id = new_id()
        values: dict[str, Any] = {"external_id": name, "zone": zone, "bucket": 1}
        with self.db.writing() as session:
            session.add(Customer(id=customer_id, created_at=LONG_AGO, updated_at=LONG_AGO, **values | fields))
        return customer_id

    def record(self, *rows: EventRow) -> Recorded:
        """One call of record_events."""
        with self.db.writing() as session:
            return record_events(session, rows, triggers=self.triggers, now=self.now, source="test")

    def moments(self, prefix: str = "", *, cancelled: bool = False) -> list[tuple[Any, ...]]:
        """What stands of the customers with this prefix: trigger, customer, key, days, facts; in order."""
        with self.db.writing() as session:
            rows = session.execute(
                select(Trigger.name, Customer.external_id, Moment)
                .join(Trigger, Trigger.id == Moment.trigger_id)
                .join(Customer, Customer.id == Moment.customer_id)
                .where(Customer.external_id.startswith(prefix))
            ).all()
        return sorted(
            (name, one.removeprefix(prefix), moment.occurrence_key, moment.nominal_on, moment.occurred_at,
             moment.send_on, moment.expires_at, repr(sorted(moment.facts.items())).replace(prefix or "\0", ""))
            for name, one, moment in rows
            if (moment.state == "cancelled") == cancelled
        )  # fmt: skip

    def standing(self, *, cancelled: bool = False) -> list[str]:
        """Occurrence keys alone."""
        return sorted(moment[2] for moment in self.moments(cancelled=cancelled))

    def moment(self, key: str) -> Moment:
        """The only moment with this occurrence key."""
        with self.db.writing() as session:
            return session.scalars(select(Moment).where(Moment.occurrence_key == key)).one()

    def totals(self, prefix: str = "") -> list[tuple[Any, ...]]:
        """Totals, first days and last activity."""
        with self.db.writing() as session:
            totals = session.execute(
                select(Customer.external_id, Total).join(Customer).where(Customer.external_id.startswith(prefix))
            ).all()
            days = session.execute(
                select(Customer.external_id, CustomerDate).join(Customer).where(Customer.external_id.startswith(prefix))
            ).all()
            customers = session.scalars(select(Customer).where(Customer.external_id.startswith(prefix))).all()
        found: list[tuple[Any, ...]] = [
            (one, total.metric, total.value, repr(_sorted(total.detail)), total.last_at, total.last_message_id)
            for one, total in totals
        ]
        found += [(one, day.name, day.on, day.month_day, day.event_name, "") for one, day in days]
        found += [(one.external_id, "active", one.last_active_at, "", "", "") for one in customers]
        return sorted(tuple(str(part).replace(prefix or "\0", "") for part in row) for row in found)

    def total(self, metric: str) -> int | None:
        """The value of the only total of this metric."""
        with self.db.writing() as session:
            return session.scalar(select(Total.value).where(Total.metric == metric))


def order(when: str | datetime = "2026-05-01", *, id: str = "", customer: str = "ada", **properties: Any) -> EventRow:  # noqa: A002
    """A completed order over 10 euros."""
    said = {"amount_minor": 1000, "currency": "EUR"} | properties
    return event("order_completed", when, id=id, customer=customer, **said)


def refund(when: str | datetime = "2026-05-20", *, id: str = "", customer: str = "ada", **properties: Any) -> EventRow:  # noqa: A002
    """A refund of 10 euros."""
    said = {"amount_minor": 1000, "currency": "EUR"} | properties
    return event("order_refunded", when, id=id, customer=customer, **said)


def retraction(of: str, when: str | datetime = "2026-05-25", *, id: str = "", customer: str = "ada") -> EventRow:  # noqa: A002
    """What was recorded under this message id never happened."""
    return event("event_retracted", when, id=id, customer=customer, message_id=of)


def amendment(
    of: str,
    when: str | datetime = "2026-05-25",
    *,
    id: str = "",  # noqa: A002
    customer: str = "ada",
    **said: Any,
) -> EventRow:
    """It happened at another time, or differently."""
    return event("event_amended", when, id=id, customer=customer, message_id=of, **said)


def event(name: str, when: str | datetime, *, id: str = "", customer: str = "ada", **properties: Any) -> EventRow:  # noqa: A002
    """Any event; without an id it gets one of its own."""
    occurred_at = at(when) if isinstance(when, str) else when
    return EventRow(id or f"made-{next(_numbers)}", customer, name, occurred_at, properties)


def monthly(months: Sequence[str], **fields: Any) -> list[EventRow]:
    """One order in each of these months."""
    return [order(f"{month}-10", **fields) for month in months]


def days(number: int) -> timedelta:
    """So many days."""
    return timedelta(days=number)


def _sorted(detail: dict[str, Any] | None) -> Any:
    if detail is None:
        return None
    return sorted((key, sorted(value.items()) if isinstance(value, dict) else value) for key, value in detail.items())
