"""Loads the sample the first time, and lets the rest of it arrive as its days come."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from cli.sample.people import People
from cli.sample.purchases import FIRST_RUN_ON, Purchase, cdnow_file, made_purchases, read_purchases
from cli.sample.tickets import made_events, made_incident
from engine import clock
from engine.record.customers import record_customers
from engine.record.events import EventRow, record_events
from engine.record.incidents import record_incident
from engine.rounds import Jubilee
from engine.storage.models import Installation
from engine.storage.session import IMPORT_ROWS_PER_COMMIT

SAMPLE = "sample"
SOURCE = "sample"
# The hour of a purchase is not known. At 09:00 UTC it is the same day in every zone of the sample.
PURCHASE_HOUR = time(9, tzinfo=UTC)

Item = TypeVar("Item")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Sample:
    """Which sample this installation has: days added to the real dates, and the day through which it has arrived."""

    name: str
    shift_days: int
    through: date


def sample_of(session: Session) -> Sample | None:
    """The sample this installation was started with, if any."""
    row = session.get(Installation, SAMPLE)
    if row is None:
        return None
    return Sample(row.value["name"], row.value["shift_days"], date.fromisoformat(row.value["through"]))


def load_sample(jubilee: Jubilee, *, real_dates: bool, progress: Progress) -> Sample:
    """Record the customers, their troubles, and their orders up to today; commits in pieces, and may be run again."""
    with jubilee.db.reading() as session:
        now = clock.now(session)
    shift = 0 if real_dates else (now.date() - FIRST_RUN_ON).days
    name, purchases = _purchases()
    customers = sorted({purchase.customer for purchase in purchases})
    people = People(now.date())
    _in_pieces(
        customers,
        lambda session, piece: record_customers(
            session, [people.make(customer) for customer in piece], now=now, source=SOURCE
        ),
        jubilee,
        lambda done: progress("customers", done, len(customers)),
    )
    first_run_on = FIRST_RUN_ON + timedelta(days=shift)
    with jubilee.db.writing() as session:
        record_incident(session, made_incident(first_run_on), now=now)
    sample = Sample(name, shift, date.min)
    rows = [row for row in _events(sample, purchases) if row.occurred_at.date() <= first_run_on]
    _record(jubilee, rows, now, progress)
    return _remember(jubilee, Sample(name, shift, first_run_on))


def let_arrive(jubilee: Jubilee) -> int:
    """Record the part of the sample whose days have come since; returns how many events that were."""
    with jubilee.db.reading() as session:
        now, sample = clock.now(session), sample_of(session)
    if sample is None or sample.through >= now.date():
        return 0
    _, purchases = _purchases()
    rows = [row for row in _events(sample, purchases) if sample.through < row.occurred_at.date() <= now.date()]
    _record(jubilee, rows, now, lambda *_: None)
    _remember(jubilee, Sample(sample.name, sample.shift_days, now.date()))
    return len(rows)


def _purchases() -> tuple[str, Sequence[Purchase]]:
    path = cdnow_file()
    return ("cdnow", list(read_purchases(path))) if path else ("made", list(made_purchases()))


def order_event(name: str, purchase: Purchase, shift_days: int) -> EventRow:
    """A purchase as an event. Its message id is the line number, as the file repeats some lines to the letter."""
    return EventRow(
        message_id=f"{name}:{purchase.line:05d}",
        customer=purchase.customer,
        name="order_completed",
        occurred_at=datetime.combine(purchase.on + timedelta(days=shift_days), PURCHASE_HOUR),
        properties={
            "order_id": f"{name}-{purchase.line:05d}",
            "amount_minor": purchase.cents,
            "currency": "USD",
            "items": purchase.items,
        },
        source=f"{name}, line {purchase.line}",
    )


def _events(sample: Sample, purchases: Sequence[Purchase]) -> Iterator[EventRow]:
    for purchase in purchases:
        yield order_event(sample.name, purchase, sample.shift_days)
    customers = sorted({purchase.customer for purchase in purchases})
    yield from made_events(customers, FIRST_RUN_ON + timedelta(days=sample.shift_days))


def _record(jubilee: Jubilee, rows: Sequence[EventRow], now: datetime, progress: Progress) -> None:
    with jubilee.db.reading() as session:
        triggers = jubilee.triggers(session)
    _in_pieces(
        rows,
        lambda session, piece: record_events(session, piece, triggers=triggers, now=now, source=SOURCE),
        jubilee,
        lambda done: progress("events", done, len(rows)),
    )


def _in_pieces(
    items: Sequence[Item],
    record: Callable[[Session, Sequence[Item]], object],
    jubilee: Jubilee,
    report: Callable[[int], None],
) -> None:
    for start in range(0, len(items), IMPORT_ROWS_PER_COMMIT):
        piece = items[start : start + IMPORT_ROWS_PER_COMMIT]
        with jubilee.db.writing() as session:
            record(session, piece)
        report(start + len(piece))


def _remember(jubilee: Jubilee, sample: Sample) -> Sample:
    value = {"name": sample.name, "shift_days": sample.shift_days, "through": sample.through.isoformat()}
    with jubilee.db.writing() as session:
        row = session.get(Installation, SAMPLE)
        if row is None:
            session.add(Installation(name=SAMPLE, value=value))
        else:
            row.value = value
    return sample
