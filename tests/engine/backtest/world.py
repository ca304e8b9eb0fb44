"""A small company whose days are told once and lived twice: recorded live, day by day, and rehearsed afterwards.

What happens, happens shortly before the look of its day, so that both lives see the same at every look.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.backtest.days import Stage
from engine.backtest.outcomes import OUTCOMES, STOPS
from engine.backtest.rehearsal import House, Span, rehearsal
from engine.calendar.day_rules import with_days
from engine.calendar.keeping import keep_holds
from engine.channel_terms import Offered
from engine.dates.team import TeamHours
from engine.definitions.store import active_triggers, save_definition, set_state
from engine.plan.ending import expire_due
from engine.plan.intents import intents_of
from engine.plan.planning import plan_due
from engine.plan.reasons import HELD_REASON
from engine.plan.times import recompute_send_times
from engine.record.customers import ConsentRow, CustomerRow, PreferenceRow, record_customers
from engine.record.events import EventRow, record_events
from engine.record.suppressions import Suppressed, suppress
from engine.record.wishes import Wishes, say
from engine.send.checking import Claimed, hindrances
from engine.spot.dates import spot_dates
from engine.spot.problems import spot_problems
from engine.storage.models import (
    Customer,
    Hold,
    Message,
    MessageMoment,
    Moment,
    Pause,
    SensitiveDay,
    Trigger,
)
from engine.storage.session import Database
from tests.engine.builders import make_definition
from triggers.table import KINDS

TEAM = TeamHours()
OFFERED = Offered()
LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)
ZONES = (
    ("Europe/Berlin", "DE"), ("America/New_York", "US"), ("Pacific/Auckland", "NZ"), ("Asia/Kolkata", "IN"),
    ("Europe/London", "GB"),
)  # fmt: skip
NO_BRAKE = {"daily_ceiling": 10**6, "times_forecast": 1e6}
Deed = Callable[[Session, datetime], None]
Found = set[tuple[Any, ...]]


@dataclass
class World:
    """Customers, triggers, and what happens when."""

    db: Database
    first: date
    last: date
    deeds: list[tuple[datetime, Deed]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def trigger(self, name: str, **fields: Any) -> None:
        """One that is switched on at the first look."""
        definition = make_definition(**{"name": name, "brake": NO_BRAKE, **fields})
        with self.db.writing() as session:
            made = save_definition(session, definition, author="test", reason="test", now=LONG_AGO)
            set_state(session, made, "active", now=look(self.first))
        self.names.append(name)

    def customer(self, name: str, **fields: Any) -> None:
        """Known for long, with consent to everything, unless it is said otherwise."""
        values: dict[str, Any] = {"first_name": name.title(), "zone": "Europe/Berlin", "country": "DE"}
        values["consents"] = (ConsentRow("granted", given_at=LONG_AGO),)
        self.record(LONG_AGO + timedelta(days=1), CustomerRow(name, **(values | fields)))

    def record(self, at: datetime, row: CustomerRow) -> None:
        """What a file tells of a customer."""

        def deed(session: Session, now: datetime) -> None:
            triggers = active_triggers(session, KINDS, include_paused=True)
            assert not record_customers(session, [row], now=now, source="test", triggers=triggers).rejected

        self.deeds.append((at, deed))

    def happens(self, at: datetime, name: str, event: str, **properties: Any) -> None:
        """An event."""
        row = EventRow(f"m{len(self.deeds)}", name, event, at, properties)

        def deed(session: Session, now: datetime) -> None:
            triggers = active_triggers(session, KINDS, include_paused=True)
            assert not record_events(session, [row], triggers=triggers, now=now, source="test").rejected

        self.deeds.append((at, deed))

    def says(self, at: datetime, name: str, wishes: Wishes) -> None:
        """What a customer says on their page."""
        self.deeds.append((at, lambda session, now: say(session, _id(session, name), wishes, now=now) and None))

    def stops(self, at: datetime, name: str) -> None:
        """A suppression of the whole customer."""
        self.deeds.append(
            (at, lambda s, now: suppress(s, [Suppressed("stop", "test", customer_id=_id(s, name))], now=now) and None)
        )

    def says_not_now(self, at: datetime, until: datetime, **wanted: Any) -> None:
        """Somebody lets everything wait, and ends it by hand at `until`."""
        which = uuid.uuid4()

        def begin(session: Session, now: datetime) -> None:
            values = {"places": [], "segment": None, "touches": ["celebrate", "marketing"]}
            values |= {"standing_key": which.hex, "reason": "a storm", "began_at": now}
            session.add(Pause(id=which, **(values | wanted)))

        def end(session: Session, now: datetime) -> None:
            session.execute(update(Pause).where(Pause.id == which).values(ended_at=now))

        self.deeds += [(at, begin), (until, end)]

    def sensitive(self, name: str, **fields: Any) -> None:
        """A sensitive day that has been in the table for long."""
        values: dict[str, Any] = {"countries": [], "families": ["celebrate"], "occasions": [], "effect": "hold"}
        with self.db.writing() as session:
            session.add(SensitiveDay(name=name, created_at=LONG_AGO, changed_at=LONG_AGO, **(values | fields)))

    def live(self) -> tuple[Found, Found]:
        """Record and run every round, look by look; what became of every moment, and every hold there was."""
        waiting = sorted(self.deeds, key=lambda deed: deed[0])
        for now, until in self.looks():
            while waiting and waiting[0][0] <= now:
                at, deed = waiting.pop(0)
                with self.db.writing() as session:
                    deed(session, at)
            with self.db.writing() as session:
                _rounds(session, now)
            with self.db.writing() as session:
                _approve(session, now)
                _send(session, until, now)
        with self.db.reading() as session:
            return _moments(session), _holds(session)

    def tell(self) -> None:
        """Record everything without running any round, as an import of the whole past would; no trigger is on."""
        for at, deed in sorted(self.deeds, key=lambda deed: deed[0]):
            with self.db.writing() as session:
                deed(session, at)

    def rehearsed(self, *, at_once: bool) -> tuple[Found, Found]:
        """The same, of a backtest of the same days."""
        house = House(self.db, KINDS, TEAM, OFFERED)
        with rehearsal(house, self.names, Span(self.first, self.last), at_once=at_once) as stage:
            return outcomes(stage)

    def looks(self) -> Iterator[tuple[datetime, datetime]]:
        """Each look, and the next one."""
        for number in range((self.last - self.first).days + 1):
            on = self.first + timedelta(days=number)
            yield look(on), look(on + timedelta(days=1))


def look(on: date) -> datetime:
    """When the team begins."""
    return datetime.combine(on, time(9), UTC)


def early(on: date, minute: int = 30) -> datetime:
    """Shortly before the look of this day."""
    return datetime.combine(on, time(8, minute), UTC)


def outcomes(stage: Stage) -> tuple[Found, Found]:
    """What a run found, as `live` has it."""
    session, o, customers = stage.run.session, OUTCOMES.c, stage.run.stored(Customer)
    of = (Trigger.name, customers.c.external_id, o.occurrence_key)
    stored = session.execute(
        select(*of, o.nominal_on, o.on_day, o.state, o.reason)
        .join(Trigger, Trigger.id == o.trigger_id)
        .join(customers, customers.c.id == o.customer_id)
    )
    stops = session.execute(
        select(*of, STOPS.c.name)
        .join(STOPS, STOPS.c.moment_id == o.moment_id)
        .join(Trigger, Trigger.id == o.trigger_id)
        .join(customers, customers.c.id == o.customer_id)
    )
    found = {tuple(row) for row in stored}
    named = {(*row[:3], row[-1].removeprefix(HELD_REASON)) for row in found if (row[-1] or "").startswith(HELD_REASON)}
    return found, named | {tuple(row) for row in stops}


def _rounds(session: Session, now: datetime) -> None:
    triggers = active_triggers(session, KINDS)
    spot_dates(session, triggers, now=now, team=TEAM)
    spot_problems(session, triggers, now=now)
    keep_holds(session, now=now)
    recompute_send_times(session, now=now, team=TEAM, channels=OFFERED)
    while expire_due(session, now=now):
        pass
    while plan_due(session, triggers, now=now, team=TEAM):
        pass


def _approve(session: Session, now: datetime) -> None:
    """Mia reads and approves everything as soon as it is planned."""
    for message in session.scalars(select(Message).where(Message.state == "draft")).all():
        message.state, message.written_at = "in_review", now
        session.flush()
        message.state, message.approved_at, message.release_at = "approved", now, now
        spoken = select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id, MessageMoment.live)
        session.execute(update(Moment).where(Moment.id.in_(spoken)).values(state="written", written_at=now))


def _send(session: Session, until: datetime, now: datetime) -> None:
    """Whatever is due before the next look, at its own instant, after the second check."""
    while True:
        due = select(Message).where(Message.state == "approved", Message.send_at < until)
        message = session.scalars(due.order_by(Message.send_at, Message.id).limit(1)).first()
        if message is None:
            return
        at = max(message.send_at, now)
        spoken = select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id, MessageMoment.live)
        moments = tuple(session.scalars(spoken.order_by(MessageMoment.position)))
        intent = intents_of(session, [message.id], with_days(session, OFFERED))[message.id]
        claimed = Claimed(message.id, message.id, message.customer_id, message.family, message.state, intent, moments)
        if not hindrances(session, [claimed], now=at, channels=OFFERED):
            message.state, message.handed_over_at = "handed_over", at
            session.execute(update(Moment).where(Moment.id.in_(moments)).values(state="closed", closed_at=at))
        session.flush()
        session.expire_all()


def _moments(session: Session) -> Found:
    rows = session.execute(
        select(Trigger.name, Customer.external_id, Moment, Message)
        .join(Trigger, Trigger.id == Moment.trigger_id)
        .join(Customer, Customer.id == Moment.customer_id)
        .outerjoin(MessageMoment, (MessageMoment.moment_id == Moment.id) & MessageMoment.live)
        .outerjoin(Message, Message.id == MessageMoment.message_id)
    )
    found: Found = set()
    for trigger, customer, moment, message in rows:
        sent = message is not None and message.state == "handed_over"
        state = "sent" if sent else "open" if moment.state in ("spotted", "planned", "written") else moment.state
        day = message.send_on if sent else moment.send_on
        found.add((trigger, customer, moment.occurrence_key, moment.nominal_on, day, state, moment.reason))
    return found


def _holds(session: Session) -> Found:
    rows = session.execute(
        select(Trigger.name, Customer.external_id, Moment.occurrence_key, Hold.name)
        .select_from(Hold)
        .join(Moment, Moment.id == Hold.moment_id)
        .join(Trigger, Trigger.id == Moment.trigger_id)
        .join(Customer, Customer.id == Moment.customer_id)
    )
    return {tuple(row) for row in rows}


def _id(session: Session, name: str) -> Any:
    return session.scalars(select(Customer.id).where(Customer.external_id == name)).one()


def furnish(world: World, seed: int, customers: int) -> None:
    """Triggers of every shape that get into each other's way, and lives in which everything changes."""
    dice = random.Random(seed)
    world.trigger(
        "birthday", params={"of": {"date": "birthday"}, "every": "year"}, occasion="birthday", weight=30,
        control_share=0.2, caps={"messages": 2, "days": 30}, send={"shift": "none", "expires_after_days": 3},
    )  # fmt: skip
    world.trigger(
        "years", params={"of": {"first_event": "order_completed"}, "years": [1, 2, 3, 5]}, occasion="years", weight=40,
        holds_quiet_relationship=True, clash="weightiest", caps={"messages": 2, "days": 30},
        send={"shift": "after", "expires_after_days": 4},
        audience={"any": [
            {"field": "trait.plan", "op": "eq", "value": "gold"},
            {"field": "customer.country", "op": "in", "value": ["DE", "US"]},
        ]},
    )  # fmt: skip
    world.trigger(
        "orders", kind="milestone", occasion="orders", weight=35, caps={"messages": 2, "days": 30},
        params={
            "aggregate": "count", "event": "order_completed", "thresholds": [2, 3, 5, 8],
            "corrections": [{"event": "order_refunded"}],
        },
        send={"delay_days": 1, "expires_after_days": 6}, review={"write_ahead_days": 1},
    )  # fmt: skip
    world.trigger(
        "spent", kind="milestone", occasion="spent", weight=20, caps={"messages": 2, "days": 30},
        params={
            "aggregate": "sum", "event": "order_completed", "property": "amount_minor", "currency": "EUR",
            "thresholds": [5_000, 20_000],
        },
        send={"expires_after_days": 5}, review={"write_ahead_days": 1},
    )  # fmt: skip
    world.trigger(
        "solved", kind="recovery", family="recover", occasion="solved", weight=60, params={"kinds": ["ticket"]},
        **{"class": "service"}, send={"expires_after_days": 10}, review={"write_ahead_days": 1},
    )  # fmt: skip
    for number in range(customers):
        _life(world, f"c{number:03}", dice)


def _life(world: World, name: str, dice: random.Random) -> None:
    """Half of them have a birthday and a first order, and nothing else ever happens to them."""
    calm = dice.random() < 0.5
    days = (world.last - world.first).days + 1
    zone, country = dice.choice(ZONES)

    def some_day() -> datetime:
        return early(world.first + timedelta(days=dice.randrange(days)), dice.randrange(30, 59))

    fields: dict[str, Any] = {"zone": zone, "country": country, "traits": {"plan": dice.choice(["gold", "free"])}}
    if dice.random() < 0.7:
        near = world.first + timedelta(days=dice.randrange(-5, days + 5))
        fields["dates"] = {"birthday": dice.choice([f"{near:--%m-%d}", f"1980-{near:%m-%d}", "1996-02-29"])}
    consent = dice.random()
    if consent < 0.15:
        fields["consents"] = ()
    elif consent < 0.3:
        fields["consents"] = (ConsentRow("granted", "*", "*", "implied", given_at=LONG_AGO, expires_at=some_day()),)
    if dice.random() < 0.1:
        fields["preferences"] = (PreferenceRow("birthday", wanted=False),)
    if not calm and dice.random() < 0.1:  # somebody of whom nothing was known before
        fields["consents"] = tuple(
            replace(one, given_at=None) for one in fields.get("consents", [ConsentRow("granted")])
        )
        world.record(some_day(), CustomerRow(name, first_name="Late", **fields))
        return
    world.customer(name, **fields)
    day = world.first + timedelta(days=dice.randrange(-6, days))
    began = early(day, 40) - timedelta(days=365 * dice.choice([1, 2]))
    later = range(0 if calm else dice.randrange(8))
    orders = [began, *(some_day() - timedelta(days=dice.choice([0, 0, 0, 60, 200])) for _ in later)]
    for number, at in enumerate(orders, 1):
        amount = {"amount_minor": dice.randrange(500, 9000), "currency": "EUR"}
        world.happens(at, name, "order_completed", order_id=f"{name}-{number}", **amount)
    if not calm:
        _changes(world, name, dice, some_day)


def _changes(world: World, name: str, dice: random.Random, some_day: Callable[[], datetime]) -> None:
    if dice.random() < 0.25:
        opened = some_day()
        world.happens(opened, name, "ticket_opened", ticket_id=name, type="problem", category=dice.choice("ab"),
                      what_happened="It broke.")  # fmt: skip
        if dice.random() < 0.8:
            solved = opened + timedelta(days=dice.randrange(1, 6))
            world.happens(solved, name, "ticket_resolved", ticket_id=name, what_we_did="We mended it.")
            if dice.random() < 0.4:
                world.happens(solved + timedelta(days=2), name, "ticket_reopened", ticket_id=name)
    if dice.random() < 0.1:
        world.happens(some_day(), name, "nps_answered", score=dice.randrange(11))
    if dice.random() < 0.15:
        world.happens(some_day(), name, "order_refunded", order_id=f"{name}-1")
    for chance, row in (
        (0.15, {"consents": (ConsentRow("refused"),)}),
        (0.15, {"traits": {"plan": dice.choice(["gold", "free", None])}}),
        (0.08, {"country": "FR"}),
        (0.05, {"closed": True}),
        (0.08, {"dates": {"birthday": "1990-06-15"}}),
    ):
        if dice.random() < chance:
            world.record(some_day(), CustomerRow(name, **row))
    if dice.random() < 0.1:
        world.says(some_day(), name, Wishes(occasions={dice.choice(["birthday", "years", "orders"]): False}))
    if dice.random() < 0.05:
        world.stops(some_day(), name)
