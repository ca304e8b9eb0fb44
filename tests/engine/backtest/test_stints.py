"""Which process plays which days: what is close to each other stays together, and nobody looks longer than need be."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import select

from engine.backtest.ensemble import Ensemble, ensemble
from engine.backtest.outcomes import OUTCOMES
from engine.backtest.rehearsal import House, Span
from engine.backtest.stints import Episode, Piece, Stint, episodes_of, shared
from engine.record.customers import CustomerRow
from engine.storage.session import Database
from tests.engine.backtest.world import OFFERED, TEAM, World, early, outcomes
from triggers.table import KINDS

ADA = UUID(int=1)
FIRST, LAST = date(2024, 6, 1), date(2025, 2, 28)
DAYS = (LAST - FIRST).days + 1


def piece(number: int, first: int, stop: int) -> Piece:
    """One thing that these looks have to do with."""
    return Piece((UUID(int=number),), range(first, stop))


def episodes(*pieces: Piece, apart: int = 10) -> list[tuple[range, list[int]]]:
    """Those of Ada: the looks, and the numbers of the pieces."""
    found = episodes_of(ADA, pieces, apart)
    return [(one.looks, [of.int for of in one.ids]) for one in found]


def test_what_is_close_to_each_other_is_one_episode() -> None:
    """Also by way of a third."""
    assert episodes(piece(1, 5, 8), piece(3, 27, 30), piece(2, 17, 20)) == [(range(5, 30), [1, 2, 3])]


def test_what_is_far_from_each_other_is_an_episode_each() -> None:
    """From the end of the one to the beginning of the other there are more looks than may be."""
    assert episodes(piece(1, 5, 8), piece(2, 18, 20)) == [(range(5, 20), [1, 2])]
    assert episodes(piece(1, 5, 8), piece(2, 19, 20)) == [(range(5, 8), [1]), (range(19, 20), [2])]


def test_what_lasts_long_reaches_far() -> None:
    """The end of an episode is that of whatever ends last, and not of what began last."""
    long, short, later = piece(1, 0, 50), piece(2, 10, 12), piece(3, 55, 60)
    assert episodes(long, short, later) == [(range(60), [1, 2, 3])]


def test_of_whom_there_is_nothing_to_tell_there_is_an_episode_without_looks() -> None:
    """They are counted among those who are looked at, wherever."""
    assert episodes() == [(range(0), [])]


def some(*looks: tuple[int, int]) -> list[Episode]:
    """An episode each."""
    return [Episode(UUID(int=number), (), range(*those)) for number, those in enumerate(looks, 1)]


def told(stints: Sequence[Stint]) -> list[tuple[range, list[int]]]:
    """The looks, and the customers."""
    return [(one.looks, sorted(episode.customer_id.int for episode in one.episodes)) for one in stints]


def test_each_process_looks_no_longer_than_its_episodes_last() -> None:
    """All equally long, as all are waited for."""
    stints = shared(some((0, 30), (20, 60), (50, 80), (70, 100)), looks=100, processes=2)
    assert told(stints) == [(range(60), [1, 2]), (range(40, 100), [3, 4])]


def test_where_one_episode_lasts_all_the_time_each_has_its_part_of_the_customers() -> None:
    """To look at everything with half of the customers is the least that is left."""
    stints = shared(some((0, 100), (0, 10), (50, 60), (90, 100)), looks=100, processes=2)
    assert [one.looks for one in stints] == [range(100), range(100)]
    assert [len(one.episodes) for one in stints] == [2, 2]


def test_where_there_is_nothing_to_look_at_there_are_stints_all_the_same() -> None:
    """A process each, which has nobody."""
    assert [one.episodes for one in shared([], looks=100, processes=3)] == [[], [], []]
    idle = shared(some((0, 0), (0, 0)), looks=100, processes=2)
    assert [len(one.episodes) for one in idle] == [1, 1]


@pytest.mark.parametrize("seed", range(40))
def test_every_episode_is_played_once_from_its_first_look_to_its_last_in_as_few_looks_as_can_be(seed: int) -> None:
    """And in none of fewer looks could all of them be held."""
    dice = random.Random(seed)
    looks, processes = dice.randrange(8, 30), dice.randrange(1, 4)
    starts = [dice.randrange(looks) for _ in range(dice.randrange(1, 12))]
    known = some(*((start, dice.randrange(start + 1, looks + 1)) for start in starts))
    stints = shared(known, looks, processes)
    assert len(stints) == processes
    assert Counter(one for stint in stints for one in stint.episodes) == Counter(known)
    assert all(stint.looks.start >= 0 and stint.looks.stop <= looks for stint in stints)
    assert all(set(one.looks) <= set(stint.looks) for stint in stints for one in stint.episodes)
    (length,) = {len(stint.looks) for stint in stints}
    assert not _could_be_held(known, looks, processes, length - 1)


def _could_be_held(known: Sequence[Episode], looks: int, processes: int, length: int) -> bool:
    """Whether any choice of so many stretches of this length holds them all: tried one by one."""
    if not known:
        return True
    if not processes:
        return False
    stretches = (range(start, start + length) for start in range(looks - length + 1))
    return any(
        _could_be_held([one for one in known if not set(one.looks) <= set(those)], looks, processes - 1, length)
        for those in stretches
    )


@pytest.mark.databases("postgres")  # on SQLite one process plays all the days
def test_what_different_processes_play_of_one_customer_is_what_one_would_have_played(db: Database) -> None:
    """Troubled lives, with days to celebrate shortly before and after a problem and half a year from it, caps between
    them, and problems on both sides of where one stint ends and the other begins."""
    world = _world(db)
    house = House(db, KINDS, TEAM, OFFERED)
    with ensemble(house, world.names, Span(FIRST, LAST), parts=2) as played:
        found, stops = (
            set[tuple[object, ...]]().union(*both) for both in zip(*map(outcomes, played.stages), strict=True)
        )
        rows = list(played.rows(lambda _: select(OUTCOMES)))
        looks = [len(stint.looks) for stint in played.stints]
        customers = [{one.customer_id for one in stint.episodes} for stint in played.stints]
        assert played.looked_at() == len(set.union(*customers))
        _assert_all_are_found_again(played)
    by_days, stops_by_days = world.rehearsed(at_once=False)
    assert found ^ by_days == set()
    assert stops ^ stops_by_days == set()
    assert len(rows) == len(found)
    assert max(looks) < 0.8 * DAYS
    assert len(set.intersection(*customers)) > 5, "a world in which too little is far apart"


STILL_OPEN = {
    **{"kind": "recovery", "family": "recover", "occasion": "still_open", "class": "service"},
    "params": {"kinds": ["ticket"], "when": "still_open", "after_days": 2, "every_days": 3, "at_most": 2},
}


def _nothing(_world: World) -> None:
    """What happens to nobody."""


def _is_still_open(world: World) -> None:
    world.trigger("open", **STILL_OPEN)


def _somebody_moves(world: World) -> None:
    world.customer("moved", dates=_dates(birthday=60))
    world.record(_day(50), CustomerRow("moved", zone="Pacific/Auckland", country="NZ"))


@pytest.mark.databases("postgres")
@pytest.mark.parametrize("besides", [_nothing, _is_still_open, _somebody_moves])
def test_where_looks_search_everybody_is_looked_at_all_the_time(db: Database, besides: Callable[[World], None]) -> None:
    """A stint that begins later would find again what is long over; so it would where a problem is spoken of for as
    long as it is open."""
    world = World(db, FIRST, FIRST + timedelta(days=119))
    for name in ("birthday", "named"):
        world.trigger(name, params={"of": {"date": name}, "every": "year"}, occasion=name)
    for number, day in enumerate((2, 110)):
        world.customer(f"c{number}", dates=_dates(birthday=day, named=day))
    besides(world)
    world.tell()
    with ensemble(House(db, KINDS, TEAM, OFFERED), world.names, Span(world.first, world.last), parts=2) as played:
        looks = [stint.looks for stint in played.stints]
    if besides is _nothing:
        assert all(len(one) < 60 for one in looks)
    else:
        assert looks == [range(120)] * 2


@pytest.mark.databases("postgres")
def test_where_very_many_are_looked_at_they_are_not_shared_out_one_by_one(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process has those of its part, and of everybody the same becomes."""
    world = _pairs(db)
    house, span = House(db, KINDS, TEAM, OFFERED), Span(world.first, world.last)
    found = []
    for many in (50_000, 4):
        monkeypatch.setattr("engine.backtest.stints._MANY", many)
        with ensemble(house, world.names, span, parts=2) as played:
            found.append((played.looked_at(), set.union(*(outcomes(stage)[0] for stage in played.stages))))
            looks = {stint.looks for stint in played.stints}
    assert looks == {range(40)}
    assert found[0] == found[1]
    assert found[0][0] == 6


def _pairs(db: Database) -> World:
    """Six customers who have two things to celebrate on one day."""
    world = World(db, FIRST, FIRST + timedelta(days=39))
    for name in ("birthday", "named"):
        world.trigger(name, params={"of": {"date": name}, "every": "year"}, occasion=name)
    for day in range(10, 40, 5):
        world.customer(f"c{day}", dates=_dates(birthday=day, named=day))
    world.tell()
    return world


def _assert_all_are_found_again(played: Ensemble) -> None:
    """Each is asked about where its days were played."""
    for row in played.rows(lambda _: select(OUTCOMES)):
        _, days = played.of(row.customer_id, (row.moment_id, row.problem_id))
        episode = [
            stint for stint in played.stints for one in stint.episodes if {row.moment_id, row.problem_id} & set(one.ids)
        ]
        assert not episode or days is played.days[played.stints.index(episode[0])]


def _world(db: Database) -> World:
    dice, world = random.Random(1), World(db, FIRST, LAST)
    for name, weight in (("birthday", 30), ("named", 20), ("third", 10)):
        world.trigger(
            name, params={"of": {"date": name}, "every": "year"}, occasion=name, send={"expires_after_days": 2},
            caps={"messages": 1, "days": 31}, weight=weight,
        )  # fmt: skip
    world.trigger(
        "solved", kind="recovery", family="recover", occasion="solved", weight=60, params={"kinds": ["ticket"]},
        **{"class": "service"}, send={"expires_after_days": 10}, review={"write_ahead_days": 1},
    )  # fmt: skip
    for number in range(36):
        name, troubled = f"c{number:02}", [dice.randrange(4, DAYS - 8)]
        troubled += [troubled[0] + dice.randrange(190, 200)] if troubled[0] < 60 else []
        days = {"birthday": troubled[0] + dice.randrange(-3, 12), "named": troubled[0] + dice.randrange(8, 24)}
        days["third"] = (troubled[-1] + (170 if 60 <= troubled[0] < 100 else 3)) % DAYS
        world.customer(name, dates=_dates(**days))
        for at, (begun, until) in enumerate(pairwise([*troubled, DAYS])):
            _trouble(world, dice, name, f"{name}-{at}", begun, until)
    for day in range(0, DAYS - 32, 3):
        world.customer(f"pair {day}", dates=_dates(birthday=day, named=day + 30))
        world.customer(f"again {day}")
        for turn, later in (("opened", 0), ("resolved", 1), ("reopened", 2), ("resolved", 3)):
            _turn(world, f"again {day}", f"again {day}", turn, day + later)
    for day in range(0, DAYS - 40, 8):
        name = f"uneasy {day}"
        world.customer(name, dates=_dates(birthday=day))
        _turn(world, name, name, "opened", day)
        _turn(world, name, name, "resolved", day + 1)
        for later in range(2, 32):
            world.happens(_day(day + later), name, "nps_answered", score=1)
    world.tell()
    return world


def _trouble(world: World, dice: random.Random, name: str, key: str, begun: int, until: int) -> None:
    """A problem that begins on this day, and is over before the next one, or never."""
    _turn(world, name, key, "opened", begun)
    for turn in dice.choice(
        (("resolved",), ("resolved",), ("resolved", "reopened", "resolved"), ("resolved", "reopened"))
    ):
        begun += dice.randrange(1, 7)
        if begun < until:
            _turn(world, name, key, turn, begun)


_SAID = {
    "opened": {"type": "problem", "what_happened": "It broke.", "category": "a"},
    "resolved": {"what_we_did": "We mended it."},
}


def _turn(world: World, name: str, key: str, turn: str, day: int) -> None:
    world.happens(_day(day), name, f"ticket_{turn}", ticket_id=key, **_SAID.get(turn, {}))


def _dates(**days: int) -> dict[str, str]:
    return {of: f"1990-{FIRST + timedelta(days=day):%m-%d}" for of, day in days.items()}


def _day(number: int) -> datetime:
    return early(FIRST + timedelta(days=number))
