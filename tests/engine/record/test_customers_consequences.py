"""What follows when customers change: two importers at once, a new zone, a trait that a trigger watches, a new look."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import bell
from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import ActiveTrigger, active_triggers, save_definition, set_state
from engine.record.customers import CustomerRow, Recorded, record_customers
from engine.record.events import EventRow, record_events
from engine.storage.models import Customer, CustomerChange, Event, Moment
from engine.storage.session import Database
from triggers.table import KINDS

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def points(session: Session) -> list[ActiveTrigger]:
    """A trigger at 1,000 and 5,000 points, active since a year ago."""
    definition = TriggerDefinition.model_validate(
        {
            "name": "points",
            "title": "A round number of points",
            "family": "celebrate",
            "occasion": "points",
            "kind": "milestone",
            "params": {"aggregate": "trait", "trait": "points", "thresholds": [1000, 5000]},
            "template": "points",
        }
    )
    trigger = save_definition(session, definition, author="test", reason="test", now=NOW - timedelta(days=365))
    set_state(session, trigger, "active", now=NOW - timedelta(days=365))
    return active_triggers(session, KINDS)


def test_two_importers_of_the_same_new_customers_make_each_once(db: Database) -> None:
    """The second waits for the first, finds its customers there, and changes what it knows better."""
    answers: list[Recorded] = []

    def second() -> None:
        with db.writing() as session:
            rows = [CustomerRow(f"C{n}", last_name="Ray") for n in (2, 1, 3)]
            answers.append(record_customers(session, rows, now=NOW, source="second"))

    with db.writing() as session:
        rows = [CustomerRow(f"C{n}", first_name="Ana") for n in (1, 2)]
        assert record_customers(session, rows, now=NOW, source="first").created == 2
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(timeout=0.5)
        assert waiting.is_alive()
    waiting.join(timeout=30)
    assert [(one.created, one.changed) for one in answers] == [(1, 2)]
    with db.reading() as session:
        named = session.execute(select(Customer.first_name, Customer.last_name).order_by(Customer.external_id)).all()
    assert named == [("Ana", "Ray"), ("Ana", "Ray"), (None, "Ray")]


def test_two_importers_of_the_same_customer_lose_nothing_of_each_other(db: Database) -> None:
    """Traits are stored together: the second adds its own to those of the first, which it waited for."""

    def second() -> None:
        with db.writing() as session:
            record_customers(session, [CustomerRow("C1", traits={"seats": 3})], now=NOW, source="second")

    with db.writing() as session:
        record_customers(session, [CustomerRow("C1")], now=NOW, source="test")
    with db.writing() as session:
        record_customers(session, [CustomerRow("C1", traits={"plan": "gold"})], now=NOW, source="first")
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(timeout=0.5)
    waiting.join(timeout=30)
    with db.reading() as session:
        assert session.scalars(select(Customer.traits)).one() == {"plan": "gold", "seats": 3}


def test_a_customer_who_moves_to_another_zone_has_other_local_days(session: Session) -> None:
    """20:00 UTC on 1 November is the 1st in Berlin and the 2nd in Tokyo."""
    record_customers(session, [CustomerRow("C1", zone="Europe/Berlin")], now=NOW, source="test")
    at = datetime(2026, 11, 1, 20, 0, tzinfo=UTC)
    record_events(session, [EventRow("m1", "C1", "order_completed", at, {})], triggers=[], now=NOW, source="test")
    assert session.scalars(select(Event.occurred_on)).one() == date(2026, 11, 1)
    record_customers(session, [CustomerRow("C1", zone="Asia/Tokyo")], now=NOW, source="test")
    assert session.scalars(select(Event.occurred_on)).one() == date(2026, 11, 2)


def test_a_trait_that_passes_a_threshold_makes_a_moment(session: Session) -> None:
    """From 900 to 1,200 points: the milestone of 1,000."""
    triggers = points(session)
    record_customers(session, [CustomerRow("C1", traits={"points": 900})], now=NOW, source="test", triggers=triggers)
    later = NOW + timedelta(hours=1)
    rows = [CustomerRow("C1", traits={"points": 1200})]
    record_customers(session, rows, now=later, source="test", triggers=triggers)
    assert len(session.scalars(select(Moment.occurrence_key)).all()) == 1


def test_what_was_so_when_we_first_heard_of_it_is_no_milestone(session: Session) -> None:
    """The first import brings 4,000 points: nothing passed 1,000 today. 5,000 tomorrow does."""
    triggers = points(session)
    record_customers(session, [CustomerRow("C1", traits={"points": 4000})], now=NOW, source="test", triggers=triggers)
    assert session.scalars(select(Moment.occurrence_key)).all() == []
    later = NOW + timedelta(days=1)
    rows = [CustomerRow("C1", traits={"points": 5000})]
    record_customers(session, rows, now=later, source="test", triggers=triggers)
    assert len(session.scalars(select(Moment.occurrence_key)).all()) == 1


def test_a_trait_that_nothing_watches_makes_no_event(session: Session) -> None:
    """Nor does one that is no whole number."""
    triggers = points(session)
    traits = {"seats": 3, "points": "many"}
    record_customers(session, [CustomerRow("C1", traits=traits)], now=NOW, source="test", triggers=triggers)
    assert session.scalars(select(Event.id)).all() == []
    assert len(session.scalars(select(CustomerChange.id)).all()) == 4  # the zone, that it is a guess, and two traits


@pytest.fixture
def rung() -> Iterator[list[str]]:
    """The tasks that the bell was rung for."""
    tasks: list[str] = []
    bell.hang(tasks.append)
    yield tasks
    bell.hang(None)


def test_a_change_asks_for_a_new_look_and_no_change_does_not(db: Database, rung: list[str]) -> None:
    """Planning and spotting hear of a new or corrected customer after the commit."""
    for expected in (["jubilee.plan", "jubilee.spot"], []):
        with db.writing() as session:
            record_customers(session, [CustomerRow("C1", first_name="Ana")], now=NOW, source="test")
            assert rung == []
        assert rung == expected
        rung.clear()


def test_spotted_moments_of_a_changed_customer_are_planned_anew(session: Session) -> None:
    """A moment that was to be looked at in a week is looked at now; that of another customer is not."""
    triggers = points(session)
    for number in (900, 1200):
        rows = [CustomerRow(name, traits={"points": number}) for name in ("C1", "C2")]
        record_customers(session, rows, now=NOW, source="test", triggers=triggers)
    next_week = NOW + timedelta(days=7)
    session.execute(update(Moment).values(check_at=next_week))
    record_customers(session, [CustomerRow("C1", first_name="Ana")], now=NOW, source="test", triggers=triggers)
    query = select(Moment.check_at).join(Customer, Customer.id == Moment.customer_id).order_by(Customer.external_id)
    assert session.scalars(query).all() == [NOW, next_week]
