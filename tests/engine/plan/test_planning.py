"""From spotted moments to planned messages, on both databases."""

import threading
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import create_model
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.definitions.store import ActiveTrigger, definition_of, save_definition
from engine.plan.control import in_control
from engine.plan.ending import cancel_moments, end_message
from engine.plan.planning import PlanSettings, plan_due
from engine.storage.models import AuditEntry, Customer, Hold, Message, MessageMoment, Moment, Trigger
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger

TEAM = TeamHours("Europe/Berlin", time(9), time(17), "DE")
TOMORROW = date(2026, 6, 2)  # a Tuesday; in Berlin nine o'clock is 07:00 UTC
DAY = timedelta(days=1)


def active(session: Session, *triggers: Trigger) -> list[ActiveTrigger]:
    """The triggers as planning gets them."""
    found = []
    for trigger in triggers or session.scalars(select(Trigger)).all():
        assert trigger.version_id
        assert trigger.active_from
        definition = definition_of(session, trigger.version_id)
        found.append(
            ActiveTrigger(
                id=trigger.id,
                version_id=trigger.version_id,
                name=trigger.name,
                state=trigger.state,
                active_from=trigger.active_from,
                salt=trigger.salt,
                definition=definition,
                params=create_model("Params")(),
                kind=None,  # type: ignore[arg-type] - planning asks no kind
            )
        )
    return found


def plan(session: Session, *, now: datetime = NOW, **settings: Any) -> int:
    """Plan until nothing is due any more; how many looks it took."""
    triggers, looks = active(session), 0
    while handled := plan_due(session, triggers, now=now, team=TEAM, settings=PlanSettings(**settings)):
        looks += handled
        assert looks < 1000, "planning does not come to an end"
    session.expire_all()
    return looks


def messages(session: Session) -> list[Message]:
    return list(session.scalars(select(Message).order_by(Message.send_on, Message.id)))


def moments_of(session: Session, message: Message) -> list[uuid.UUID]:
    of_message = select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id, MessageMoment.live)
    return list(session.scalars(of_message.order_by(MessageMoment.position)))


def holds(session: Session, moment: Moment) -> set[str]:
    return set(session.scalars(select(Hold.name).where(Hold.moment_id == moment.id, Hold.released_at.is_(None))))


# One moment


def test_a_free_moment_becomes_an_unwritten_message(session: Session) -> None:
    """With channel, template, local intent and times, ready for the writer."""
    trigger = make_trigger(session, title="Many happy returns", template="birthday", weight=40)
    moment = make_moment(session, make_customer(session), trigger, weight=40)
    plan(session)
    (message,) = messages(session)
    assert moments_of(session, message) == [moment.id]
    assert (moment.state, moment.planned_at) == ("planned", NOW)
    assert (message.state, message.number, message.channel, message.template) == ("draft", 0, "postbox", "birthday")
    assert (message.send_on, message.window_start, message.zone) == (TOMORROW, time(9), "Europe/Berlin")
    assert message.send_at == datetime(2026, 6, 2, 7, tzinfo=UTC)
    # three working days of the team before the send, and the last full hour on Monday
    assert message.write_at == datetime(2026, 5, 28, 7, tzinfo=UTC)
    assert message.deadline_at == datetime(2026, 6, 1, 14, tzinfo=UTC)
    assert (message.weight, message.expires_at) == (40, moment.expires_at)


def test_what_is_far_away_is_looked_at_when_writing_would_begin(session: Session) -> None:
    """Not every hour until then. 12 June 2026 is a Friday; three working days before is Tuesday."""
    moment = make_moment(session, make_customer(session), make_trigger(session), nominal_on=date(2026, 6, 12))
    plan(session)
    assert (moment.state, moment.check_at) == ("spotted", datetime(2026, 6, 9, 7, tzinfo=UTC))
    plan(session, now=datetime(2026, 6, 9, 7, tzinfo=UTC))
    assert moment.state == "planned"


def test_a_window_that_is_over_today_opens_again_tomorrow(session: Session) -> None:
    """The message belongs to the day on which it would really go."""
    moment = make_moment(session, make_customer(session), make_trigger(session), nominal_on=NOW.date())
    plan(session)
    (message,) = messages(session)
    assert message.send_on == TOMORROW
    assert moment.send_on == NOW.date()


def test_without_a_window_before_its_expiry_a_moment_is_too_late(session: Session) -> None:
    """Late is worse than never, and said at once."""
    at_midnight = datetime(2026, 6, 1, 22, tzinfo=UTC)
    trigger = make_trigger(session)
    moment = make_moment(session, make_customer(session), trigger, nominal_on=NOW.date(), expires_at=at_midnight)
    plan(session)
    assert (moment.state, moment.reason) == ("expired", "too_late")


def test_what_was_held_until_its_last_window_was_over_keeps_the_name_of_its_hold(session: Session) -> None:
    """The hold is why the customer got nothing; that it was late in the end explains nothing."""
    at_midnight = datetime(2026, 6, 1, 22, tzinfo=UTC)
    moment = make_moment(
        session, make_customer(session), make_trigger(session), nominal_on=NOW.date(), expires_at=at_midnight
    )
    session.add(Hold(moment_id=moment.id, name="consent_unknown", opened_at=NOW - timedelta(days=1)))
    session.flush()
    plan(session)
    assert (moment.state, moment.reason) == ("expired", "held:consent_unknown")


@pytest.mark.parametrize(
    ("review", "facts", "must_read", "if_unreviewed"),
    [
        ({}, {}, True, "drop"),
        ({"policy": "auto"}, {}, False, "drop"),
        ({"policy": "auto", "if_unreviewed": "send"}, {}, False, "send"),
        ({"policy": "person", "if_unreviewed": "send"}, {}, False, "send"),
        ({"policy": "person", "if_unreviewed": "send"}, {"serious": True}, True, "drop"),
        ({"policy": "auto", "if_unreviewed": "send", "must_read_weight": 30}, {}, True, "drop"),
        ({"policy": "auto", "if_unreviewed": "send"}, {"serious": True}, True, "drop"),
        ({"policy": "auto", "if_unreviewed": "send"}, {"repeated": True}, True, "drop"),
        ({"policy": "auto", "if_unreviewed": "send"}, {"repeated": False}, False, "send"),
    ],
)
def test_who_must_read_it(
    session: Session, review: dict[str, Any], facts: dict[str, bool], must_read: bool, if_unreviewed: str
) -> None:
    """What is heavy, serious or repeated never goes unread; else the trigger's policy decides."""
    stored = {name: {"value": value, "source": "t1", "sayable": False} for name, value in facts.items()}
    make_moment(session, make_customer(session), make_trigger(session, review=review), facts=stored)
    plan(session)
    (message,) = messages(session)
    assert (message.must_read, message.if_unreviewed) == (must_read, if_unreviewed)


def test_another_template_speaks_where_an_exception_asks_for_it(session: Session) -> None:
    """The first exception that applies, and a person reads it first where the exception says so."""
    rules = [
        {"name": "in_austria", "when": {"field": "customer.country", "op": "eq", "value": "AT"}, "then": "hold"},
        {
            "name": "in_berlin",
            "when": {"field": "customer.zone", "op": "eq", "value": "Europe/Berlin"},
            "then": "alternative",
            "template": "birthday_berlin",
            "must_read": True,
        },
        {
            "name": "in_germany",
            "when": {"field": "customer.country", "op": "eq", "value": "DE"},
            "then": "alternative",
            "template": "birthday_german",
        },
    ]
    trigger = make_trigger(session, exceptions=rules, review={"policy": "auto"})
    berlin, elsewhere = make_customer(session), make_customer(session, zone="Europe/London")
    other = make_customer(session, zone="Europe/Paris", country="FR")
    for customer in (berlin, elsewhere, other):
        make_moment(session, customer, trigger)
    plan(session)
    spoken = {message.customer_id: (message.template, message.must_read) for message in messages(session)}
    assert spoken[berlin.id] == ("birthday_berlin", True)
    assert spoken[elsewhere.id] == ("birthday_german", False)
    assert spoken[other.id] == ("birthday", False)


def test_what_is_no_longer_true_is_cancelled(session: Session) -> None:
    """The customer's birthday is not on record any more, and nobody is greeted."""
    trigger = make_trigger(session)
    facts = {name: {"value": 2, "source": "birthday", "sayable": False} for name in ("month", "day")}
    moment = make_moment(session, make_customer(session), trigger, facts=facts)
    plan(session)
    assert (moment.state, moment.reason, messages(session)) == ("cancelled", "date_changed", [])


# Holds


def test_a_held_moment_waits_under_its_name_and_goes_on_when_it_is_free(session: Session) -> None:
    """The row opens, stays, and gets its end."""
    customer = make_customer(session, minor=True)
    moment = make_moment(session, customer, make_trigger(session))
    plan(session)
    assert (moment.state, holds(session, moment), moment.check_at) == ("spotted", {"minor"}, NOW + timedelta(hours=1))
    customer.minor = False
    session.flush()
    plan(session, now=NOW + timedelta(hours=1))
    assert (moment.state, holds(session, moment)) == ("planned", set())


def test_what_will_not_end_skips_at_once(session: Session) -> None:
    """By its name, without waiting for the expiry."""
    moment = make_moment(session, make_customer(session, deceased=True), make_trigger(session))
    plan(session)
    assert (moment.state, moment.reason, messages(session)) == ("skipped", "deceased", [])


@pytest.mark.parametrize(("state", "held"), [("paused", {"trigger_paused"}), ("shadow", {"shadow"})])
def test_moments_of_triggers_that_do_not_send_are_held_by_name(session: Session, state: str, held: set[str]) -> None:
    """Also where planning was not told of the trigger."""
    moment = make_moment(session, make_customer(session), make_trigger(session, state=state))
    assert plan_due(session, [], now=NOW, team=TEAM) == 1
    assert holds(session, moment) == held
    assert plan_due(session, [], now=NOW, team=TEAM) == 0


def test_planning_comes_to_an_end_with_triggers_it_was_not_told_of(session: Session) -> None:
    """An active trigger that is missing in the list waits an hour instead of going round for ever."""
    make_moment(session, make_customer(session), make_trigger(session))
    assert [plan_due(session, [], now=NOW, team=TEAM) for _ in range(2)] == [1, 0]


# Clashes


def test_celebrations_of_one_day_become_one_message(session: Session) -> None:
    """Strictest review, earliest expiry, narrowest window; the heaviest leads and gives template and occasion."""
    customer = make_customer(session)
    light = make_trigger(session, review={"policy": "auto"}, send={"window_start": "09:00", "window_end": "12:00"})
    heavy = make_trigger(session, occasion="order_milestone", template="orders", review={"policy": "person"})
    narrow = make_trigger(session, review={"policy": "auto"}, send={"window_start": "10:00", "window_end": "11:00"})
    early = NOW + 2 * DAY
    one = make_moment(session, customer, light, weight=20)
    two = make_moment(session, customer, heavy, weight=45)
    three = make_moment(session, customer, narrow, weight=10, expires_at=early)
    plan(session)
    (message,) = messages(session)
    assert moments_of(session, message) == [two.id, one.id, three.id]
    assert (message.template, message.occasion, message.weight) == ("orders", "order_milestone", 45)
    assert (message.must_read, message.expires_at) == (True, early)
    assert (message.window_start, message.send_at) == (time(10), datetime(2026, 6, 2, 8, tzinfo=UTC))


def test_the_weightiest_wins_where_the_trigger_says_so(session: Session) -> None:
    """The loser keeps its reason, and returns when the winner dies unsent."""
    customer = make_customer(session)
    winner = make_moment(session, customer, make_trigger(session, clash="weightiest"), weight=40)
    loser = make_moment(session, customer, make_trigger(session), weight=20)
    plan(session)
    (message,) = messages(session)
    assert moments_of(session, message) == [winner.id]
    assert (loser.state, holds(session, loser)) == ("spotted", {"clash_lost"})
    end_message(session, message.id, "skipped", "not nice", now=NOW)
    plan(session)
    assert (winner.state, loser.state, holds(session, loser)) == ("skipped", "planned", set())


def test_celebrations_of_other_days_customers_and_families_do_not_clash(session: Session) -> None:
    """Four moments, four messages."""
    customer, other = make_customer(session), make_customer(session)
    trigger = make_trigger(session, caps={"messages": 9})
    reassure = make_trigger(session, family="reassure")
    make_moment(session, customer, trigger)
    make_moment(session, customer, trigger, nominal_on=TOMORROW + DAY)
    make_moment(session, other, trigger)
    make_moment(session, customer, reassure)
    plan(session)
    assert len(messages(session)) == 4


@pytest.mark.parametrize("state", ["draft", "in_review"])
def test_a_late_moment_joins_a_message_that_is_still_open(session: Session, state: str) -> None:
    """The message is written again, under its number; a heavier late-comer leads it."""
    customer = make_customer(session)
    first = make_moment(session, customer, make_trigger(session), weight=20)
    message = make_message(session, first, state=state, number=1, weight=20)
    late = make_moment(session, customer, make_trigger(session, template="orders"), weight=40)
    plan(session)
    assert (message.state, message.number, message.write_at, message.version) == ("draft", 1, NOW, 2)
    assert (message.template, message.weight) == ("orders", 40)
    assert moments_of(session, message) == [late.id, first.id]
    assert (first.state, late.state) == ("planned", "planned")


@pytest.mark.parametrize(
    "fields", [{"state": "approved"}, {"state": "in_review", "edited": True}, {"state": "handed_over"}]
)
def test_a_merge_closes_at_approval_or_when_a_person_has_written(session: Session, fields: dict[str, Any]) -> None:
    """What comes later loses the day, and nobody's words are thrown away."""
    customer = make_customer(session)
    message = make_message(session, make_moment(session, customer, make_trigger(session)), **fields)
    late = make_moment(session, customer, make_trigger(session), weight=90)
    plan(session)
    assert message.state == fields["state"]
    assert holds(session, late) == {"clash_lost"}


def test_a_day_that_was_taken_meanwhile_is_lost_and_not_an_error(session: Session) -> None:
    """UNIQUE decides: here somebody writes a celebration of the day after planning looked for one."""
    customer = make_customer(session)
    trigger = make_trigger(session)
    moment = make_moment(session, customer, trigger)
    rival = make_moment(session, customer, trigger, state="planned")

    def take_the_day(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT INTO messages") and not taken:
            taken.append(True)
            make_message(session, rival)

    taken: list[bool] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", take_the_day)
    plan(session)
    event.remove(connection, "before_cursor_execute", take_the_day)
    (message,) = messages(session)
    assert taken
    assert moments_of(session, message) == [rival.id]
    assert (moment.state, holds(session, moment)) == ("spotted", {"clash_lost"})


def test_a_customer_has_one_recovery_at_a_time_within_the_cap(session: Session) -> None:
    """Of several moments that are due at once the cap sees each message before the next is made."""
    customer = make_customer(session)
    trigger = make_trigger(session, caps={"messages": 2, "days": 30})
    moments = [make_moment(session, customer, trigger, nominal_on=TOMORROW + n * DAY) for n in range(3)]
    plan(session, now=NOW)
    assert [moment.state for moment in moments] == ["planned", "planned", "spotted"]
    assert holds(session, moments[2]) == {"cap"}


# Control


def controlled(session: Session, trigger: Trigger, share: float, *, wanted: bool) -> Customer:
    """A customer who is, or is not, in the control group."""
    return next(
        customer
        for customer in iter(lambda: make_customer(session), None)
        if in_control(customer.bucket, trigger.salt, share) is wanted
    )


def test_some_are_left_out_so_that_the_effect_can_be_measured(session: Session) -> None:
    """Control is an end of its own: no message, and no hold."""
    trigger = make_trigger(session, control_share=0.5)
    kept_out = make_moment(session, controlled(session, trigger, 0.5, wanted=True), trigger)
    let_in = make_moment(session, controlled(session, trigger, 0.5, wanted=False), trigger)
    plan(session)
    assert (kept_out.state, let_in.state) == ("control", "planned")
    assert holds(session, kept_out) == set()


def test_the_control_group_keeps_the_version_that_decided(session: Session) -> None:
    """As what is planned does: otherwise the two groups could not be compared after a change of the share."""
    trigger = make_trigger(session, control_share=0.5)
    old = trigger.version_id
    moments = [
        make_moment(session, controlled(session, trigger, 0.5, wanted=wanted), trigger) for wanted in (True, False)
    ]
    changed = definition_of(session, old).model_copy(update={"control_share": 0.5, "title": "Another title"})  # type: ignore[arg-type]
    save_definition(session, changed, author="test", reason="test", now=NOW)
    assert trigger.version_id != old
    plan(session)
    assert [moment.trigger_version_id for moment in moments] == [trigger.version_id] * 2


def test_control_is_drawn_last(session: Session) -> None:
    """Who is held would not have been written to anyway, and must not count as control."""
    trigger = make_trigger(session, control_share=0.5)
    customer = controlled(session, trigger, 0.5, wanted=True)
    customer.minor = True
    moment = make_moment(session, customer, trigger)
    plan(session)
    assert moment.state == "spotted"


def test_who_lost_to_a_control_has_the_day(session: Session) -> None:
    """The heavier one is left out on purpose; the lighter one is looked at again at once and goes."""
    trigger = make_trigger(session, control_share=0.5, clash="weightiest")
    customer = controlled(session, trigger, 0.5, wanted=True)
    heavy = make_moment(session, customer, trigger, weight=60)
    light = make_moment(session, customer, make_trigger(session), weight=10)
    plan(session)
    assert (heavy.state, light.state, holds(session, light)) == ("control", "planned", set())


# The brake


def test_above_its_daily_ceiling_a_trigger_pauses_itself_and_asks(session: Session) -> None:
    """What it would have planned waits, an audit row says why, and other triggers go on."""
    wild, tame = make_trigger(session, brake={"daily_ceiling": 2}), make_trigger(session)
    moments = [make_moment(session, make_customer(session), wild) for _ in range(3)]
    other = make_moment(session, make_customer(session), tame)
    plan(session)
    assert (wild.state, wild.paused_reason) == ("paused", "brake: 3 moments today, above the daily ceiling of 2")
    assert {moment.state for moment in moments} == {"spotted"}
    assert holds(session, moments[0]) == {"trigger_paused"}
    assert other.state == "planned"
    assert session.scalars(select(AuditEntry.action)).all() == ["paused"]


def test_the_ceiling_counts_what_was_planned_earlier_in_the_day(session: Session) -> None:
    """Small batches do not slip under it; yesterday's do not count."""
    trigger = make_trigger(session, brake={"daily_ceiling": 2})
    for at in (NOW - timedelta(hours=1), NOW - timedelta(hours=2), NOW - DAY):
        make_moment(session, make_customer(session), trigger, state="planned", planned_at=at)
    moment = make_moment(session, make_customer(session), trigger)
    plan(session)
    assert (trigger.state, moment.state) == ("paused", "spotted")


@pytest.mark.parametrize(
    ("usual", "today", "young", "pulled"),
    [
        (28, 20, False, False),  # one a day is usual, and twenty are nothing to worry about
        (28, 21, False, True),
        (28, 21, True, False),  # no forecast yet
        (28 * 8, 24, False, False),  # three times eight
        (28 * 8, 25, False, True),
    ],
)
def test_far_above_its_forecast_a_trigger_pauses_itself(
    session: Session, usual: int, today: int, young: bool, pulled: bool
) -> None:
    """Three times the average of the last 28 days, and at least twenty; from the eighth day on."""
    trigger = make_trigger(session, active_from=NOW - (6 if young else 60) * DAY)
    customer = make_customer(session)
    for number in range(usual):
        at = NOW - (number % 28 + 1) * DAY
        make_moment(session, customer, trigger, state="planned", planned_at=at)
    for _ in range(today):
        make_moment(session, make_customer(session), trigger)
    plan(session)
    assert (trigger.state == "paused") is pulled


# Many, and two at once


def test_the_number_of_statements_does_not_grow_with_the_customers(session: Session) -> None:
    """Sets, not loops: eighteen customers take as many statements as three."""
    trigger = make_trigger(session)
    counts = []
    for customers in (3, 3, 18):  # the first reads what is kept afterwards
        for number in range(customers):
            make_moment(session, make_customer(session, minor=number % 3 == 0), trigger)
        statements: list[str] = []
        listener = lambda *args, seen=statements: seen.append(args[2])  # noqa: E731
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", listener)
        plan_due(session, active(session, trigger), now=NOW, team=TEAM)
        event.remove(connection, "before_cursor_execute", listener)
        counts.append(len(statements))
    assert counts[1] == counts[2]


@pytest.mark.databases("postgres")
def test_a_customer_is_planned_for_by_one_at_a_time(db: Database) -> None:
    """While one planner counts a customer's messages the other passes by, and later counts what the first one made."""
    with db.writing() as session:
        trigger = make_trigger(session, caps={"messages": 1, "days": 30})
        customer = make_customer(session)
        for days in range(2):
            make_moment(session, customer, trigger, nominal_on=TOMORROW + days * DAY)
        triggers = active(session, trigger)
    with db.writing() as first:
        assert plan_due(first, triggers, now=NOW, team=TEAM, settings=PlanSettings(batch=1)) == 1
        with db.writing() as second:
            second.execute(text("SET LOCAL lock_timeout = '3s'"))  # a planner that waits shall fail, not hang
            assert plan_due(second, triggers, now=NOW, team=TEAM) == 0
    with db.writing() as second:
        plan(second)
        assert len(messages(second)) == 1


@pytest.mark.databases("postgres")
def test_what_ended_before_the_lock_was_taken_is_not_planned(db: Database) -> None:
    """An agent's click does not wait for planning: it is seen when the moments are read."""
    with db.writing() as session:
        trigger = make_trigger(session)
        moment = make_moment(session, make_customer(session), trigger)
        triggers = active(session, trigger)
    with db.writing() as session:

        def end_it(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
            if "UPDATE OF customers" in statement:
                with db.writing() as other:
                    cancel_moments(other, [moment.id], "no_longer_true", now=NOW)

        connection = session.connection()
        event.listen(connection, "after_cursor_execute", end_it)
        plan_due(session, triggers, now=NOW, team=TEAM)
        event.remove(connection, "after_cursor_execute", end_it)
        assert messages(session) == []
        assert session.get_one(Moment, moment.id).state == "cancelled"


def test_two_planners_at_once_keep_to_the_cap(db: Database) -> None:
    """Of one customer's moments each planner would take another; the customer's lock lets one of them count first."""
    with db.writing() as session:
        trigger = make_trigger(session, caps={"messages": 1, "days": 30})
        for _ in range(20):
            customer = make_customer(session)
            for days in range(3):
                make_moment(session, customer, trigger, nominal_on=TOMORROW + days * DAY)
        triggers = active(session, trigger)
    failures: list[BaseException] = []
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait()
            for _ in range(60):
                with db.writing() as session:
                    plan_due(session, triggers, now=NOW, team=TEAM, settings=PlanSettings(batch=7))
        except BaseException as error:
            failures.append(error)

    planners = [threading.Thread(target=work) for _ in range(2)]
    for planner in planners:
        planner.start()
    for planner in planners:
        planner.join()
    assert failures == []
    with db.reading() as session:
        of_each = session.execute(select(Message.customer_id, func.count()).group_by(Message.customer_id)).all()
        assert sorted(count for _, count in of_each) == [1] * 20
        assert session.scalar(select(func.count()).where(Moment.state == "planned")) == 20


@pytest.mark.parametrize(("if_unreviewed", "deadline"), [("send", time(7)), ("drop", time(9))])
def test_out_of_hours_what_may_go_unread_goes_as_its_window_opens(
    session: Session, if_unreviewed: str, deadline: time
) -> None:
    """On a Saturday for that Sunday, 09:00-11:00 in Berlin (UTC+2): at its end it would be too late to go at all."""
    saturday, sunday = datetime(2026, 6, 6, 12, tzinfo=UTC), date(2026, 6, 7)
    trigger = make_trigger(session, review={"policy": "person", "if_unreviewed": if_unreviewed})
    at_midnight = datetime(2026, 6, 7, 22, tzinfo=UTC)
    make_moment(session, make_customer(session), trigger, nominal_on=sunday, expires_at=at_midnight, check_at=saturday)
    plan(session, now=saturday)
    (message,) = messages(session)
    assert message.deadline_at == datetime.combine(sunday, deadline, UTC)
