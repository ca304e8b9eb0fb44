"""The effect of a trigger is read as assigned, at planned times, and is not seen where there is none."""

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.insight import effect as effect_room
from engine.insight.effect import Day, Effect, Group, readings
from engine.insight.effect_counts import effects, keep_counts
from engine.insight.intervals import Share, difference
from engine.insight.outcomes import outcomes
from engine.rounds import never
from engine.storage.models import Moment, Outcome, Trigger, TriggerVersion
from engine.storage.session import Database
from tests.engine.builders import make_customer, make_definition, make_event, make_moment, make_trigger
from tests.engine.insight.history import TODAY, at, decide

LONG_AGO = TODAY - timedelta(days=200)


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred customers in each group, so that rows are few."""
    monkeypatch.setattr(effect_room.readings, "__kwdefaults__", {"least": 100})
    monkeypatch.setattr(effect_room, "LEAST", 100)


@pytest.fixture
def trigger(session: Session) -> Trigger:
    return make_trigger(session, control_share=0.5)


def buys(session: Session, customer: object, *, on: date) -> None:
    make_event(session, customer, "order_completed", occurred_at=at(on), occurred_on=on)  # type: ignore[arg-type]


def read(session: Session, trigger: Trigger, outcome: str = "Repeat purchase") -> Effect:
    found, _ = effects(session, today=TODAY, trigger=trigger.name)
    return next(one for one in found if one.outcome == outcome)


def test_without_effect_the_interval_holds_zero_about_95_times_in_100() -> None:
    """The trap: 1,000 trials of two groups alike, of unequal sizes, from a fixed seed."""
    chance = random.Random(20260601)
    misses = 0
    for _ in range(1_000):
        treated = Share(sum(chance.random() < 0.2 for _ in range(600)), 600)
        control = Share(sum(chance.random() < 0.2 for _ in range(200)), 200)
        misses += difference(treated, control).excludes_zero
    assert 30 <= misses <= 70


def test_an_effect_is_found() -> None:
    """28 in 100 against 20 in 100, 2,000 customers in each group: nearly always seen, and the truth inside."""
    chance = random.Random(7)
    seen = inside = 0
    for _ in range(100):
        treated = Share(sum(chance.random() < 0.28 for _ in range(2_000)), 2_000)
        control = Share(sum(chance.random() < 0.20 for _ in range(2_000)), 2_000)
        found = difference(treated, control)
        seen += found.low > 0
        inside += found.low <= 0.08 <= found.high
    assert seen >= 95
    assert inside >= 88


def test_who_looks_every_day_is_not_misled_more_often() -> None:
    """Without an effect a verdict is rare over a year of days, where a fresh look every day would often see one."""
    chance = random.Random(11)
    verdicts = naive = 0
    for _ in range(100):
        days, seen, alarmed = [], [Group(), Group()], False
        for at_day in range(200):
            new = [Group(20, sum(chance.random() < 0.3 for _ in range(20))) for _ in range(2)]
            seen = [Group(a.customers + b.customers, a.happened + b.happened) for a, b in zip(seen, new, strict=True)]
            days.append(Day(LONG_AGO + timedelta(days=at_day), *new))
            alarmed = alarmed or (at_day >= 5 and difference(seen[0].share, seen[1].share).excludes_zero)
        naive += alarmed
        due = {found.number: found for end in range(0, 200, 5) if (found := readings(days[: end + 1], least=100))}
        verdicts += any(found.verdict in ("more", "less") for found in due.values())
    assert naive >= 25
    assert verdicts <= 9


def test_between_two_readings_nothing_changes() -> None:
    """What comes after the hundredth customer waits for the two-hundredth."""
    days = [Day(LONG_AGO + timedelta(days=n), Group(10, 5), Group(10, n % 10)) for n in range(39)]
    assert readings(days[:9], least=100) is None
    first = readings(days[:10], least=100)
    assert first is not None
    assert (first.number, first.control.customers) == (1, 100)
    assert readings(days[:19], least=100) == first
    second = readings(days[:20], least=100)
    assert second is not None
    assert (second.number, second.control.customers) == (2, 200)
    assert second.strict.low < second.interval.low < second.interval.high < second.strict.high


def test_a_day_that_passes_two_readings_at_once_is_one_look() -> None:
    """An import of a whole year is read once, by its size."""
    found = readings([Day(LONG_AGO, Group(900, 90), Group(450, 45))], least=100)
    assert found is not None
    assert (found.number, found.interval.value) == (3, 0)


def test_the_lot_decides_and_not_the_message(session: Session, trigger: Trigger) -> None:
    """Half of those treated got no message, as something held it, and these bought nothing. Of the messages alone it
    would look as if every second customer had bought because of them; as assigned there is no effect."""
    for number in range(200):
        sad, treated = number % 4 < 2, number % 2 == 0
        customer = decide(session, trigger, on=LONG_AGO, control=not treated)
        if treated and sad:
            held = {"state": "expired", "reason": "held:open_problem", "closed_at": at(LONG_AGO)}
            session.execute(update(Moment).where(Moment.customer_id == customer.id).values(**held))
        if not sad:
            buys(session, customer, on=LONG_AGO + timedelta(days=3))
    found = read(session, trigger)
    assert found.reading is not None
    assert (found.treated, found.control, found.reading.interval.value) == (100, 100, 0)
    went = session.scalars(select(Moment.customer_id).where(Moment.state == "spotted")).all()
    by_message = difference(Share(50, len(went)), found.reading.control.share)
    assert by_message.low > 0.3


def test_a_customer_is_counted_once_by_their_first_moment(session: Session, trigger: Trigger) -> None:
    """Whatever comes later: a second moment makes no second customer, and brings no other day."""
    customer = decide(session, trigger, on=LONG_AGO, control=False, spotted_at=at(LONG_AGO))
    decide(session, trigger, on=LONG_AGO + timedelta(days=90), control=False, customer=customer)
    buys(session, customer, on=LONG_AGO + timedelta(days=95))
    found = read(session, trigger)
    assert (found.treated, found.control) == (1, 0)


@pytest.mark.parametrize(("day", "counts"), [(-1, False), (0, True), (60, True), (61, False)])
def test_what_happened_in_the_window_counts(session: Session, trigger: Trigger, day: int, counts: bool) -> None:
    """From the moment's day on, sixty days long."""
    customer = decide(session, trigger, on=LONG_AGO, control=False)
    buys(session, customer, on=LONG_AGO + timedelta(days=day))
    assert _happened(session, trigger) == int(counts)


def test_the_order_that_made_the_moment_is_no_repeat(session: Session, trigger: Trigger) -> None:
    """The tenth order is why we write; only what came after it counts. Nor does an order that was taken back."""
    customer = decide(session, trigger, on=LONG_AGO, control=False, occurred_at=at(LONG_AGO))
    buys(session, customer, on=LONG_AGO)
    make_event(session, customer, "order_completed", occurred_at=at(LONG_AGO, 9), message_id="wrong")
    make_event(session, customer, "event_retracted", occurred_at=at(LONG_AGO, 10), corrects="wrong")
    assert _happened(session, trigger) == 0
    make_event(session, customer, "order_completed", occurred_at=at(LONG_AGO, 11), occurred_on=LONG_AGO)
    assert _happened(session, trigger) == 1


def test_a_property_filters_the_events(session: Session, trigger: Trigger) -> None:
    """Only renewals of the plan that is meant."""
    session.execute(update(Outcome).where(Outcome.name == "Renewal").values(property="plan", value="yearly"))
    customers = [decide(session, trigger, on=LONG_AGO, control=False) for _ in range(2)]
    for customer, plan in zip(customers, ("yearly", "monthly"), strict=True):
        when = at(LONG_AGO + timedelta(days=2))
        make_event(session, customer, "contract_renewed", occurred_at=when, properties={"plan": plan})
    assert _happened(session, trigger, "Renewal") == 1


def test_a_window_that_is_not_over_is_not_counted(session: Session, trigger: Trigger) -> None:
    """With two days of grace for events that arrive late."""
    for days in (61, 62, 63):
        decide(session, trigger, on=TODAY - timedelta(days=days), control=False)
    assert read(session, trigger).treated == 2


def test_only_what_was_drawn_with_the_present_share_is_compared(session: Session, trigger: Trigger) -> None:
    """Moments of a time without a control group have nobody to be compared with."""
    before = TriggerVersion(
        trigger_id=trigger.id,
        number=2,
        definition=make_definition(name=trigger.name).model_dump(mode="json", by_alias=True),
        author="test",
        reason="test",
        created_at=at(LONG_AGO),
    )
    session.add(before)
    session.flush()
    decide(session, trigger, on=LONG_AGO, control=False)
    session.execute(update(Moment).values(trigger_version_id=before.id))
    decide(session, trigger, on=LONG_AGO, control=False)
    assert read(session, trigger).treated == 1


def test_what_never_came_to_the_decision_is_in_no_group(session: Session, trigger: Trigger) -> None:
    """Held until too late, in both groups alike."""
    make_moment(
        session, make_customer(session), trigger, send_on=LONG_AGO, state="expired", reason="x", closed_at=at(LONG_AGO)
    )
    assert read(session, trigger).treated == 0


def test_too_few_are_said_with_how_many_are_needed_and_when(session: Session, trigger: Trigger) -> None:
    """Two of each group a day: a hundred are there after ten weeks more."""
    for days in range(15):
        for control in (False, True):
            for _ in range(2):
                decide(session, trigger, on=TODAY - timedelta(days=62 + days), control=control)
    found = read(session, trigger)
    assert found.reading is None
    assert (found.treated, found.control, found.needed) == (30, 30, 100)
    assert found.about_on == TODAY + timedelta(days=35)


def test_recoveries_and_triggers_without_a_control_group_say_so(session: Session) -> None:
    """There is nobody to compare with: nobody is left alone with a problem for the sake of a number."""
    kept_apart = make_trigger(session, family="recover", kind="recovery", occasion="problem_solved", params={})
    alone = make_trigger(session)
    found, apart = effects(session, today=TODAY)
    assert found == []
    assert {one.trigger: one.why for one in apart} == {kept_apart.name: "recovery", alone.name: "no_control"}


def test_what_a_worker_counted_is_what_counting_says(db: Database) -> None:
    """Kept once a day, and good for this day; what happens meanwhile is seen the day after, or when terms change."""
    with db.writing() as session:
        trigger = make_trigger(session, control_share=0.5)
        for number in range(8):
            customer = decide(session, trigger, on=LONG_AGO + timedelta(days=number), control=number % 2 == 0)
            if number % 3 == 0:
                buys(session, customer, on=LONG_AGO + timedelta(days=10))
    with db.reading() as session:
        direct = effects(session, today=TODAY)
    assert keep_counts(db, today=TODAY, enough=never) == 3
    assert keep_counts(db, today=TODAY, enough=never) == 0
    with db.writing() as session:
        assert effects(session, today=TODAY) == direct
        decide(session, trigger, on=LONG_AGO, control=True)
    with db.writing() as session:
        assert [one.control for one in effects(session, today=TODAY)[0]] == [4, 4, 4]
        session.execute(update(Outcome).where(Outcome.name == "Renewal").values(version=2))
        assert {one.outcome: one.control for one in effects(session, today=TODAY)[0]}["Renewal"] == 5
    tomorrow = TODAY + timedelta(days=1)
    assert keep_counts(db, today=tomorrow, enough=never) == 3
    with db.reading() as session:
        found, _ = effects(session, today=tomorrow)
    assert [(one.control, one.counted_on) for one in found] == [(5, tomorrow)] * 3


def test_an_old_count_is_not_shown(db: Database) -> None:
    """Where no worker counted for a week the page counts itself."""
    with db.writing() as session:
        trigger = make_trigger(session, control_share=0.5)
    assert keep_counts(db, today=TODAY, enough=never) == 3
    with db.writing() as session:
        decide(session, trigger, on=LONG_AGO, control=True)
        assert effects(session, today=TODAY + timedelta(days=7))[0][0].control == 0
        assert effects(session, today=TODAY + timedelta(days=8))[0][0].control == 1


def test_three_outcomes_ship(session: Session) -> None:
    """Repeat purchase, renewal, problem reopened; the last one is nothing to hope for."""
    assert [(one.name, one.good) for one in outcomes(session)] == [
        ("Problem reopened", False),
        ("Renewal", True),
        ("Repeat purchase", True),
    ]


def _happened(session: Session, trigger: Trigger, outcome: str = "Repeat purchase") -> int:
    wanted = next(one for one in outcomes(session) if one.name == outcome)
    versions = effect_room._versions(session, trigger.id)
    days = effect_room.count_days(session, trigger.id, wanted, versions, 0.5, today=TODAY)
    return sum(day.treated.happened for day in days)
