"""Cases in which the past was not as the present is: each backtest beside what was true then."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from engine.backtest.rehearsal import House, RunStopped, Span, Watcher, rehearsal
from engine.backtest.scratch import scratch
from engine.errors import NotFound
from engine.record.customers import ConsentRow, CustomerRow
from engine.record.erasing import erase
from engine.record.wishes import Wishes
from engine.storage.base import Base
from engine.storage.models import Customer
from engine.storage.session import Database
from tests.engine.backtest.world import OFFERED, TEAM, World, early
from triggers.table import KINDS

FIRST, LAST = date(2025, 2, 10), date(2025, 3, 20)
BIRTHDAY: dict[str, Any] = {"params": {"of": {"date": "birthday"}, "every": "year"}, "occasion": "birthday"}


@pytest.fixture
def world(db: Database) -> World:
    """Nobody yet, and a yearly birthday trigger."""
    made = World(db, FIRST, LAST)
    made.trigger("birthday", **BIRTHDAY, send={"expires_after_days": 2})
    return made


def fates(world: World, *, at_once: bool = True) -> dict[tuple[str, str], tuple[date, str, str | None]]:
    """(trigger, customer) -> day, state, reason."""
    moments, _ = world.rehearsed(at_once=at_once)
    return {(trigger, who): (on, state, reason) for trigger, who, _, _, on, state, reason in moments}


def test_a_leap_day_falls_on_the_28th_in_a_year_without_one(world: World) -> None:
    """29 February is never dropped, whichever way it is decided."""
    world.customer("leapling", dates={"birthday": "1996-02-29"})
    world.tell()
    for at_once in (True, False):
        assert fates(world, at_once=at_once)["birthday", "leapling"] == (date(2025, 2, 28), "sent", None)


def test_consent_that_was_withdrawn_in_between_counts_from_its_day(world: World) -> None:
    """Who said no on 1 March was greeted in February, and is held in March."""
    for name, birthday in (("before", "1990-02-20"), ("after", "1990-03-10")):
        world.customer(name, dates={"birthday": birthday})
        world.record(early(date(2025, 3, 1)), CustomerRow(name, consents=(ConsentRow("refused"),)))
    world.tell()
    found = fates(world)
    assert found["birthday", "before"] == (date(2025, 2, 20), "sent", None)
    assert found["birthday", "after"] == (date(2025, 3, 10), "expired", "held:consent_refused")


def test_a_wish_that_was_said_later_was_not_one_before(world: World) -> None:
    """The same for a preference."""
    for name, birthday in (("before", "1990-02-20"), ("after", "1990-03-10")):
        world.customer(name, dates={"birthday": birthday})
        world.says(early(date(2025, 3, 1)), name, Wishes(occasions={"birthday": False}))
    world.tell()
    found = fates(world)
    assert found["birthday", "before"][1] == "sent"
    assert found["birthday", "after"][2] == "held:occasion_off"


def test_an_audience_is_asked_for_the_trait_as_it_was(world: World) -> None:
    """Gold until 1 March, nothing since: the trigger for gold customers meant them in February alone."""
    world.trigger(
        "gold",
        **(BIRTHDAY | {"params": {"of": {"date": "named"}, "every": "year"}, "occasion": "named"}),
        audience={"field": "trait.plan", "op": "eq", "value": "gold"},
    )
    for name, day in (("before", "1990-02-20"), ("after", "1990-03-10")):
        world.customer(name, dates={"named": day}, traits={"plan": "gold"})
        world.record(early(date(2025, 3, 1)), CustomerRow(name, traits={"plan": None}))
    world.tell()
    found = fates(world)
    assert found["gold", "before"][1] == "sent"
    assert found["gold", "after"][2] == "held:audience_not_met"


def test_a_problem_that_is_solved_by_now_was_open_then(world: World) -> None:
    """Opened on 15 February and resolved on the 25th: a birthday on the 20th was held, one on 5 March was not."""
    for name, birthday in (("then", "1990-02-20"), ("later", "1990-03-05")):
        world.customer(name, dates={"birthday": birthday})
        world.happens(early(date(2025, 2, 15)), name, "ticket_opened", ticket_id=name, type="problem")
        world.happens(early(date(2025, 2, 25)), name, "ticket_resolved", ticket_id=name)
    world.tell()
    found = fates(world)
    assert found["birthday", "then"] == (date(2025, 2, 20), "expired", "held:open_problem")
    assert found["birthday", "later"][1] == "sent"


def test_a_problem_of_today_was_none_before_it_began(world: World) -> None:
    """Opened on 15 March and open still: a birthday in February was greeted."""
    world.customer("ada", dates={"birthday": "1990-02-20"})
    world.happens(early(date(2025, 3, 15)), "ada", "ticket_opened", ticket_id="t", type="problem")
    world.tell()
    assert fates(world)["birthday", "ada"] == (date(2025, 2, 20), "sent", None)


def test_a_hold_that_ends_in_the_course_of_a_day_counts_until_then(db: Database) -> None:
    """Planned a week ahead; then a problem, which settles on the birthday in the afternoon, while another customer, far
    in the west, is greeted in their morning. Whoever gets up before it is over waits for the next day, also where both
    are looked at together, by what is known when the last of them goes."""
    world = World(db, FIRST, LAST)
    world.trigger("birthday", **BIRTHDAY, send={"expires_after_days": 2}, review={"write_ahead_days": 6})
    world.customer("east", dates={"birthday": "1990-03-05"})
    world.customer("west", dates={"birthday": "1990-03-05"}, zone="America/Los_Angeles", country="US")
    for turn, hour in (("opened", 14), ("resolved", 15)):
        at = datetime(2025, 3, 1, hour, tzinfo=UTC)
        world.happens(at, "east", f"ticket_{turn}", ticket_id="t", type="problem")
    world.tell()
    for at_once in (True, False):
        found = fates(world, at_once=at_once)
        assert found["birthday", "west"] == (date(2025, 3, 5), "sent", None)
        assert found["birthday", "east"] == (date(2025, 3, 6), "sent", None)


def test_days_are_those_of_the_customers_zone(world: World) -> None:
    """In Auckland the day begins half a day earlier, and the message goes on its own local day all the same."""
    world.customer("kiwi", zone="Pacific/Auckland", country="NZ", dates={"birthday": "1990-03-01"})
    world.customer("lei", zone="Pacific/Honolulu", country="US", dates={"birthday": "1990-03-01"})
    world.tell()
    found = fates(world)
    assert {found["birthday", name][:2] for name in ("kiwi", "lei")} == {(date(2025, 3, 1), "sent")}


def test_who_was_erased_is_in_no_backtest(world: World) -> None:
    """Nothing is kept of them that could be replayed."""
    world.customer("gone", dates={"birthday": "1990-03-01"})
    world.customer("here", dates={"birthday": "1990-03-01"})
    world.tell()
    with world.db.writing() as session:
        gone = session.scalars(select(Customer.id).where(Customer.external_id == "gone")).one()
        erase(session, gone, now=datetime(2025, 4, 1, tzinfo=UTC))
    for at_once in (True, False):
        assert {who for _, who in fates(world, at_once=at_once)} == {"here"}


def test_a_customer_counts_from_the_first_that_is_known_of_them(world: World) -> None:
    """Recorded on 1 March and unknown before: a birthday in February passed them by, though the record knows it now."""
    for name, birthday in (("missed", "1990-02-20"), ("met", "1990-03-15")):
        late = CustomerRow(name, first_name="Late", zone="Europe/Berlin", dates={"birthday": birthday})
        world.record(early(date(2025, 3, 1)), late)
    world.tell()
    assert {who for _, who in fates(world)} == {"met"}


def test_the_heavier_of_two_wins_the_day_and_the_loser_is_named(db: Database) -> None:
    """A clash by weight: one goes, the other waits for it to die unsent, in vain."""
    world = World(db, FIRST, LAST)
    for name, weight in (("light", 20), ("heavy", 40)):
        of_day = {"params": {"of": {"date": name}, "every": "year"}, "occasion": name, "weight": weight}
        world.trigger(name, **of_day, clash="weightiest", send={"expires_after_days": 0})
    world.customer("twice", dates={"light": "1990-03-05", "heavy": "1990-03-05"})
    world.tell()
    found = fates(world)
    assert found["heavy", "twice"][1] == "sent"
    assert found["light", "twice"][2] == "held:clash_lost"


def test_a_third_message_within_the_days_of_the_cap_is_held(world: World) -> None:
    """Two in thirty days are let pass."""
    for number in (1, 2):
        world.trigger(f"named{number}", params={"of": {"date": f"n{number}"}, "every": "year"}, occasion=f"n{number}")
    world.customer("dear", dates={"birthday": "1990-02-20", "n1": "1990-02-24", "n2": "1990-02-28"})
    world.tell()
    found = fates(world)
    assert [found[name, "dear"][1] for name in ("birthday", "named1", "named2")] == ["sent", "sent", "expired"]
    assert found["named2", "dear"][2] == "held:cap"


def test_the_control_group_is_the_one_it_would_be(db: Database) -> None:
    """By the trigger's salt and the customer, whichever way it is decided; and some of sixty are in it."""
    world = World(db, FIRST, LAST)
    world.trigger("birthday", **BIRTHDAY, control_share=0.3)
    for number in range(60):
        world.customer(f"c{number}", dates={"birthday": "1990-03-01"})
    world.tell()
    at_once, by_days = fates(world), fates(world, at_once=False)
    assert at_once == by_days
    assert 5 < sum(state == "control" for _, state, _ in at_once.values()) < 35


def test_a_run_writes_nothing_and_leaves_nothing(world: World) -> None:
    """Every table is the same afterwards, row by row, and so it is after a run that was stopped in its middle."""
    world.customer("ada", dates={"birthday": "1990-03-01"})
    world.happens(early(date(2025, 2, 15)), "ada", "ticket_opened", ticket_id="t", type="problem")
    world.tell()
    before = fingerprints(world.db)
    world.rehearsed(at_once=True)
    world.rehearsed(at_once=False)
    seen: list[str] = []
    watcher = Watcher(lambda what, done, of: seen.append(what), lambda: len(seen) > 12)
    with pytest.raises(RunStopped), rehearsal(_house(world), ["birthday"], Span(FIRST, LAST), watcher):
        pytest.fail("it was not stopped")
    assert len(seen) == 13, "it told of each piece, and went no further"
    assert fingerprints(world.db) == before


def test_the_database_itself_refuses_to_write_what_is_stored(world: World) -> None:
    """Whatever the engine did in a run: not care, but the database keeps the live tables as they are."""
    world.customer("ada", dates={"birthday": "1990-03-01"})
    world.tell()
    with rehearsal(_house(world), ["birthday"], Span(FIRST, FIRST)) as stage:
        for change in ("DELETE FROM {}.consents", "UPDATE {}.customers SET zone = 'UTC'"):
            with pytest.raises(DBAPIError, match=r"read-only|authorized|prohibited"), stage.run.session.begin_nested():
                stage.run.session.execute(text(change.format(stage.run.live)))


def test_a_trigger_that_is_not_there_is_named_with_those_that_are(world: World) -> None:
    """So that the right name can be copied."""
    world.tell()
    with (
        pytest.raises(NotFound, match=r"birthdya.*birthday"),
        rehearsal(_house(world), ["birthdya"], Span(FIRST, LAST)),
    ):
        pass


def fingerprints(db: Database) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with db.reading() as session:
        return {
            table.name: sorted(str(tuple(row)) for row in session.execute(select(table)))
            for table in Base.metadata.sorted_tables
        }


def _house(world: World) -> House:
    return House(world.db, KINDS, TEAM, OFFERED)


def test_a_run_locks_nothing(db: Database) -> None:
    """The engine locks the customers that it works on; a run must not keep live workers waiting."""
    with scratch(db) as run:
        asked = select(Customer.id).with_for_update().compile(run.session.get_bind())
        assert "FOR UPDATE" not in str(asked)
