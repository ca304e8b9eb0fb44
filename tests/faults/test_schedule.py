"""R11 to R13: schedules that run twice, five times or not at all; scans that are cut short; events that come again."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from engine import clock, rounds
from engine.definitions.store import active_triggers
from engine.record.customer_rows import ConsentRow, CustomerRow
from engine.record.customers import record_customers
from engine.record.events import EventRow, record_events
from engine.storage.models import Customer, Event, Hold, Message, Moment, Total
from engine.storage.session import Database
from tests.faults.installation import CUSTOMERS, WITH_BIRTHDAY, Provider, installation, prepare
from tests.faults.site import Site
from tests.workers.celery_processes import PATIENCE, until

fork = multiprocessing.get_context("fork")


def in_processes(work: Callable[..., None], *arguments: tuple[object, ...]) -> list[int | None]:
    """Run it with each of these arguments, all at the same time; how each ended."""
    processes = [fork.Process(target=work, args=one) for one in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)
    return [process.exitcode for process in processes]


def scan(url: str, home: Path, die_at: int = 0) -> None:
    """Spot, plan, write and send, as a schedule's workers do; or die at one of the commits."""
    jubilee, commits = installation(url, home), 0

    def count(_session: Session) -> None:
        nonlocal commits
        commits += 1
        if commits == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Session, "before_commit", count)
    for activity in (rounds.spot, rounds.plan, rounds.write, rounds.meet_deadlines):
        activity(jubilee)
    rounds.send(jubilee, f"w{os.getpid()}")
    os._exit(0)


def greeted(db: Database) -> list[tuple[str, str]]:
    """Customer and state of every birthday that was spotted."""
    with db.reading() as session:
        wanted = select(Customer.external_id, Moment.state).join(Moment).where(Moment.occasion == "birthday")
        return [(name, state) for name, state in session.execute(wanted.order_by(Customer.external_id))]


def standing(db: Database) -> str:
    """How every message, moment and hold stands, for whoever has to find out why nothing went."""
    asked = (
        select(Message.state, Message.reason, Message.send_at, Message.write_at, Message.release_at),
        select(Moment.state, Moment.reason, Moment.check_at, Moment.expires_at),
        select(Hold.name, Hold.detail, Hold.until, Hold.released_at),
    )
    with db.reading() as session:
        return "\n".join(str(tuple(map(str, row))) for one in asked for row in session.execute(one))


ALL = [f"c{number:02d}" for number in range(WITH_BIRTHDAY)]


@pytest.mark.parametrize("schedules", [2, 5])
def test_r11_several_schedules_at_once(db: Database, tmp_path: Path, schedules: int) -> None:
    """Each scans, plans, writes and sends everything: one moment and one message each, taken once."""
    jubilee = installation(db.url, tmp_path)
    prepare(jubilee)
    jubilee.db.dispose()
    db.dispose()
    assert in_processes(scan, *[(db.url, tmp_path)] * schedules) == [0] * schedules
    in_processes(scan, (db.url, tmp_path))
    assert [name for name, _ in greeted(db)] == ALL
    provider = jubilee.channels["postbox"]
    assert isinstance(provider, Provider)
    assert len(provider.accepted()) == len(set(provider.accepted())) == WITH_BIRTHDAY, standing(db)


@pytest.mark.databases("postgres")
def test_r11_two_beats_and_two_workers(site: Site) -> None:
    """Everything is swept twice at the same time. Nobody rang."""
    site.due(60)
    with site.worker("one"), site.worker("two"), site.beat("first"), site.beat("second"):
        until(lambda: site.deliveries()["accepted"] == 60)
    site.all_is_well()


@pytest.mark.parametrize(("days", "state"), [(1, "closed"), (60, None)])
def test_r11_no_schedule_ran_over_the_due_moment(db: Database, tmp_path: Path, days: int, state: str | None) -> None:
    """A day missed is caught up; when it would come too late, nothing goes."""
    jubilee = installation(db.url, tmp_path)
    prepare(jubilee)
    with jubilee.db.writing() as session:
        clock.move_on(session, hours=24 * days)
    for activity in (rounds.spot, rounds.plan, rounds.write, rounds.meet_deadlines):
        activity(jubilee)
    rounds.send(jubilee, "w")
    assert [one for _, one in greeted(db)] == ([state] * WITH_BIRTHDAY if state else [])
    jubilee.db.dispose()


@pytest.mark.parametrize("die_at", [1, 2, 3])
def test_r12_a_scan_that_is_cut_short(db: Database, tmp_path: Path, die_at: int) -> None:
    """Killed at a commit; the next scan completes it, without doubles."""
    jubilee = installation(db.url, tmp_path)
    prepare(jubilee)
    jubilee.db.dispose()
    db.dispose()
    assert in_processes(scan, (db.url, tmp_path, die_at)) == [-signal.SIGKILL]
    assert in_processes(scan, (db.url, tmp_path)) == [0]
    assert greeted(db) == [(name, "closed") for name in ALL]


def bring(url: str, home: Path, first: int) -> None:
    """Import six customers with a birthday today, one at a time: no more, as the brake would pause the trigger."""
    jubilee = installation(url, home)
    now = datetime.now(UTC)
    for number in range(first, first + 6):
        row = CustomerRow(
            f"n{number:03d}",
            first_name="Ada",
            locale="en",
            zone="UTC",
            country="US",
            dates={"birthday": f"1980-{now:%m-%d}"},
            consents=[ConsentRow("granted")],
        )
        with jubilee.db.writing() as session:
            triggers = active_triggers(session, jubilee.kinds)
            record_customers(session, [row], now=now, source="test", triggers=triggers)
    os._exit(0)


def test_r12_scans_while_customers_are_imported(db: Database, tmp_path: Path) -> None:
    """Those who arrive during the scan are spotted by it, by their import or by the next one; once."""
    jubilee = installation(db.url, tmp_path)
    prepare(jubilee)
    jubilee.db.dispose()
    db.dispose()
    importing = [fork.Process(target=bring, args=(db.url, tmp_path, first)) for first in (0, 6)]
    for process in importing:
        process.start()
    assert in_processes(scan, *[(db.url, tmp_path)] * 2) == [0, 0]
    for process in importing:
        process.join(PATIENCE)
    assert [process.exitcode for process in importing] == [0, 0]
    assert in_processes(scan, (db.url, tmp_path)) == [0]
    assert [name for name, _ in greeted(db)] == sorted(ALL + [f"n{number:03d}" for number in range(12)])


def order(number: int, at: datetime, **properties: object) -> EventRow:
    values = {"order_id": f"o{number}", "amount_minor": 1_000, "currency": "USD", "items": 1}
    return EventRow(f"o{number}", "c10", "order_completed", at, values | properties)


def tell(url: str, home: Path, rows: list[EventRow]) -> None:
    """One client that reports these, each in a transaction of its own."""
    jubilee = installation(url, home)
    for row in rows:
        with jubilee.db.writing() as session:
            triggers = active_triggers(session, jubilee.kinds)
            record_events(session, [row], triggers=triggers, now=datetime.now(UTC), source="test")
    os._exit(0)


def test_r13_ten_clients_report_the_same_at_once(db: Database, tmp_path: Path) -> None:
    """Ten times the same ten orders, in different order: ten events, a total of ten, one milestone."""
    jubilee = installation(db.url, tmp_path)
    prepare(jubilee)
    jubilee.db.dispose()
    db.dispose()
    now = datetime.now(UTC)
    rows = [order(number, now - timedelta(hours=number + 1)) for number in range(10)]
    clients = [(db.url, tmp_path, rows[turn:] + rows[:turn]) for turn in range(10)]
    assert in_processes(tell, *clients) == [0] * 10
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 10
        assert session.scalars(select(Total.value).where(Total.metric.like("count:order_completed%"))).all() == [10]
        milestones = session.scalars(select(Moment.occurrence_key).where(Moment.occasion == "order_milestone")).all()
    assert len(milestones) == 1


def test_r13_five_times_then_with_another_body_then_late_then_from_the_future(db: Database, tmp_path: Path) -> None:
    """One effect; the conflict is reported; thirty days late counts; a future one is refused with its column."""
    jubilee = installation(db.url, tmp_path)
    prepare(jubilee)
    now = datetime.now(UTC)
    at = now - timedelta(days=1)

    def report(row: EventRow) -> tuple[int, int, list[str | None]]:
        with jubilee.db.writing() as session:
            triggers = active_triggers(session, jubilee.kinds)
            done = record_events(session, [row], triggers=triggers, now=now, source="test")
        return done.recorded, done.duplicates, [one.column for one in done.rejected]

    assert [report(order(1, at)) for _ in range(5)] == [(1, 0, []), *[(0, 1, [])] * 4]
    assert report(order(1, at, items=2)) == (0, 0, ["message_id"])
    assert report(order(2, now - timedelta(days=30))) == (1, 0, [])
    assert report(order(3, now + timedelta(days=30))) == (0, 0, ["occurred_at"])
    with db.reading() as session:
        last = session.scalars(select(Event.message_id).order_by(Event.occurred_at)).all()
        assert last == ["o2", "o1"]
        assert session.scalar(select(func.count()).select_from(Message)) == 0
        assert session.scalar(select(func.count()).select_from(Customer)) == CUSTOMERS
    jubilee.db.dispose()
