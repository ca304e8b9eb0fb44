"""A backtest finds what the live engine does when the same days are lived one after the other."""

from datetime import date

import pytest

from engine.storage.session import Database
from tests.engine.backtest.world import ZONES, World, early, furnish

FIRST, LAST = date(2024, 2, 12), date(2024, 3, 17)  # a leap day is among them, and a change of clocks


@pytest.mark.parametrize("seed", [1, 3])
def test_a_backtest_equals_the_days_as_they_were_lived(db: Database, seed: int) -> None:
    """The same moments, days, endings and holds: looked at day by day, and decided at once where nothing interferes."""
    world = World(db, FIRST, LAST)
    furnish(world, seed, customers=50)
    moments, holds = world.live()
    states = {state for *_, state, _ in moments} - {"control"}  # whether somebody is kept out is a lot of its own
    assert len(states) >= 4, "a world in which too little happens"
    for at_once in (False, True):
        found, stops = world.rehearsed(at_once=at_once)
        assert found ^ moments == set(), f"at_once={at_once}"
        assert stops ^ holds == set(), f"at_once={at_once}"


def test_it_knows_of_not_now_and_of_sensitive_days(db: Database) -> None:
    """They were, or are every year: what waited then waits in the run, for those whom it concerned, and as long."""
    world = World(db, date(2024, 2, 15), date(2024, 3, 2))
    birthday = {"params": {"of": {"date": "birthday"}, "every": "year"}, "send": {"expires_after_days": 2}}
    world.trigger("birthday", caps={"messages": 9, "days": 30}, **birthday)
    for number, day in enumerate((17, 18, 19, 21, 22, 26, 27, 29)):
        zone, country = ZONES[number % len(ZONES)]
        world.customer(f"c{number}", zone=zone, country=country, dates={"birthday": f"--02-{day}"})
    world.sensitive("a day of silence", month=2, day=29)
    world.sensitive("another one", month=2, day=27, countries=["NZ", "IN"], effect="shift")
    world.sensitive("a third", month=2, day=26, countries=["NZ", "DE"], occasions=["birthday"])
    world.says_not_now(early(date(2024, 2, 17), 20), early(date(2024, 2, 21), 20))
    world.says_not_now(early(date(2024, 2, 22), 20), early(date(2024, 2, 23), 20), places=["Europe/Berlin", "IN", "NZ"])
    moments, holds = world.live()
    assert {"pause", "sensitive_day"} <= {name for *_, name in holds}, "a world in which too little happens"
    assert "held:pause" in {reason for *_, reason in moments}
    for at_once in (False, True):
        found, stops = world.rehearsed(at_once=at_once)
        assert found ^ moments == set(), f"at_once={at_once}"
        assert stops ^ holds == set(), f"at_once={at_once}"
