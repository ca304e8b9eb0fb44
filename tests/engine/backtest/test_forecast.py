"""A forecast says what then happens when the clock moves on and nobody does anything else."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from engine.backtest.rehearsal import House, Span, rehearsal
from engine.record.customers import ConsentRow
from engine.storage.models import Message, Moment, Revision
from engine.storage.session import Database
from tests.engine.backtest.world import LONG_AGO, NO_BRAKE, OFFERED, TEAM, Found, World, furnish, look, outcomes
from tests.engine.builders import make_definition
from triggers.table import KINDS

FIRST, TODAY, LAST = date(2025, 2, 10), date(2025, 2, 24), date(2025, 3, 20)


def test_a_forecast_counts_what_then_happens(db: Database) -> None:
    """From the middle of what is under way: some messages are planned already, some went yesterday, some are held."""
    world = World(db, FIRST, LAST)
    furnish(world, 7, customers=50)
    world.deeds = [(at, deed) for at, deed in world.deeds if at < look(TODAY)]  # from then on nobody does anything
    looks = list(world.looks())
    now = look(TODAY)
    until_today = World(db, FIRST, TODAY - timedelta(days=1), world.deeds, world.names)
    until_today.live()
    foretold, holds = _forecast(world, now)
    afterwards = World(db, TODAY, LAST, [], world.names)
    happened, held = afterwards.live()
    assert len(looks) > 30
    assert _since(foretold) ^ _since(happened) == set()
    assert len(_since(happened)) > 10, "a world in which too little happens"
    assert {one[:3] for one in holds} <= {one[:3] for one in held}


def test_a_forecast_of_calm_lives_is_made_at_once_and_the_same(db: Database) -> None:
    """Forty birthdays, one a day, of which nothing is known to the database yet."""
    world = World(db, TODAY, LAST)
    world.trigger("birthday", params={"of": {"date": "birthday"}, "every": "year"}, occasion="birthday")
    for number in range(40):
        day = TODAY + timedelta(days=number % 24)
        consents = (ConsentRow("granted" if number % 3 else "refused", given_at=LONG_AGO),)
        world.customer(f"c{number}", dates={"birthday": f"1990-{day:%m-%d}"}, consents=consents)
    world.tell()
    world.deeds = []
    foretold, holds = _forecast(world, look(TODAY))
    by_days, holds_by_days = _forecast(world, look(TODAY), at_once=False)
    happened, held = world.live()
    assert foretold == by_days == happened
    assert holds == holds_by_days == held


@pytest.mark.parametrize("edited", [False, True])
def test_a_new_trigger_may_meet_what_is_approved_already(db: Database, edited: bool) -> None:
    """Ada's birthday is written and approved, for a day that is kept free by now, and her name has changed; the draft
    of another trigger falls on the same day. In a run no text comes back to its reader: each goes on its day."""
    world = World(db, TODAY, TODAY)
    world.trigger("birthday", **_of("birthday"), review={"write_ahead_days": 6})
    world.customer("ada", dates={"birthday": "1990-02-27", "named": "1990-02-27"})
    world.live()
    assert _write(db, edited=edited) == 1
    world.sensitive("a day of silence", month=2, day=27)
    draft = make_definition(name="named", brake=NO_BRAKE, **_of("named"))
    house = House(db, KINDS, TEAM, OFFERED)
    with rehearsal(house, [draft], Span(TODAY, LAST, present=look(TODAY))) as stage:
        found, _ = outcomes(stage)
    assert {(name, on, state) for name, _, _, _, on, state, _ in found} == {
        ("birthday", date(2025, 2, 28), "sent"),
        ("named", date(2025, 3, 1), "sent"),
    }
    with db.writing() as session:
        session.execute(delete(Revision))  # as if it had been written again and approved at once
    afterwards = World(db, TODAY, LAST)
    afterwards.trigger("named", **_of("named"))
    assert afterwards.live()[0] == found


def test_what_was_due_before_a_forecast_begins_is_looked_at_first(db: Database) -> None:
    """Ada's birthday is spotted, and was to be looked at yesterday, when no round ran."""
    world = World(db, TODAY - timedelta(days=3), TODAY - timedelta(days=2))
    world.trigger("birthday", **_of("birthday"))
    world.customer("ada", dates={"birthday": "1990-02-27"})
    world.live()
    with db.writing() as session:
        yesterday = update(Moment).where(Moment.state == "spotted").values(check_at=look(TODAY) - timedelta(days=1))
        assert len(session.scalars(yesterday.returning(Moment.id)).all()) == 1
    found, _ = _forecast(world, look(TODAY))
    assert [(on, state) for _, _, _, _, on, state, _ in found] == [(date(2025, 2, 27), "sent")]


def _of(name: str) -> dict[str, Any]:
    return {"params": {"of": {"date": name}, "every": "year"}, "occasion": name}


def _write(db: Database, *, edited: bool) -> int:
    """Give all that is approved a text and a signed one, from facts that are no longer so; how many."""
    said = {"customer.first_name": {"value": "Nobody", "sayable": True}}
    text = {"texts": {}, "facts": said, "findings": [], "locale": "en", "created_at": look(TODAY)}
    with db.writing() as session:
        ids = session.scalars(select(Message.id).where(Message.state == "approved")).all()
        session.add_all(Revision(message_id=one, number=number, **text) for one in ids for number in (1, 2))
        session.execute(update(Message).where(Message.id.in_(ids)).values(number=2, edited=edited))
    return len(ids)


def _forecast(world: World, now: datetime, *, at_once: bool = True) -> tuple[Found, Found]:
    house = House(world.db, KINDS, TEAM, OFFERED)
    with rehearsal(house, world.names, Span(TODAY, LAST, present=now), at_once=at_once) as stage:
        return outcomes(stage)


def _since(found: Found) -> Found:
    """What falls on the days of the forecast."""
    return {row for row in found if row[4] >= TODAY}
