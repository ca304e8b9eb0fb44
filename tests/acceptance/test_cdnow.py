"""CDNOW's real customers and orders through the engine, day by day through February 1998, beside a recount.

All of them on SQLite. On PostgreSQL every fifth customer with all their orders, as the whole story takes half a minute.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.place import SHIPPED_TRIGGERS
from cli.sample.loading import order_event
from cli.sample.purchases import read_purchases
from engine.dates.team import TeamHours
from engine.definitions.reading import read_definitions
from engine.definitions.store import active_triggers, save_definition, set_state
from engine.plan.planning import plan_due
from engine.record.customers import ConsentRow, CustomerRow, record_customers
from engine.record.events import EventRow, record_events
from engine.spot.dates import spot_dates
from engine.storage.models import Customer, Hold, Moment, Trigger
from engine.storage.session import Database
from tests.acceptance import recount
from tests.acceptance.recount import Reached
from tests.conftest import NewDatabase
from triggers.table import KINDS

FEBRUARY = [date(1998, 2, day) for day in range(1, 29)]
LONG_BEFORE = datetime(1996, 1, 1, tzinfo=UTC)
JUST_BEFORE = datetime(1998, 1, 31, tzinfo=UTC)
AFTERWARDS = datetime(1998, 7, 2, tzinfo=UTC)
TEAM = TeamHours(zone="America/New_York", country="US")
PIECE = 1_000


@dataclass
class Story:
    """What the engine found: milestones at the end, anniversaries and quiet ones as they stood at each day's noon."""

    customers: set[str]
    milestones: Mapping[str, set[Reached]] = field(default_factory=dict)
    anniversaries: dict[date, set[str]] = field(default_factory=dict)
    quiet: dict[date, set[str]] = field(default_factory=dict)
    planned: dict[date, set[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(new_database: NewDatabase, database_kind: str) -> Iterator[Story]:
    """Orders come on their day: until January at once, February day by day with the rounds of noon, then the rest."""
    every = 1 if database_kind == "sqlite" else 5
    purchases = [one for one in read_purchases(recount.raw_file()) if int(one.customer) % every == 0]
    rows = sorted((order_event("cdnow", one, 0) for one in purchases), key=lambda row: row.occurred_at)
    with new_database() as db:
        _switch_on(db)
        _record_customers(db, sorted({row.customer for row in rows}))
        _record(db, [row for row in rows if row.occurred_at.date() < FEBRUARY[0]])
        told = Story({row.customer for row in rows})
        for day in FEBRUARY:
            _record(db, [row for row in rows if row.occurred_at.date() == day])
            _noon(db, day, told)
        _record(db, [row for row in rows if row.occurred_at.date() > FEBRUARY[-1]])
        with db.reading() as session:
            told.milestones = {name: _milestones(session, name) for name in ("order_milestone", "lifetime_spend")}
        yield told


def test_the_whole_file_is_recounted() -> None:
    """The recount read every line of the file, so that agreeing with it means something."""
    assert len(recount.orders()) == recount.ORDERS
    assert len({order.customer for order in recount.orders()}) == recount.CUSTOMERS


def test_every_order_milestone_is_found_on_its_day_and_no_other(story: Story) -> None:
    """10th, 25th, 50th and 100th order: the same customers on the same days as the recount."""
    expected = recount.count_milestones((10, 25, 50, 100))
    assert story.milestones["order_milestone"] == {one for one in expected if one.customer in story.customers}


def test_every_spend_milestone_is_found_on_its_day_and_no_other(story: Story) -> None:
    """500, 1,000 and 2,500 dollars in all: whole cents add up to exactly what decimal dollars add up to."""
    expected = recount.spend_milestones((50_000, 100_000, 250_000))
    assert story.milestones["lifetime_spend"] == {one for one in expected if one.customer in story.customers}


def test_the_anniversaries_of_every_day_of_february_are_found(story: Story) -> None:
    """Whose first order was on that day a year before: exactly these, on each of the 28 days."""
    assert story.anniversaries == _due(story)


def test_exactly_the_quiet_relationships_are_held(story: Story) -> None:
    """Who ordered nothing since the day a year before waits as `relationship_quiet`, everybody else is planned."""
    due = _due(story)
    quiet = {day: recount.quiet(due[day], day) for day in FEBRUARY}
    assert story.quiet == quiet
    assert story.planned == {day: due[day] - quiet[day] for day in FEBRUARY}


def _due(story: Story) -> dict[date, set[str]]:
    return {day: recount.anniversaries(day) & story.customers for day in FEBRUARY}


def _switch_on(db: Database) -> None:
    """The shipped triggers, those too that ship switched off, the anniversary every year, and no limits in the way."""
    with db.writing() as session:
        for definition in read_definitions(SHIPPED_TRIGGERS, KINDS):
            if definition.name not in ("order_milestone", "lifetime_spend", "first_order_anniversary"):
                continue
            params = dict(definition.params)
            if definition.name == "first_order_anniversary":
                del params["years"]
                params["every"] = "year"
            unlimited = {"caps": {"messages": 1_000}, "brake": {"daily_ceiling": 1_000_000, "times_forecast": 1e6}}
            values = definition.model_dump(by_alias=True) | {"params": params} | unlimited
            trigger = save_definition(
                session, type(definition).model_validate(values), author="test", reason="test", now=LONG_BEFORE
            )
            young = definition.kind == "anniversary"  # for a week the brake has no forecast to go by
            set_state(session, trigger, "active", now=JUST_BEFORE if young else LONG_BEFORE)


def _record_customers(db: Database, names: Sequence[str]) -> None:
    consent = (ConsentRow("granted", given_at=LONG_BEFORE),)
    for piece in _pieces(names):
        rows = [
            CustomerRow(name, first_name="Ada", zone="America/New_York", country="US", consents=consent)
            for name in piece
        ]
        with db.writing() as session:
            assert not record_customers(session, rows, now=LONG_BEFORE + timedelta(days=1), source="test").rejected


def _record(db: Database, rows: Sequence[EventRow]) -> None:
    for piece in _pieces(rows):
        with db.writing() as session:
            triggers = active_triggers(session, KINDS)
            done = record_events(session, piece, triggers=triggers, now=AFTERWARDS, source="test")
        assert (done.recorded, list(done.rejected)) == (len(piece), [])


def _noon(db: Database, day: date, told: Story) -> None:
    """Spot and plan as the workers would at twelve in New York, and look at the anniversaries of this very day."""
    now = datetime.combine(day, time(17), UTC)
    with db.writing() as session:
        triggers = active_triggers(session, KINDS)
        spot_dates(session, triggers, now=now, team=TEAM)
        while plan_due(session, triggers, now=now, team=TEAM):
            pass
        today = (
            select(Customer.external_id, Moment.state, Hold.name)
            .select_from(Moment)
            .join(Customer, Customer.id == Moment.customer_id)
            .join(Trigger, Trigger.id == Moment.trigger_id)
            .outerjoin(Hold, (Hold.moment_id == Moment.id) & Hold.released_at.is_(None))
            .where(Trigger.name == "first_order_anniversary", Moment.nominal_on == day)
        )
        found = session.execute(today).all()
    told.anniversaries[day] = {name for name, _, _ in found}
    told.quiet[day] = {name for name, _, hold in found if hold == "relationship_quiet"}
    told.planned[day] = {name for name, state, _ in found if state == "planned"}


def _milestones(session: Session, trigger: str) -> set[Reached]:
    rows = session.execute(
        select(Customer.external_id, Moment.occurrence_key, Moment.nominal_on)
        .select_from(Moment)
        .join(Customer, Customer.id == Moment.customer_id)
        .join(Trigger, Trigger.id == Moment.trigger_id)
        .where(Trigger.name == trigger, Moment.state != "cancelled")
    )
    return {Reached(name, int(key), day) for name, key, day in rows}


def _pieces(items: Sequence[object]) -> Iterator[Sequence[object]]:
    return (items[at : at + PIECE] for at in range(0, len(items), PIECE))
