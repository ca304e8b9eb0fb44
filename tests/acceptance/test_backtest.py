"""CDNOW's real customers: February 1998 lived day by day through the normal path, beside a backtest of it."""

from dataclasses import replace
from datetime import date

from cli.place import SHIPPED_TRIGGERS
from cli.sample.loading import order_event
from cli.sample.people import People
from cli.sample.purchases import read_purchases
from engine.definitions.reading import read_definitions
from engine.definitions.store import save_definition, set_state
from engine.record.customers import ConsentRow
from engine.storage.session import Database
from tests.acceptance import recount
from tests.engine.backtest.world import World, look
from triggers.table import KINDS

FIRST, LAST = date(1998, 2, 1), date(1998, 2, 24)
EVERY = 60
# 1997 brought the first orders, and their first anniversaries bring the backtest.
BEGAN = look(date(1996, 12, 1))


def test_a_backtest_of_february_equals_the_february_that_was_lived(db: Database) -> None:
    """Every sixtieth customer with all their orders, and all shipped triggers that orders and birthdays feed: the same
    moments on the same days, held by the same names."""
    world = World(db, FIRST, LAST)
    _switch_on(world)
    people, purchases = People(FIRST), list(read_purchases(recount.raw_file()))
    chosen = sorted({one.customer for one in purchases if int(one.customer) % EVERY == 0})
    for customer in chosen:
        world.record(BEGAN, replace(people.make(customer), consents=_consents(customer)))
    for one in purchases:
        row = order_event("cdnow", one, 0)
        if one.customer in chosen:
            world.happens(row.occurred_at, one.customer, row.name, **row.properties)
    moments, holds = world.live()
    assert len(moments) > 100
    assert len({name for *_, name in holds}) >= 4
    for at_once in (True, False):
        found, stops = world.rehearsed(at_once=at_once)
        assert found ^ moments == set(), f"at_once={at_once}"
        assert stops ^ holds == set(), f"at_once={at_once}"


def _consents(customer: str) -> tuple[ConsentRow, ...]:
    """Most said yes, some no, and some were never asked."""
    said = {0: (), 1: (ConsentRow("refused", given_at=BEGAN),)}
    return said.get(int(customer) // EVERY % 6, (ConsentRow("granted", given_at=BEGAN),))


def _switch_on(world: World) -> None:
    with world.db.writing() as session:
        for definition in read_definitions(SHIPPED_TRIGGERS, KINDS):
            if definition.kind in ("anniversary", "milestone", "streak"):
                made = save_definition(session, definition, author="test", reason="test", now=BEGAN)
                set_state(session, made, "active", now=look(FIRST))
                world.names.append(definition.name)
