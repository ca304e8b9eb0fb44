"""What marketing gets: counts, holds, clashes, hours to read, segments, and ten customers with their messages."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from cli.place import SHIPPED_TEMPLATES
from engine.backtest.rehearsal import House, Watcher
from engine.backtest.results import Result
from engine.backtest.run import Voice, backtest, forecast
from engine.errors import InvalidInput, MissingFact
from engine.people.accounts import NewPerson, create_person
from engine.people.audit import Doer
from engine.record.customers import ConsentRow
from engine.storage.session import Database
from engine.write.folders import read_template_folder
from engine.write.material import Material
from engine.write.mission import read_mission
from engine.write.store import seed_mission, seed_templates
from tests.engine.backtest.world import LONG_AGO, OFFERED, TEAM, World, early, look
from triggers.table import KINDS

FIRST, LAST, TODAY = date(2025, 3, 1), date(2025, 3, 20), date(2025, 4, 10)
VOICE = Voice("Our shop", "the team")


@pytest.fixture
def world(db: Database) -> World:
    """Eight birthdays in March, each with something about it."""
    made = World(db, FIRST, LAST)
    with db.writing() as session:
        seed_templates(session, [read_template_folder(SHIPPED_TEMPLATES / "birthday")], now=LONG_AGO)
        seed_mission(session, read_mission(SHIPPED_TEMPLATES / "mission.yaml"), now=LONG_AGO)
        for role in ("agent", "admin", "viewer"):
            person = NewPerson(f"{role}@example.com", "Mia", role, "a long password", "UTC")
            create_person(session, person, now=LONG_AGO, doer=Doer("test"))
    made.trigger("birthday", params={"of": {"date": "birthday"}, "every": "year"}, occasion="birthday")
    made.trigger("named", params={"of": {"date": "named"}, "every": "year"}, occasion="named", weight=20,
                 template="birthday")  # fmt: skip
    made.customer("plain", dates={"birthday": "1990-03-03"})
    made.customer("long", first_name="Wolfeschlegelstein", last_name="Hausenbergerdorff", dates={"birthday": "--03-04"})
    made.customer("nameless", first_name=None, dates={"birthday": "1990-03-05"})
    made.customer("leapling", dates={"birthday": "1996-02-29", "named": "1990-03-10"})
    made.customer("german", locale="de-DE", dates={"birthday": "1990-03-06"})
    made.customer("troubled", dates={"birthday": "1990-03-07"})
    made.customer("merged", dates={"birthday": "1990-03-12", "named": "1990-03-12"})
    made.customer("refused", dates={"birthday": "1990-03-08"}, consents=(ConsentRow("refused", given_at=LONG_AGO),))
    made.happens(early(date(2025, 2, 20)), "troubled", "ticket_opened", ticket_id="t", type="problem")
    made.tell()
    return made


@pytest.fixture
def result(world: World) -> Result:
    """The backtest of March for the birthday trigger."""
    return backtest(_house(world), ["birthday"], FIRST, LAST, today=TODAY, voice=VOICE)


def test_the_counts_add_up(result: Result) -> None:
    """Spotted is what went, was stopped, drawn, ended or is under way; and the days add up to it."""
    (birthday,) = result.triggers
    parts = (birthday.sent, birthday.stopped, birthday.control, birthday.ended, birthday.under_way)
    assert (birthday.spotted, parts) == (7, (5, 2, 0, 0, 0))
    assert sum(day.sent for day in birthday.days) == birthday.sent
    assert [one.name for one in result.others] == ["named"]


def test_every_hold_says_how_many_it_stopped(result: Result) -> None:
    """By name and in words."""
    holds = {one.name: one.stopped for one in result.triggers[0].holds}
    assert holds == {"consent_refused": 1, "open_problem": 1}
    assert all(one.sentence for one in result.triggers[0].holds)


def test_where_two_triggers_meet_is_told(result: Result) -> None:
    """The heavier leads the one message."""
    (clash,) = result.clashes
    assert (clash.winner, clash.loser, clash.merged, clash.lost) == ("birthday", "named", 1, 0)


def test_the_awkward_customers_are_shown_with_their_messages(result: Result) -> None:
    """Each with what makes them awkward; what could not be written says what is missing."""
    shown = {one.customer: one for one in result.samples}
    assert shown["long"].why[0] == "the longest name"
    assert "Wolfeschlegelstein" in (shown["long"].body or "")
    assert shown["german"].locale.startswith("de")
    assert shown["nameless"].body is None
    assert (
        shown["nameless"].missing
        == "The first name (customer.first_name) is not known of them, so their drafts are held."
    )
    assert "an open problem" in shown["troubled"].why
    assert "open" in shown["troubled"].outcome
    assert "several moments in one message" not in shown["plain"].why
    assert len(shown) == len(result.samples) <= 10


def test_the_hours_to_read_stand_beside_the_hours_there_are(result: Result) -> None:
    """Of an agent and an admin, but no viewer: eight hours each. A celebration takes four minutes, and those of others
    count too."""
    effort = result.effort
    assert effort.agents == 2
    assert {day.available_minutes for day in effort.days if day.on.weekday() < 5} == {960}
    drafts = {day.on.day: (day.drafts, day.other_drafts, day.needed_minutes) for day in effort.days}
    drafts = {day: counts for day, counts in drafts.items() if any(counts)}
    # Three working days before 6, 10 and 12 March; what went before that was drafted in February.
    assert drafts == {3: (1, 0, 4), 5: (0, 1, 4), 7: (1, 0, 4)}
    assert not any(day.is_too_much for day in effort.days)


def test_every_customer_is_in_one_segment_of_each_kind(result: Result) -> None:
    """So that nobody is forgotten."""
    for by in ("language", "country", "years with us"):
        segments = [one for one in result.coverage if one.by == by]
        assert sum(one.customers for one in segments) == result.customers == 8
        assert sum(one.touched for one in segments) == 5


def test_days_that_are_not_over_are_refused(world: World) -> None:
    """In words that say what is wrong; so is a forecast out of reach."""
    with pytest.raises(InvalidInput, match="over"):
        backtest(_house(world), ["birthday"], FIRST, TODAY, today=TODAY, voice=VOICE)
    with pytest.raises(InvalidInput, match="366"):
        forecast(_house(world), ["birthday"], 1_000, now=look(TODAY), voice=VOICE)


def test_a_forecast_looks_from_now_on(world: World) -> None:
    """What is past is not in it, and it tells of its progress."""
    seen: set[str] = set()
    watcher = Watcher(lambda what, done, of: seen.add(what))
    days = (LAST - FIRST).days
    foretold = forecast(
        _house(world), ["birthday"], days, now=look(FIRST + timedelta(days=5)), voice=VOICE, watcher=watcher
    )
    assert foretold.is_forecast
    assert all(day.on >= FIRST + timedelta(days=5) for day in foretold.triggers[0].days)
    assert seen == {"everybody", "days", "counting"}


def _house(world: World) -> House:
    return House(world.db, KINDS, TEAM, OFFERED)


def test_a_missing_fact_is_looked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows only when a text is written: where the ten show none, others are tried."""
    world.deeds.clear()  # those are told already
    for number in range(12):
        world.customer(f"more{number}", dates={"birthday": "1990-03-14"})
    world.tell()
    written: list[str] = []

    def compose(_session: object, material: Material, **_: str) -> object:
        written.append(material.customer.external_id)
        if len(written) > 10:
            raise MissingFact("order_count")
        return SimpleNamespace(locale="en", subject="Hello", body="Hello")

    monkeypatch.setattr("engine.backtest.samples.compose", compose)
    shown = backtest(_house(world), ["birthday"], FIRST, LAST, today=TODAY, voice=VOICE).samples
    assert len(shown) == len({one.customer for one in shown}) == 10
    assert [(one.why, one.body) for one in shown if one.missing] == [(("a missing fact",), None)]
