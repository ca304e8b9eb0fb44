"""Moments held as their customer was quiet, and planned when it was heard of them: decided at once as by days."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.backtest.rehearsal import Span
from engine.record.wishes import Wishes
from engine.storage.session import Database
from tests.engine.backtest.test_shortcuts import SPAN, compared, feb, mar, ticket
from tests.engine.backtest.world import World

Live = Callable[[World, str], None]
A_YEAR_AGO = datetime(2024, 2, 1, tzinfo=UTC)


def heard(*at: datetime, on: str, **fields: Any) -> Live:
    """With this day to remember, and orders at these instants, of which no other trigger knows."""
    known = fields | {"dates": {"named": f"1990-{on}"} | fields.get("dates", {})}

    def live(world: World, name: str) -> None:
        world.customer(name, **known)
        for number, instant in enumerate(at):
            world.happens(instant, name, "order_completed", order_id=f"{name}-{number}")

    return live


def troubled(at: datetime, *heard_at: datetime, on: str, solved: datetime | None = None) -> Live:
    """The same, and a problem."""

    def live(world: World, name: str) -> None:
        ticket(("opened", at), *([("resolved", solved)] if solved else []), on="09-01")(world, name)
        heard(*heard_at, on=on)(world, name)

    return live


def wanting(*said: tuple[datetime, bool], heard_at: datetime) -> Live:
    """The same for 5 March, and what they said of it."""

    def live(world: World, name: str) -> None:
        heard(heard_at, on="03-05")(world, name)
        for at, wanted in said:
            world.says(at, name, Wishes(occasions={"named": wanted}))

    return live


AT_ONCE = {
    "wanted it no more before it was planned": wanting((feb(27), False), heard_at=mar(6)),
    "never heard of": heard(on="03-05"),
    "heard of before": heard(feb(11), on="03-05"),
    "heard of when all was over": heard(mar(14), on="03-05"),
    "heard of on the day after": heard(mar(6), on="03-05"),
    "heard of on the day": heard(mar(5), on="03-05"),
    "heard of again and again": heard(mar(7), mar(8), on="03-05"),
    "heard of too late for any opening": heard(datetime(2025, 3, 9, 21, tzinfo=UTC), on="03-05"),
    "heard of, and never asked": heard(mar(6), on="03-05", consents=()),
    "heard of, and gone for good": heard(mar(6), on="03-05", closed=True),
    "heard of after the last look": heard(datetime(2025, 3, 20, 12, tzinfo=UTC), on="03-19"),
    "heard of, and a problem days after": troubled(mar(9), mar(6), on="03-05"),
    "heard of long after a problem": troubled(A_YEAR_AGO, mar(6), on="03-05", solved=feb(11)),
    "heard of, and a problem long after": troubled(mar(16), mar(6), on="03-05"),
    "heard of for the second one": heard(mar(13), on="02-18", dates={"birthday": "1990-03-12"}),
} | {f"one of many, {day}": heard(mar(6), on=f"03-0{day}") for day in (3, 4, 5, 6)}
BY_DAYS = {
    "wanted it again when it was planned, and heard of": wanting((feb(11), False), (mar(3), True), heard_at=mar(6)),
    "wanted it no more when it was planned, and heard of": wanting((mar(3), False), heard_at=mar(6)),
    "heard of as there is a problem": troubled(mar(6), on="03-05"),
    "heard of when a problem had settled meanwhile": troubled(A_YEAR_AGO, mar(8), on="03-05", solved=feb(27)),
    "heard of, and a problem on the next day": troubled(mar(7), mar(6), on="03-05"),
    "heard of on the day of another": heard(mar(6), on="03-05", dates={"birthday": "1990-03-06"}),
}


@pytest.fixture
def world(db: Database) -> World:
    """Those, and two triggers that hold what would be said to whoever was quiet for a year."""
    made = World(db, SPAN.first, SPAN.last)
    for name, share in (("named", 0.3), ("birthday", 0.0)):
        made.trigger(
            name, params={"of": {"date": name}, "every": "year"}, occasion=name, send={"expires_after_days": 4},
            caps={"messages": 3, "days": 30}, holds_quiet_relationship=True, control_share=share,
        )  # fmt: skip
    for name, live in (AT_ONCE | BY_DAYS).items():
        live(made, name)
    made.tell()
    return made


def test_whoever_was_quiet_fares_as_day_by_day(world: World) -> None:
    """The same days, endings and holds, also the holds that were over when it went."""
    assert compared(world, Span(world.first, world.last)) == BY_DAYS.keys()


def test_some_of_them_go_and_some_are_kept_out(world: World) -> None:
    """Else the test above would compare less than it seems to."""
    found, stops = world.rehearsed(at_once=True)
    of_named = {(one[1], one[5]) for one in found if one[0] == "named"}
    quiet = {one[1] for one in stops if one[3] == "relationship_quiet"}
    assert {"sent", "control", "skipped", "expired", "open"} == {state for _, state in of_named}
    assert {state for who, state in of_named if who in quiet} == {"sent", "control", "expired", "open"}
