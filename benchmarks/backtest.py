"""A year of an anniversary, a milestone and a recovery, backtested for 1,000,000 customers and 10,000,000 events.

Made in the database by INSERT ... SELECT generate_series, so that everybody's life follows from their number. With
caps, clashes and a control group. Prints what was found, the seconds, the CPU seconds of our processes and of the
server's, and the memory of both. Others may be at work on the machine, or it may be slow in this hour: then the ratio
to a query that somebody would write by hand, without any rule, tells more than seconds.

JUBILEE_BENCH_CUSTOMERS makes it smaller; JUBILEE_BENCH_URL uses a database that is there and keeps what was made.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

import psutil
from sqlalchemy import text

from engine.backtest.parts import Part, parts_of
from engine.backtest.rehearsal import House, Watcher
from engine.backtest.results import Result
from engine.backtest.run import Voice, backtest
from engine.backtest.scratch import scratch
from engine.channel_terms import Offered
from engine.dates.team import TeamHours
from engine.definitions.schema import TriggerDefinition
from engine.storage.migrate import upgrade
from engine.storage.session import Database
from tests.servers.postgres import PostgresServer, create_database
from triggers.table import KINDS

CUSTOMERS = int(os.environ.get("JUBILEE_BENCH_CUSTOMERS", "1000000"))
FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
TODAY = date(2026, 2, 1)
GOAL = 60
# A part of the machine's memory, as PostgreSQL's own manual advises for any server; its default is for the smallest.
SHARED_BUFFERS = "1GB"
ZONES = (
    *(("America/New_York", "US"), ("America/Chicago", "US"), ("America/Los_Angeles", "US"), ("Europe/London", "GB")),
    *(("Europe/Berlin", "DE"), ("Europe/Madrid", "ES"), ("Asia/Kolkata", "IN"), ("Australia/Sydney", "AU")),
)
CAPS = {"messages": 2, "days": 30}
TRIGGERS: tuple[dict[str, Any], ...] = (
    {
        **{"name": "years_together", "title": "Years together", "family": "celebrate", "occasion": "anniversary"},
        **{"kind": "anniversary", "template": "first_order_anniversary", "weight": 40, "control_share": 0.1},
        "params": {"of": {"first_event": "order_completed"}, "every": "year"},
        "send": {"shift": "after", "expires_after_days": 4, "window_start": "10:00", "window_end": "12:00"},
        **{"caps": CAPS, "holds_quiet_relationship": True},
    },
    {
        **{"name": "orders", "title": "So many orders", "family": "celebrate", "occasion": "order_milestone"},
        **{"kind": "milestone", "template": "order_milestone", "weight": 35, "control_share": 0.1},
        "params": {"aggregate": "count", "event": "order_completed", "thresholds": [10, 25, 50, 100]},
        "send": {"delay_days": 1, "expires_after_days": 7},
        **{"caps": CAPS, "review": {"write_ahead_days": 1}},
    },
    {
        **{"name": "solved", "title": "A problem was solved", "family": "recover", "occasion": "ticket_solved"},
        **{"kind": "recovery", "template": "ticket_solved", "weight": 60, "class": "service"},
        "params": {"kinds": ["ticket"]},
        **{"send": {"expires_after_days": 10}, "review": {"write_ahead_days": 1}},
    },
)
# The n-th customer: when they began, how often they buy, whether they have trouble. A prime for each, so that one thing
# tells nothing of another.
DICE = "(({n}::bigint * {prime}) % 1000003) / 1000003.0"


def run() -> None:
    """Make the customers, run the year, and report."""
    with _database() as url:
        db = Database(url)
        house = House(db, KINDS, TeamHours(country="US"), Offered(("email", "postbox")))
        subjects = [TriggerDefinition.model_validate(one) for one in TRIGGERS]
        watch = Watch()
        result, seconds, ours, servers = _measured(
            lambda: backtest(
                house, subjects, FIRST, LAST, today=TODAY, voice=Voice("Our shop", "the team"), watcher=watch.watcher
            )
        )
        bare = min(_bare(db) for _ in range(2))
        db.dispose()
    _report(result, seconds, ours, servers, watch)
    print(f"   by hand {bare:.1f} s: the run takes {seconds / bare:.1f} times as long")


# What somebody would write by hand who wants to know on which days how many have a moment, and what they allowed: every
# customer, date, consent, order and problem is read once, and no rule is asked.
_BY_HAND = """
CREATE TEMP TABLE by_hand ON COMMIT DROP AS
SELECT 'years_together' AS name, customer_id, make_date({year}, month::int, least(day::int, 28)) AS on_day
FROM customer_dates JOIN customers ON customers.id = customer_id
WHERE name = 'first:order_completed' AND year < {year} AND {mine}
UNION ALL
SELECT 'orders', customer_id, occurred_on FROM (
    SELECT customer_id, occurred_on, row_number() OVER (PARTITION BY customer_id ORDER BY occurred_at, message_id) AS n
    FROM events WHERE name = 'order_completed' AND {mine}
) AS numbered WHERE n IN (10, 25, 50, 100) AND extract(year FROM occurred_on) = {year}
UNION ALL
SELECT 'solved', customer_id, resolved_at::date + 2 FROM problems
WHERE state = 'resolved' AND extract(year FROM resolved_at) = {year} AND {mine}
"""
_ALLOWED = """
SELECT by_hand.name, on_day, allowed, zone, count(*)
FROM by_hand JOIN customers ON customers.id = customer_id
LEFT JOIN (SELECT customer_id, min(state) AS allowed FROM consents WHERE {mine} GROUP BY customer_id) AS ruling
USING (customer_id) GROUP BY by_hand.name, on_day, allowed, zone
"""


def _bare(db: Database) -> float:
    """The seconds of the query by hand, in two halves of the customers beside each other, as the run has them."""
    begun = time.perf_counter()
    with parts_of(db, 2) as halves, ThreadPoolExecutor(len(halves)) as pool:
        found = sum(pool.map(lambda half: _half(db, half), halves))
    assert found > CUSTOMERS * 0.9
    return time.perf_counter() - begun


def _half(db: Database, half: Part) -> int:
    mine = " AND ".join(
        f"customer_id {sign} '{bound}'" for sign, bound in ((">=", half.low), ("<", half.high)) if bound is not None
    )
    with scratch(db, half) as run:
        run.session.execute(text(_BY_HAND.format(year=FIRST.year, mine=mine).replace(":", "\\:")))
        rows = run.session.execute(text(_ALLOWED.format(mine=mine))).all()
    return sum(row.count for row in rows)


class Watch:
    """Prints where the run is, and keeps the most memory that was seen."""

    def __init__(self) -> None:
        self.begun = time.perf_counter()
        self.of_ours: dict[int, int] = {}
        self.of_servers: dict[int, int] = {}
        self.watcher = Watcher(self.look)

    def look(self, what: str, done: int, of: int) -> None:
        """After each piece, and now and then in the days: to ask the system for memory takes as long as a day does."""
        if what == "days" and done % 60 and done != of:
            return
        for kept, processes in ((self.of_ours, _ours()), (self.of_servers, _backends())):
            for one in processes:
                with suppress(psutil.NoSuchProcess):  # some come and go
                    kept[one.pid] = max(kept.get(one.pid, 0), one.memory_full_info().uss)
        print(f"   {time.perf_counter() - self.begun:7.1f} s  {what} {done}/{of}", flush=True)


def _measured(work: Callable[[], Result]) -> tuple[Result, float, float, float]:
    begun, ours, servers = time.perf_counter(), _cpu_of_ours(), _cpu_of_servers()
    result = work()
    return result, time.perf_counter() - begun, _cpu_of_ours() - ours, _cpu_of_servers() - servers


def _cpu_of_ours() -> float:
    """User and system seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _cpu_of_servers() -> float:
    """User and system seconds of the postmaster, and of all its children that have ended or still run."""
    total = 0.0
    for one in _postmaster():
        times = one.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
        for child in one.children():
            with suppress(psutil.NoSuchProcess):  # then its time is among those that have ended, or will be
                its = child.cpu_times()
                total += its.user + its.system
    return total


_server: list[PostgresServer] = []


def _postmaster() -> list[psutil.Process]:
    """The server that this process started; none where JUBILEE_BENCH_URL names another."""
    return _named("postgres", psutil.Process().children(recursive=True))[:1]


def _ours() -> list[psutil.Process]:
    """This process, and those in which it plays days."""
    this = psutil.Process()
    return [this, *_named("python", this.children(recursive=True))]


def _named(beginning: str, processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that are called so; some are gone before they are asked."""
    found = []
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            if one.name().startswith(beginning):
                found.append(one)
    return found


def _backends() -> list[psutil.Process]:
    return [child for one in _postmaster() for child in one.children()]


def _report(result: Result, seconds: float, ours: float, servers: float, watch: Watch) -> None:
    for one in result.triggers:
        numbers = f"{one.spotted:,} spotted, {one.sent:,} would go, {one.stopped:,} stopped, {one.control:,} control"
        print(f"   {one.name:15} {numbers}, {one.ended:,} ended, {one.under_way:,} under way")
        print(f"   {'':15} {', '.join(f'{hold.name} {hold.stopped:,}/{hold.waited:,}' for hold in one.holds)}")
    met = ", ".join(f"{one.winner} and {one.loser} {one.merged:,}/{one.lost:,}" for one in result.clashes)
    print(f"   merged/lost: {met}; day by day: {result.day_by_day:,} of {result.customers:,} customers")
    print(f"   {seconds:.1f} s; CPU: {ours:.1f} s ours, {servers:.1f} s of the server; goal {GOAL} s for a million")
    ours_most, servers_most = (
        ", ".join(f"{size / 1e6:,.0f}" for size in sorted(kept.values(), reverse=True)[:4])
        for kept in (watch.of_ours, watch.of_servers)
    )
    print(f"   memory without what is shared: {ours_most} MB of our processes; {servers_most} MB of the server's")


@contextmanager
def _database() -> Iterator[str]:
    if url := os.environ.get("JUBILEE_BENCH_URL"):
        upgrade(url)
        if not _has_customers(url):
            _fill(url)
        yield url
        return
    server = PostgresServer(shared_buffers=SHARED_BUFFERS)
    try:
        server.start()
        url = server.url("bench_backtest")
        create_database(url)
        _fill(url)
        yield url
    finally:
        server.close()


def _has_customers(url: str) -> bool:
    db = Database(url)
    with db.reading() as session:
        found = session.scalar(text("SELECT to_regclass('customers')"))
        filled = bool(found) and session.scalar(text("SELECT count(*) FROM customers")) == CUSTOMERS
    db.dispose()
    return filled


_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename IN ('customers', 'events', 'contact_points', 'customer_dates')
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)
"""


def _fill(url: str) -> None:
    upgrade(url)
    db = Database(url)
    begun = time.perf_counter()
    with db.writing() as session:
        # Rows that fit each other by their making need no look at each other, and indexes are faster made than kept.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        indexes = session.execute(text(_INDEXES)).all()
        for index in indexes:
            session.execute(text(f"DROP INDEX {index.indexname}"))
        for statement in (*statements(), *(index.indexdef for index in indexes)):
            session.execute(text(statement.replace(":", "\\:")))
    with db._writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))  # as of any database that was not filled a minute ago
    db.dispose()
    print(f"   {CUSTOMERS:,} customers and their events made in {time.perf_counter() - begun:.0f} s", flush=True)


def statements() -> Iterator[str]:
    """One statement for each table. Uniform numbers stand for a customer's habits, so that any run finds the same."""
    yield (
        "CREATE TEMP TABLE people ON COMMIT DROP AS SELECT n, uuidv7() AS id, "
        f"{_dice(7919)} AS a, {_dice(104729)} AS b, {_dice(15485863)} AS c, {_dice(32452843)} AS d, "
        f"1 + n % {len(ZONES)} AS place, "
        "'2020-01-01 12:00+00'::timestamptz + (n::bigint * 7907 % 1826) * interval '1 day' AS began "
        f"FROM generate_series(1, {CUSTOMERS}) AS n"
    )
    yield (
        "INSERT INTO consents (customer_id, channel, occasion, state, basis, source, given_at, expires_at) "
        "SELECT id, '*', '*', CASE WHEN c < 0.08 THEN 'refused' ELSE 'granted' END, 'express', 'bench', began, NULL "
        "FROM people WHERE c < 0.85"
    )
    yield (
        "INSERT INTO contact_points (id, customer_id, channel, address, address_hash, usable) "
        "SELECT uuidv7(), id, 'email', 'c' || n || '@customers.example', md5(n::text), true FROM people WHERE d < 0.95"
    )
    # From one purchase to very many: most buy a few times, some every week.
    yield (
        "INSERT INTO events (id, message_id, customer_id, name, occurred_at, occurred_on, recorded_at, properties, "
        "source) SELECT uuidv7(), 'o' || n || '-' || k, id, 'order_completed', at, at::date, at, "
        """'{"amount_minor": 2500, "currency": "EUR"}', 'bench' FROM people, """
        "LATERAL (SELECT greatest(1, least(120, floor(0.62 - 6.2 * ln(1.0000001 - a) * (0.5 + b))))::int AS orders) h, "
        "LATERAL generate_series(0, orders - 1) AS k, "
        "LATERAL (SELECT began + (k * (400 + 1200 * b) / greatest(orders - 1, 1)) * interval '1 day' AS at) AS t "
        "WHERE at < '2026-02-01'"
    )
    yield from _troubles()
    yield from _dates()
    zones = "ARRAY[" + ", ".join(f"'{zone}'" for zone, _ in ZONES) + "]"
    countries = "ARRAY[" + ", ".join(f"'{country}'" for _, country in ZONES) + "]"
    yield (
        "INSERT INTO customers (id, external_id, first_name, last_name, locale, zone, country, traits, bucket, "
        "last_active_at, created_at, updated_at) "
        f"SELECT id, 'c' || n, 'Ada', 'Person ' || n, CASE WHEN d < 0.1 THEN 'de' ELSE 'en' END, ({zones})[place], "
        f"({countries})[place], '{{}}', n::bigint * 7919 % 2147483647, at, '2020-01-01', '2020-01-01' FROM people "
        "LEFT JOIN (SELECT customer_id, max(occurred_at) AS at FROM events WHERE name IN ('order_completed', "
        "'ticket_opened', 'ticket_reopened') GROUP BY customer_id) AS active ON active.customer_id = people.id"
    )


def _dice(prime: int) -> str:
    return DICE.format(n="n", prime=prime)


def _troubles() -> Iterator[str]:
    """Every thirtieth customer opens a ticket somewhere in the year, which is solved within days; a tenth come back."""
    opened = "'2025-01-05 10:00+00'::timestamptz + (n::bigint * 6007 % 350) * interval '1 day'"
    solved = f"{opened} + (1 + n % 5) * interval '1 day'"
    for number, (name, at, which) in enumerate(
        (
            ("ticket_opened", opened, "n % 30 = 0"),
            ("ticket_resolved", solved, "n % 30 = 0"),
            ("ticket_reopened", f"{solved} + interval '2 days'", "n % 300 = 0"),
        )
    ):
        yield (
            "INSERT INTO events (id, message_id, customer_id, name, occurred_at, occurred_on, recorded_at, properties, "
            f"subject, source) SELECT uuidv7(), 't{number}-' || n, id, '{name}', {at}, ({at})::date, {at}, "
            "jsonb_build_object('ticket_id', 't' || n, 'type', 'problem', 'what_we_did', 'We mended it.'), "
            f"'ticket:t' || n, 'bench' FROM people WHERE {which}"
        )
    yield (
        "INSERT INTO problems (id, customer_id, key, kind, category, severity, state, incident_key, opened_at, "
        "resolved_at, last_event_at, reopened, what_we_did) "
        f"SELECT uuidv7(), id, 'ticket:t' || n, 'ticket', 'ticket', 'minor', "
        "CASE WHEN n % 300 = 0 THEN 'open' ELSE 'resolved' END, 'ticket:t' || n, "
        f"{opened}, CASE WHEN n % 300 = 0 THEN NULL ELSE {solved} END, "
        f"{solved} + CASE WHEN n % 300 = 0 THEN 2 ELSE 0 END * interval '1 day', "
        "CASE WHEN n % 300 = 0 THEN 1 ELSE 0 END, 'We mended it.' FROM people WHERE n % 30 = 0"
    )
    # Two in a hundred changed their mind in the year.
    yield (
        "INSERT INTO customer_changes (id, customer_id, field, old, new, effective_at, recorded_at, source) "
        "SELECT uuidv7(), id, 'preferences.anniversary', NULL, "
        """jsonb_build_object('wanted', false, 'channel', NULL, 'changed_at', '2025-06-01T00:00:00+00:00'), """
        "'2025-06-01 00:00+00', '2025-06-01 00:00+00', 'bench' FROM people WHERE n % 50 = 7"
    )
    yield (
        "INSERT INTO preferences (customer_id, occasion, wanted, channel, source, changed_at) "
        "SELECT id, 'anniversary', false, NULL, 'bench', '2025-06-01 00:00+00' FROM people WHERE n % 50 = 7"
    )


def _dates() -> Iterator[str]:
    yield (
        "INSERT INTO customer_dates (customer_id, name, year, month, day, month_day, source, event_name, placeholder) "
        "SELECT id, 'first:order_completed', extract(year FROM began), extract(month FROM began), "
        "extract(day FROM began), "
        "extract(month FROM began) * 100 + extract(day FROM began), 'events', 'order_completed', NULL FROM people"
    )
