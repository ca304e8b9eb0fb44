"""Loads the sample the first time, and lets the rest of it arrive as its days come.

Which sample it is, and how far its dates are shifted, is kept before the first row: a load that was cut short goes on
with the same dates, and whatever it had recorded already is recognised.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from cli.sample.people import People
from cli.sample.purchases import FIRST_RUN_ON, Purchase, cdnow_file, made_purchases, read_purchases
from cli.sample.tickets import made_events, made_incident
from engine import clock
from engine.definitions.store import active_triggers
from engine.errors import InvalidInput, NotFound
from engine.record.customers import Recorded as RecordedCustomers
from engine.record.customers import record_customers
from engine.record.events import EventRow, record_events
from engine.record.events import Recorded as RecordedEvents
from engine.record.incidents import record_incident
from engine.rounds import Jubilee
from engine.storage.models import Customer, CustomerChange, Installation, Trigger
from engine.storage.session import IMPORT_ROWS_PER_COMMIT

SAMPLE = "sample"
SOURCE = "sample"
# The hour of a purchase is not known. At 09:00 UTC it is the same day in every zone of the sample.
PURCHASE_HOUR = time(9, tzinfo=UTC)
# What happened so shortly before the first run is still celebrated, so that the first queue is not empty of it.
COUNTS_FROM = timedelta(days=3)
# Reading the sample takes a second, which a second start right after the first need not wait for.
TOO_SOON = timedelta(hours=1)

Item = TypeVar("Item")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Sample:
    """Which sample this installation has: days added to the real dates, and the instant through which it has arrived.

    Not `complete`: loading it the first time was cut short.
    """

    name: str
    shift_days: int
    through: datetime
    complete: bool


def sample_of(session: Session) -> Sample | None:
    """The sample this installation was started with, if any."""
    row = session.get(Installation, SAMPLE)
    if row is None:
        return None
    return Sample(**{**row.value, "through": datetime.fromisoformat(row.value["through"])})


def others_than_the_sample(session: Session) -> bool:
    """Whether there is a customer whom the sample did not make."""
    made = exists().where(CustomerChange.customer_id == Customer.id, CustomerChange.source == SOURCE)
    return session.scalar(select(Customer.id).where(Customer.erased_at.is_(None), ~made).limit(1)) is not None


def load_sample(jubilee: Jubilee, *, real_dates: bool, progress: Progress) -> Sample:
    """Record the customers, their troubles, and their orders up to now; commits in pieces, and may be run again."""
    with jubilee.db.reading() as session:
        now, begun = clock.now(session), sample_of(session)
    sample = begun or _begin(jubilee, real_dates=real_dates, now=now)
    _set_triggers_back(jubilee, now - COUNTS_FROM)
    purchases = _purchases(sample.name)
    _record_people(jubilee, sample, purchases, now, progress)
    with jubilee.db.writing() as session:
        record_incident(session, made_incident(sample.shift_days), now=now)
    rows = [row for row in _events(sample, purchases) if row.occurred_at <= now]
    _record_events(jubilee, rows, now, progress)
    return _remember(jubilee, replace(sample, through=now, complete=True))


def let_arrive(jubilee: Jubilee) -> int:
    """Record the part of the sample whose time has come since; returns how many events that were."""
    with jubilee.db.reading() as session:
        now, sample = clock.now(session), sample_of(session)
    if sample is None or not sample.complete or now - sample.through < TOO_SOON:
        return 0
    rows = [row for row in _events(sample, _purchases(sample.name)) if sample.through < row.occurred_at <= now]
    if rows:
        _record_events(jubilee, rows, now, lambda *_: None)
        _remember(jubilee, replace(sample, through=now))
    return len(rows)


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


def _begin(jubilee: Jubilee, *, real_dates: bool, now: datetime) -> Sample:
    shift = 0 if real_dates else (now.date() - FIRST_RUN_ON).days
    return _remember(jubilee, Sample("cdnow" if cdnow_file() else "made", shift, now, complete=False))


def _set_triggers_back(jubilee: Jubilee, active_from: datetime) -> None:
    with jubilee.db.writing() as session:
        session.execute(update(Trigger).where(Trigger.active_from > active_from).values(active_from=active_from))


def _purchases(name: str) -> Sequence[Purchase]:
    """Those of the sample that was begun, whatever is installed now."""
    if name == "made":
        return list(made_purchases())
    path = cdnow_file()
    if path is None:
        raise NotFound("This installation began with the CDNOW sample, which is not installed here: run `make run`.")
    return list(read_purchases(path))


def _events(sample: Sample, purchases: Sequence[Purchase]) -> Iterator[EventRow]:
    for purchase in purchases:
        yield order_event(sample.name, purchase, sample.shift_days)
    yield from made_events(sample.name, purchases, sample.shift_days)


def _record_people(
    jubilee: Jubilee, sample: Sample, purchases: Sequence[Purchase], now: datetime, progress: Progress
) -> None:
    customers = sorted({purchase.customer for purchase in purchases})
    people = People(FIRST_RUN_ON + timedelta(days=sample.shift_days))
    with jubilee.db.reading() as session:
        triggers = active_triggers(session, jubilee.kinds, include_paused=True)
    _in_pieces(
        customers,
        lambda session, piece: record_customers(
            session, [people.make(customer) for customer in piece], now=now, source=SOURCE, triggers=triggers
        ),
        jubilee,
        lambda done: progress("customers", done, len(customers)),
    )


def _record_events(jubilee: Jubilee, rows: Sequence[EventRow], now: datetime, progress: Progress) -> None:
    with jubilee.db.reading() as session:
        triggers = active_triggers(session, jubilee.kinds, include_paused=True)
    _in_pieces(
        rows,
        lambda session, piece: record_events(session, piece, triggers=triggers, now=now, source=SOURCE),
        jubilee,
        lambda done: progress("events", done, len(rows)),
    )


def _in_pieces(
    items: Sequence[Item],
    record: Callable[[Session, Sequence[Item]], RecordedCustomers | RecordedEvents],
    jubilee: Jubilee,
    report: Callable[[int], None],
) -> None:
    for start in range(0, len(items), IMPORT_ROWS_PER_COMMIT):
        piece = items[start : start + IMPORT_ROWS_PER_COMMIT]
        with jubilee.db.writing() as session:
            rejected = record(session, piece).rejected
        if rejected:
            raise InvalidInput(f"The sample has a row that cannot be recorded: {rejected[0]}")
        report(start + len(piece))


def _remember(jubilee: Jubilee, sample: Sample) -> Sample:
    value = {**vars(sample), "through": sample.through.isoformat()}
    with jubilee.db.writing() as session:
        row = session.get(Installation, SAMPLE)
        if row is None:
            session.add(Installation(name=SAMPLE, value=value))
        else:
            row.value = value
    return sample
