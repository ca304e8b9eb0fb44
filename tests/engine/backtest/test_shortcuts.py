"""Who is decided at once, and who is looked at day by day: lives on either side of every line, decided both ways."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, select

from engine.backtest import scratch
from engine.backtest.ensemble import ensemble
from engine.backtest.facts import facts_by_days, staged_facts
from engine.backtest.outcomes import OUTCOMES
from engine.backtest.players import PLAYERS
from engine.backtest.rehearsal import House, RunStopped, Span, Watcher, rehearsal
from engine.backtest.run import Voice, sum_up
from engine.record.customers import ConsentRow, CustomerRow, PreferenceRow
from engine.record.wishes import Wishes
from engine.storage.base import Base
from engine.storage.models import Customer
from engine.storage.session import Database
from engine.storage.upsert import table_of
from tests.engine.backtest.world import LONG_AGO, OFFERED, TEAM, World, early, outcomes
from triggers.table import KINDS

FIRST, LAST = date(2025, 2, 10), date(2025, 3, 20)
SPAN = Span(FIRST, LAST)
YES = (ConsentRow("granted", given_at=LONG_AGO),)


def feb(day: int) -> datetime:
    """Shortly before the look of this day in February."""
    return early(date(2025, 2, day))


def mar(day: int) -> datetime:
    """And in March."""
    return early(date(2025, 3, day))


def born(on: str, **fields: Any) -> Callable[[World, str], None]:
    """With this birthday, and perhaps another day to remember."""
    dates = {"birthday": f"1990-{on}"} | fields.pop("dates", {})
    return lambda world, name: world.customer(name, dates=dates, **fields)


def ticket(*turns: tuple[str, datetime], on: str, **fields: Any) -> Callable[[World, str], None]:
    """With this birthday, and a ticket of which these things became known."""

    def live(world: World, name: str) -> None:
        world.customer(name, dates={"birthday": f"1990-{on}"}, **fields)
        for turn, at in turns:
            said = {"type": "problem", "what_happened": "It broke."} if turn == "opened" else {}
            said |= {"what_we_did": "We mended it."} if turn == "resolved" else {}
            said |= {"score": 1} if turn == "answered" else {}
            world.happens(at, name, f"ticket_{turn.replace('asked', 'opened')}", ticket_id=name, **said)

    return live


def changes(at: datetime, on: str, before: tuple[ConsentRow, ...] = YES, **fields: Any) -> Callable[[World, str], None]:
    """With this birthday, and a record that is told anew at this instant. A second order is a milestone meanwhile."""

    def live(world: World, name: str) -> None:
        world.customer(name, dates={"birthday": f"1990-{on}"}, traits={"plan": "gold"}, consents=before)
        for number, day in enumerate((11, 20)):
            world.happens(feb(day), name, "order_completed", order_id=f"{name}-{number}")
        world.record(at, CustomerRow(name, **fields))

    return live


def wants(at: datetime, **occasions: bool) -> Callable[[World, str], None]:
    """With a birthday on 18 March, and such wishes from this instant on."""

    def live(world: World, name: str) -> None:
        world.customer(name, dates={"birthday": "1990-03-18"})
        world.says(at, name, Wishes(occasions={one.replace("everything", "*"): yes for one, yes in occasions.items()}))

    return live


def twice(first: Callable[[World, str], None], *others: Wishes, at: Sequence[datetime]) -> Callable[[World, str], None]:
    """And then says something else, at these instants."""

    def live(world: World, name: str) -> None:
        first(world, name)
        for instant, wishes in zip(at, others, strict=True):
            world.says(instant, name, wishes)

    return live


def prefers(at: datetime, channel: str) -> Callable[[World, str], None]:
    """With a birthday on 18 March, to be told of on this channel from this instant on."""

    def live(world: World, name: str) -> None:
        world.customer(name, dates={"birthday": "1990-03-18"})
        world.record(at, CustomerRow(name, preferences=(PreferenceRow("birthday", wanted=True, channel=channel),)))

    return live


def comes(at: datetime, on: str) -> Callable[[World, str], None]:
    """Nothing is known of them before this instant."""
    row = {"zone": "Europe/Berlin", "country": "DE", "dates": {"birthday": f"1990-{on}"}}
    return lambda world, name: world.record(at, CustomerRow(name, consents=(ConsentRow("granted"),), **row))


def agrees(at: datetime, on: str) -> Callable[[World, str], None]:
    """Consent is given at this instant, and was not there before."""

    def live(world: World, name: str) -> None:
        world.customer(name, dates={"birthday": f"1990-{on}"}, consents=())
        world.record(at, CustomerRow(name, consents=(ConsentRow("granted", given_at=at),)))

    return live


def stops(at: datetime, on: str) -> Callable[[World, str], None]:
    """Must not be written to from this instant on."""

    def live(world: World, name: str) -> None:
        world.customer(name, dates={"birthday": f"1990-{on}"})
        world.stops(at, name)

    return live


def buys(*at: datetime) -> Callable[[World, str], None]:
    """So many orders, the second of which is a milestone."""

    def live(world: World, name: str) -> None:
        world.customer(name, dates={"birthday": "1990-09-01"})
        for number, instant in enumerate(at):
            world.happens(instant, name, "order_completed", order_id=f"{name}-{number}")

    return live


def takes_back(at: datetime) -> Callable[[World, str], None]:
    """A second order is a milestone, until this instant."""

    def live(world: World, name: str) -> None:
        buys(feb(11), feb(14))(world, name)
        world.happens(at, name, "event_retracted", message_id=f"m{len(world.deeds) - 1}")

    return live


REFUSED = {"consents": (ConsentRow("refused"),)}
AT_ONCE = {
    "calm": born("03-05"),
    "bought twice at one instant": buys(feb(14), feb(14)),
    "bought three times at one instant": buys(feb(14), feb(14), feb(14)),
    "refused before it was spotted": changes(feb(12), "03-18", **REFUSED),
    "refused when all was over": changes(mar(10), "02-20", **REFUSED),
    "came before it was spotted": comes(feb(12), "03-18"),
    "agreed before it was spotted": agrees(feb(12), "03-18"),
    "stopped before it was spotted": stops(feb(12), "03-18"),
    "solved long before": ticket(("opened", feb(11)), ("resolved", feb(12)), on="03-18"),
    "solved, and no birthday": ticket(("opened", feb(11)), ("resolved", feb(14)), on="09-01"),
    "opened again at once": ticket(("opened", feb(11)), ("resolved", feb(12)), ("reopened", feb(14)), on="09-01"),
    "opened again and open on the day": ticket(
        ("opened", feb(11)), ("resolved", feb(12)), ("reopened", feb(14)), on="03-05"
    ),
    "open on the day": ticket(("opened", feb(11)), on="03-05"),
    "opened when it had gone": ticket(("opened", mar(6)), on="03-05"),
    "open, and never asked": ticket(("opened", feb(11)), on="03-05", consents=()),
    "open before the run": ticket(("opened", early(date(2025, 1, 11))), on="03-05"),
    "opened again long after": ticket(("opened", mar(8)), ("resolved", mar(9)), ("reopened", mar(10)), on="02-15"),
    "opened long after": ticket(("opened", mar(10)), on="02-15"),
    "two days apart": born("03-05", dates={"named": "1990-03-07"}),
    "wanted none before it was planned": wants(mar(13), birthday=False),
    "left everything before it was planned": wants(mar(12), everything=False),
    "wanted it again before it was planned": twice(
        wants(mar(6), birthday=False), Wishes(occasions={"birthday": True}), at=[mar(13)]
    ),
}
BY_DAYS = {
    "agreed for a while": born("02-25", consents=(ConsentRow("granted", expires_at=feb(24)),)),
    "agreed for a while, then no more": changes(
        mar(15), "02-25", before=(ConsentRow("granted", given_at=LONG_AGO, expires_at=feb(24)),), **REFUSED
    ),
    "refused while it waited": changes(mar(1), "03-02", **REFUSED),
    "another date": changes(feb(18), "02-25", dates={"birthday": "1990-03-15"}),
    "moved": changes(feb(18), "02-25", zone="Pacific/Auckland", country="NZ"),
    "took an order back": takes_back(feb(14)),
    "came too late": comes(mar(1), "02-20"),
    "agreed after it was planned": agrees(mar(5), "03-05"),
    "stopped while it waited": stops(mar(1), "03-02"),
    "stopped after it went": stops(mar(1), "02-20"),
    "solved just before": ticket(("opened", feb(11)), ("resolved", feb(12)), on="02-20"),
    "opened while it waited": ticket(("opened", mar(6)), on="03-05", consents=()),
    "opened on the day before it was planned": ticket(("opened", mar(5)), on="03-05"),
    "open for long, and heard of again": ticket(("opened", feb(11)), ("updated", mar(6)), on="03-05"),
    "no problem at first": ticket(("asked", feb(11)), ("became_problem", mar(7)), on="03-05"),
    "opened again when it had settled": ticket(
        ("opened", feb(11)), ("resolved", feb(12)), ("reopened", feb(18)), on="09-01"
    ),
    "opened again twice": ticket(
        ("opened", feb(11)), ("resolved", feb(12)), ("reopened", feb(13)), ("resolved", feb(14)), ("reopened", feb(20)),
        on="09-01",
    ),
    "opened again and solved at once": ticket(
        ("opened", feb(11)), ("reopened", feb(12)), ("resolved", feb(12)), on="09-01"
    ),
    "opened again and solved": ticket(
        ("opened", feb(11)), ("resolved", feb(12)), ("reopened", feb(13)), ("resolved", feb(14)), on="09-01"
    ),
    "solved twice": ticket(("opened", feb(11)), ("resolved", feb(12)), ("resolved", feb(24)), on="09-01"),
    "unhappy": ticket(("opened", feb(11)), ("resolved", feb(12)), ("answered", feb(15)), on="09-01"),
    "wanted none when it was planned": wants(mar(14), birthday=False),
    "wanted none, and it again when it was planned": twice(
        wants(mar(12), birthday=False), Wishes(occasions={"birthday": True}), at=[mar(14)]
    ),
    "wanted another channel": prefers(mar(12), "postbox"),
    "wanted none, and other hours": twice(
        wants(mar(12), birthday=False), Wishes(quiet=(time(1), time(13))), at=[mar(12)]
    ),
    "two on one day": born("03-05", dates={"named": "1990-03-05"}),
    "three in a month": born("03-05", dates={"named": "1990-03-08", "third": "1990-03-11"}),
}  # fmt: skip


@pytest.fixture
def world(db: Database) -> World:
    """Everybody with a life of their own, of whom all is told."""
    made = World(db, FIRST, LAST)
    for name, weight in (("birthday", 30), ("named", 20), ("third", 10)):
        made.trigger(
            name, params={"of": {"date": name}, "every": "year"}, occasion=name, send={"expires_after_days": 2},
            caps={"messages": 2, "days": 30}, clash="weightiest", weight=weight,
        )  # fmt: skip
    made.trigger("orders", kind="milestone", occasion="orders", send={"delay_days": 1},
                 params={"aggregate": "count", "event": "order_completed", "thresholds": [2]})  # fmt: skip
    made.trigger("solved", kind="recovery", family="recover", occasion="solved", params={"kinds": ["ticket"]},
                 **{"class": "service"}, send={"expires_after_days": 10}, review={"write_ahead_days": 1})  # fmt: skip
    for name, live in (AT_ONCE | BY_DAYS).items():
        live(made, name)
    made.tell()
    return made


def test_whoever_is_decided_at_once_fares_as_day_by_day(world: World) -> None:
    """The same moments, days, endings and holds; and only those are looked at day by day for whom it matters."""
    assert compared(world, SPAN) == BY_DAYS.keys()


def test_of_whom_there_is_news_while_a_problem_is_open_is_looked_at_by_days(db: Database) -> None:
    """News are due after three days: of one that was open for two there are none."""
    made = World(db, FIRST, LAST)
    made.trigger("open", kind="recovery", family="recover", occasion="still_open", **{"class": "service"},
                 params={"kinds": ["ticket"], "when": "still_open", "after_days": 3, "every_days": 3, "at_most": 2},
                 send={"expires_after_days": 2})  # fmt: skip
    ticket(("opened", feb(11)), ("resolved", feb(16)), on="09-01")(made, "open for five days")
    ticket(("opened", feb(11)), ("resolved", feb(13)), on="09-01")(made, "open for two days")
    made.tell()
    assert compared(made, SPAN) == {"open for five days"}


def turns(at: datetime, near: str, **wishes: Any) -> Callable[[World, str], None]:
    """With a day to remember on 20 January and one more, and other wishes from this instant on."""

    def live(world: World, name: str) -> None:
        world.customer(name, dates={"birthday": "1990-01-20", "named": f"1990-{near}"})
        world.says(at, name, Wishes(occasions={"birthday": False, "named": False}, **wishes))

    return live


def refuses(at: datetime) -> Callable[[World, str], None]:
    """With days to remember far apart, and consent that is taken back at this instant."""

    def live(world: World, name: str) -> None:
        world.customer(name, dates={"birthday": "1990-01-20", "named": "1990-03-18"})
        world.record(at, CustomerRow(name, **REFUSED))

    return live


AT_ONCE_ON_BOTH_SIDES = {
    "wants none any more": turns(feb(20), "03-18"),
    "refused": refuses(feb(20)),
    "refused before it was spotted": refuses(mar(3)),
}
NOT_ON_BOTH_SIDES = {
    "a cap may count both": turns(feb(1), "02-20"),
    "refused while one waited": refuses(mar(16)),
    "far apart, and two on one day": turns(feb(20), "03-18"),
    "far apart, and a problem": turns(feb(20), "03-18"),
}


@pytest.fixture
def changing(db: Database) -> World:
    """Those whose wishes and consent changed, on either side of every line."""
    made = World(db, date(2025, 1, 10), date(2025, 3, 31))
    for name, weight in (("birthday", 30), ("named", 20), ("third", 10)):
        made.trigger(
            name, params={"of": {"date": name}, "every": "year"}, occasion=name, send={"expires_after_days": 2},
            caps={"messages": 1, "days": 30}, clash="weightiest", weight=weight,
        )  # fmt: skip
    for name, live in (AT_ONCE_ON_BOTH_SIDES | NOT_ON_BOTH_SIDES).items():
        live(made, name)
    two = CustomerRow("far apart, and two on one day", dates={"third": "1990-01-20"})
    made.record(LONG_AGO + timedelta(days=1), two)
    made.happens(mar(14), "far apart, and a problem", "ticket_opened", ticket_id="t", type="problem")
    return made


def test_what_changes_between_two_moments_leaves_each_to_its_own_record(changing: World) -> None:
    """Both are decided at once, the one by the record of before and the other by that of afterwards, where they are too
    far apart to meet. Of whoever is looked at by days after all, nothing is found twice."""
    changing.tell()
    assert compared(changing, Span(changing.first, changing.last)) == NOT_ON_BOTH_SIDES.keys()


def test_where_the_looks_search_nobody_is_decided_on_both_sides(changing: World) -> None:
    """Who moved makes them search, and they would find again what was decided at once."""
    moved = {"zone": "Pacific/Auckland", "country": "NZ"}
    changes(feb(18), "02-25", **moved)(changing, "moved")
    changing.tell()
    everybody = AT_ONCE_ON_BOTH_SIDES.keys() | NOT_ON_BOTH_SIDES.keys() | {"moved"}
    assert compared(changing, Span(changing.first, changing.last)) == everybody


def test_a_moment_has_the_facts_that_a_day_by_day_run_finds(world: World) -> None:
    """Whether it was decided at once or on the days."""
    _assert_same_facts(world)


def test_a_moment_that_was_decided_by_the_record_of_before_has_them_too(changing: World) -> None:
    """It was set aside until all others were decided."""
    changing.tell()
    _assert_same_facts(changing)


def test_parts_make_the_same_result_as_the_whole(world: World) -> None:
    """Counts, holds, clashes, hours, segments and samples of one part and of three. (SQLite has no parts.)"""
    results = []
    for parts in (1, 3):
        with ensemble(_house(world), world.names, SPAN, parts=parts) as played:
            assert len(played.stages) == (1 if world.db.is_sqlite else parts)
            results.append(sum_up(played, FIRST, LAST, is_forecast=False, voice=Voice("Shop", "us")))
    assert results[0] == results[1]
    assert sum(one.spotted for one in results[0].triggers) > 20


def test_where_the_looks_of_one_part_search_the_result_is_the_same(changing: World) -> None:
    """Each part has looks of its own: who moved makes those of their part search and no others, so that elsewhere some
    are decided at once who are not where all are one part."""
    moved = {"zone": "Pacific/Auckland", "country": "NZ"}
    changes(feb(18), "02-25", **moved)(changing, "moved")  # told last, and so in the last part
    changing.tell()
    span, results = Span(changing.first, changing.last), []
    for parts in (1, 3):
        with ensemble(_house(changing), changing.names, span, parts=parts) as played:
            voice = Voice("Shop", "us")
            results.append(sum_up(played, changing.first, changing.last, is_forecast=False, voice=voice))
    whole, parted = results
    assert replace(parted, day_by_day=whole.day_by_day) == whole
    if not changing.db.is_sqlite:
        assert parted.day_by_day < whole.day_by_day


def test_all_parts_mean_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that ask for the first time together: of two tables of one name a statement would join one with the other."""
    both = threading.Barrier(2, timeout=20)

    def named(model: type[Base], live: str) -> Table:
        both.wait()
        return table_of(model).to_metadata(MetaData(), schema=live)

    monkeypatch.setattr(scratch, "_named", named)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: scratch._stored(Customer, "a schema of this test"), range(2))
    assert one is other


def test_the_end_of_a_watcher_ends_all_parts(world: World) -> None:
    """Nothing goes on behind the back of who said that it is enough; and the counts never go backwards."""
    seen: list[tuple[str, int]] = []
    watcher = Watcher(lambda what, done, of: seen.append((what, done)), lambda: len(seen) > 3)
    with pytest.raises(RunStopped), ensemble(_house(world), world.names, SPAN, watcher, parts=2):
        pytest.fail("it was not stopped")
    assert seen == sorted(seen, key=lambda one: (one[0] == "days", one[1]))


def compared(world: World, span: Span) -> set[str]:
    """Who was looked at day by day, where most were decided at once; everybody fares as if all had been."""
    with rehearsal(_house(world), world.names, span) as stage:
        found, stops = outcomes(stage)
        customers = stage.run.stored(Customer)
        query = select(customers.c.external_id).join(PLAYERS, PLAYERS.c.customer_id == customers.c.id)
        players = set(stage.run.session.scalars(query))
    by_days, stops_by_days = world.rehearsed(at_once=False)
    assert found ^ by_days == set()
    assert stops ^ stops_by_days == set()
    return players


def _assert_same_facts(world: World) -> None:
    at_once, by_days = (_facts(world, at_once=at_once) for at_once in (True, False))
    assert at_once == by_days
    assert all(at_once.values())


def _facts(world: World, *, at_once: bool) -> dict[Any, Any]:
    """Of each moment of a run, by what tells it from all others."""
    with rehearsal(_house(world), world.names, Span(world.first, world.last), at_once=at_once) as stage:
        return {
            (row.customer_id, stage.cast.name(row.trigger_id), row.occurrence_key): (
                staged_facts(stage.run, row) if (own := facts_by_days(stage.run, row)) is None else own
            )
            for row in stage.run.session.execute(select(OUTCOMES)).all()
        }


def _house(world: World) -> House:
    return House(world.db, KINDS, TEAM, OFFERED)
