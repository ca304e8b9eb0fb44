"""Whatever is repeated, reordered, cut into pieces or recorded by two at once: the same moments and totals."""

import itertools
import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.record.events import EventRow
from engine.record.totals import refold_customers, relocate
from engine.storage.models import Customer
from engine.storage.session import Database
from tests.engine.record.shop import FIRST_ORDER, MONTHS, ORDERS, SPEND, Shop, record_for

# Few instants, so that many are equal; late in the evening, so that the local day depends on the zone.
BEGIN = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
INSTANTS = [BEGIN + timedelta(days=days) for days in (0, 1, 29, 30, 31, 45, 58, 60, 75, 89, 90, 92, 120)]
ACTIVE_FROM = BEGIN + timedelta(days=30)
ZONES = {"ada": "UTC", "bo": "Asia/Tokyo", "cy": "America/New_York"}
_prefixes = itertools.count(1)

customers = st.sampled_from(sorted(ZONES))
instants = st.sampled_from(INSTANTS)
amounts = st.sampled_from([100, 600, 1000, 2500])
BOUGHT = st.fixed_dictionaries(
    {"amount_minor": amounts, "currency": st.sampled_from(["EUR", "EUR", "USD"]), "shop": st.sampled_from(["a", "b"])}
)


@dataclass(frozen=True)
class Draft:
    """An event before it has a message id; corrections name their target by its number in the stream."""

    customer: str
    name: str
    occurred_at: datetime
    properties: dict[str, Any]
    target: int | None = None


purchases = st.builds(Draft, customers, st.sampled_from(["order_completed"] * 4 + ["order_refunded"]), instants, BOUGHT)
corrections = st.one_of(
    st.builds(Draft, customers, st.just("event_retracted"), instants, st.just({}), st.integers(0, 15)),
    st.builds(
        Draft,
        customers,
        st.just("event_amended"),
        instants,
        st.fixed_dictionaries(
            {"occurred_at": instants.map(datetime.isoformat)},
            optional={"properties": st.fixed_dictionaries({"amount_minor": amounts})},
        ),
        st.integers(0, 15),
    ),
)
streams = st.lists(st.one_of(purchases, purchases, purchases, corrections), min_size=1, max_size=22)


def opened(db: Database) -> Shop:
    shop = Shop(db)
    shop.activate("orders", "milestone", ORDERS, ACTIVE_FROM, send={"shift": "after"})
    shop.activate("spend", "milestone", SPEND, ACTIVE_FROM)
    shops = {"aggregate": "distinct", "event": "order_completed", "property": "shop", "thresholds": [2]}
    shop.activate("shops", "milestone", shops | {"corrections": [{"event": "order_refunded"}]})
    largest = {"aggregate": "max", "event": "order_completed", "property": "amount_minor", "currency": "EUR"}
    shop.activate("largest", "milestone", largest | {"thresholds": [2000]})
    shop.activate("months", "streak", MONTHS, ACTIVE_FROM)
    shop.activate("first_order", "anniversary", FIRST_ORDER)
    return shop


def rows(stream: Sequence[Draft], prefix: str) -> list[EventRow]:
    """The stream under message ids of its own; half of the corrections name an event of their own customer."""
    made = []
    for number, draft in enumerate(stream):
        customer, properties = draft.customer, dict(draft.properties)
        if draft.target is not None:
            target = (draft.target % len(stream) + (draft.target % len(stream) == number)) % (len(stream) + 1)
            properties["message_id"] = f"{prefix}{target:02}"
            if target < len(stream) and draft.target % 2:
                customer = stream[target].customer
        made.append(EventRow(f"{prefix}{number:02}", f"{prefix}{customer}", draft.name, draft.occurred_at, properties))
    return made


def people(shop: Shop, zones: dict[str, str] = ZONES) -> str:
    """Customers without a history; the prefix of their names."""
    prefix = f"{next(_prefixes):06}-"
    for name, zone in zones.items():
        shop.customer(f"{prefix}{name}", zone, country="DE")
    return prefix


def in_order(shop: Shop, stream: Sequence[Draft]) -> str:
    """One by one, in the order in which it happened."""
    prefix = people(shop)
    for row in sorted(rows(stream, prefix), key=lambda row: (row.occurred_at, row.message_id)):
        shop.record(row)
    return prefix


def result(shop: Shop, prefix: str) -> tuple[Any, Any]:
    return shop.moments(prefix), shop.totals(prefix)


def pieces(these: Sequence[EventRow], size: int) -> list[Sequence[EventRow]]:
    return [these[at : at + size] for at in range(0, len(these), size)]


def test_the_order_of_arrival_changes_nothing(db: Database) -> None:
    """Shuffled, in pieces of any size and with duplicates: the same as one by one in order."""
    shop = opened(db)

    @settings(max_examples=100)
    @given(streams, st.randoms(use_true_random=False), st.integers(1, 9))
    def holds(stream: list[Draft], dice: Any, size: int) -> None:
        prefix = people(shop)
        shuffled = rows(stream, prefix)
        shuffled += [dice.choice(shuffled) for _ in range(len(shuffled) // 3)]
        dice.shuffle(shuffled)
        for piece in pieces(shuffled, size):
            shop.record(*piece)
        assert result(shop, prefix) == result(shop, in_order(shop, stream))

    holds()


def test_two_recorders_at_once_change_nothing(db: Database) -> None:
    """Two threads with sessions of their own record overlapping halves of the stream at the same time."""
    shop = opened(db)

    @settings(max_examples=40)
    @given(streams, st.randoms(use_true_random=False))
    def holds(stream: list[Draft], dice: Any) -> None:
        prefix = people(shop)
        everything = rows(stream, prefix)
        overlap = dice.sample(everything, len(everything) // 3)
        halves = [everything[::2] + overlap, everything[1::2] + overlap]
        for half in halves:
            dice.shuffle(half)
        at_once(shop, [pieces(half, 3) for half in halves])
        assert result(shop, prefix) == result(shop, in_order(shop, stream))

    holds()


@pytest.fixture
def two_processes(db: Database) -> Iterator[list[Connection]]:
    """Two processes that record on this database; the first thing they do is to read its triggers."""
    context = multiprocessing.get_context("spawn")
    ends = [context.Pipe() for _ in range(2)]
    opened(db)
    children = [context.Process(target=record_for, args=(db.url, theirs)) for _, theirs in ends]
    for child in children:
        child.start()
    yield [ours for ours, _ in ends]
    for ours, _ in ends:
        ours.send(None)
    for child in children:
        child.join(120)
        assert child.exitcode == 0


def test_two_processes_at_once_change_nothing(db: Database, two_processes: list[Connection]) -> None:
    """As two workers do: each has its own interpreter, connection and clock."""
    shop = Shop(db)
    shop.read_triggers()

    @settings(max_examples=25)
    @given(streams, st.randoms(use_true_random=False))
    def holds(stream: list[Draft], dice: Any) -> None:
        prefix = people(shop)
        everything = rows(stream, prefix)
        overlap = dice.sample(everything, len(everything) // 3)
        for child, half in zip(two_processes, (everything[::2] + overlap, everything[1::2] + overlap), strict=True):
            dice.shuffle(half)
            child.send(pieces(half, 3))
        assert [child.recv() for child in two_processes] == ["done", "done"]
        assert result(shop, prefix) == result(shop, in_order(shop, stream))

    holds()


def test_folding_everything_again_changes_nothing(db: Database) -> None:
    """A backfill finds what recording found step by step."""
    shop = opened(db)

    @settings(max_examples=40)
    @given(streams)
    def holds(stream: list[Draft]) -> None:
        prefix = in_order(shop, stream)
        before = result(shop, prefix)
        with shop.db.writing() as session:
            refold_customers(session, ids(session, prefix), triggers=shop.triggers, now=shop.now)
        assert result(shop, prefix) == before

    holds()


def test_a_zone_known_later_changes_nothing(db: Database) -> None:
    """Recorded in UTC and then moved to the zones: the same as recorded there."""
    shop = opened(db)

    @settings(max_examples=40)
    @given(streams)
    def holds(stream: list[Draft]) -> None:
        prefix = people(shop, dict.fromkeys(ZONES, "UTC"))
        for piece in pieces(rows(stream, prefix), 5):
            shop.record(*piece)
        with shop.db.writing() as session:
            moved = ids(session, prefix)
            for customer_id in moved:
                customer = session.get_one(Customer, customer_id)
                customer.zone = ZONES[customer.external_id.removeprefix(prefix)]
            session.flush()
            relocate(session, moved, triggers=shop.triggers, now=shop.now)
        assert result(shop, prefix) == result(shop, in_order(shop, stream))

    holds()


def test_the_milestones_are_those_that_a_plain_count_finds(db: Database) -> None:
    """Counted again with a few lines that know nothing of totals: thresholds, and since when each has stood."""
    shop = opened(db)

    @settings(max_examples=50)
    @given(st.lists(purchases, max_size=15))
    def holds(stream: list[Draft]) -> None:
        prefix = people(shop)
        these = rows(stream, prefix)
        for piece in pieces(these[::-1], 4):
            shop.record(*piece)
        found = {(one, key, when) for name, one, key, _, when, *_ in shop.moments(prefix) if name == "orders"}
        assert found == {one for name in ZONES for one in counted(name, these, prefix)}

    holds()


def counted(name: str, these: Sequence[EventRow], prefix: str) -> set[tuple[str, str, datetime]]:
    """(customer, threshold, since when the count has been there)"""
    mine = sorted((row.occurred_at, row.message_id, row.name) for row in these if row.customer == prefix + name)
    counts = list(itertools.accumulate(1 if kind == "order_completed" else -1 for _, _, kind in mine))
    stands = set()
    for threshold in (2, 3, 5):
        below = [number for number, count in enumerate(counts) if count < threshold]
        since = below[-1] + 1 if below else 0
        if since < len(counts) and mine[since][0] >= ACTIVE_FROM:
            stands.add((name, str(threshold), mine[since][0]))
    return stands


def at_once(shop: Shop, work: Sequence[Sequence[Sequence[EventRow]]]) -> None:
    """Each list of pieces in a thread of its own."""
    start, failures = threading.Barrier(len(work)), []

    def record(mine: Sequence[Sequence[EventRow]]) -> None:
        try:
            start.wait()
            for piece in mine:
                replace(shop).record(*piece)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=record, args=(mine,)) for mine in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def ids(session: Session, prefix: str) -> list[UUID]:
    return list(session.scalars(select(Customer.id).where(Customer.external_id.startswith(prefix))))
