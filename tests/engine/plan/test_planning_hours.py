"""Planning by the hours of customers: quiet hours, the law for texts, the trigger's days, turns, and letters."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.plan.intents import hours_key
from engine.plan.times import recompute_send_times
from engine.storage.models import ContactPoint, Customer, Message, Moment
from tests.engine.builders import NOW, make_customer, make_moment, make_trigger
from tests.engine.plan.test_planning import TEAM, active, messages, plan, plan_due

TUESDAY = date(2026, 6, 2)  # in Berlin nine o'clock is 07:00 UTC
TEXTS = Offered(("sms",))
NIGHT = {"quiet_from": time(22), "quiet_until": time(7)}
UNTIL_TEN = {"quiet_from": time(22), "quiet_until": time(10)}
UNTIL_NOON = {"quiet_from": time(22), "quiet_until": time(12)}


def reached(session: Session, channel: str = "sms", **fields: Any) -> Customer:
    """A customer with a number, or an address, on the channel."""
    customer = make_customer(session, **fields)
    session.add(ContactPoint(customer_id=customer.id, channel=channel, address=f"+49{customer.bucket}"))
    session.flush()
    return customer


def planned(session: Session, customer: Customer, send: dict[str, Any] | None = None, **how: Any) -> Message | None:
    """The message planned for a moment of this customer on Tuesday, of a trigger that writes twenty days `ahead`."""
    trigger = make_trigger(session, send=send or {}, review={"write_ahead_days": how.pop("ahead", 20)})
    on = how.pop("on", TUESDAY)
    make_moment(session, customer, trigger, nominal_on=on, expires_at=how.pop("expires_at", _days_later(on, 3)))
    plan(session, **how)
    return next(iter(messages(session)), None)


def _days_later(on: date, days: int) -> datetime:
    return datetime.combine(on + timedelta(days=days), time(0), UTC)


def at(text: str) -> datetime:
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def moment(session: Session) -> Moment:
    return session.scalars(select(Moment)).one()


@pytest.mark.parametrize(
    ("where", "send", "send_at"),
    [
        ({}, {}, "06-02 07:00"),
        (NIGHT, {}, "06-02 07:00"),
        (UNTIL_TEN, {}, "06-02 08:00"),
        # Monday to Wednesday are none of its days: Thursday, whose end is the expiry
        ({}, {"weekdays": ["thu"]}, "06-04 07:00"),
        # Tuesday 2 June is a holiday in Italy
        ({"country": "IT"}, {"holidays": "skip"}, "06-03 07:00"),
        ({"country": "DE"}, {"holidays": "skip"}, "06-02 07:00"),
    ],
)
def test_a_message_goes_at_the_first_hour_that_everybody_allows(
    session: Session, where: dict[str, Any], send: dict[str, Any], send_at: str
) -> None:
    """The window from nine to eleven, less what the customer and the trigger's days take away."""
    message = planned(session, make_customer(session, **where), send)
    assert message
    assert message.send_at == at(send_at)


@pytest.mark.parametrize(
    ("where", "on", "send_at"),
    [
        # Texas by Chicago's clock (UTC-5 in June): Sunday 7 June from noon, the window is 9-18
        ({"country": "US", "region": "TX", "zone": "America/Chicago"}, "2026-06-07", "06-07 17:00"),
        # Rhode Island (UTC-4) on a Saturday from 10
        ({"country": "US", "region": "RI", "zone": "America/New_York"}, "2026-06-06", "06-06 14:00"),
        # France on Sunday: Monday
        ({"country": "FR", "zone": "Europe/Paris"}, "2026-06-07", "06-08 07:00"),
        # no state and a guessed zone: 16:00-18:00 in New York, 20:00-22:00 UTC; but the window by the guess (UTC) ends
        # at 18:00, so that nothing is left
        ({"country": "US", "zone": "UTC", "zone_guessed": True}, "2026-06-03", None),
    ],
)
def test_texts_keep_the_hours_of_the_law_where_the_customer_lives(
    session: Session, where: dict[str, Any], on: str, send_at: str | None
) -> None:
    """By state and weekday, and strictly where nobody knows."""
    day = date.fromisoformat(on)
    message = planned(
        session, reached(session, **where), {"window_start": "09:00", "window_end": "18:00"}, on=day, channels=TEXTS
    )
    if send_at is None:
        assert message is None
        return
    assert message
    assert (message.channel, message.send_at) == ("sms", at(send_at))


def test_neighbours_with_other_hours_are_planned_by_their_own(session: Session) -> None:
    """Two customers of one trigger, day and zone, of whom one sleeps until ten."""
    trigger = make_trigger(session)
    for where in ({}, UNTIL_TEN, {}):
        make_moment(session, make_customer(session, **where), trigger, nominal_on=TUESDAY)
    plan(session)
    found = sorted(message.send_at for message in messages(session))
    assert found == [at("06-02 07:00"), at("06-02 07:00"), at("06-02 08:00")]


def test_a_mail_may_go_when_a_text_may_not(session: Session) -> None:
    """The law on texts does not bind it."""
    texas = {"country": "US", "region": "TX", "zone": "America/Chicago"}
    message = planned(session, reached(session, "email", **texas), on=date(2026, 6, 7), channels=Offered(("email",)))
    assert message
    assert message.send_at == at("06-07 14:00")


def test_switched_off_the_law_takes_nothing_away(session: Session) -> None:
    """An installation may know better; its trigger's window stays."""
    texas = {"country": "US", "region": "TX", "zone": "America/Chicago"}
    off = Offered(("sms",), text_hours="off")
    message = planned(session, reached(session, **texas), on=date(2026, 6, 7), channels=off)
    assert message
    assert message.send_at == at("06-07 14:00")


@pytest.mark.parametrize(
    ("where", "channels", "reason"),
    [
        (UNTIL_NOON, Offered(), "quiet_hours"),
        ({"country": None, "zone": "Asia/Tokyo"}, TEXTS, "legal_hours"),  # from 10 on, and the window is 8-10
    ],
)
def test_what_its_hours_never_allow_expires_by_their_name(
    session: Session, where: dict[str, Any], channels: Offered, reason: str
) -> None:
    """Not before writing would have begun, as the hours may change until then; then at once."""
    send = {"window_start": "08:00", "window_end": "10:00"}
    assert planned(session, reached(session, **where), send, channels=channels) is None
    assert (moment(session).state, moment(session).reason) == ("expired", reason)


def test_hours_that_leave_nothing_may_change_until_the_text_would_be_written(session: Session) -> None:
    """Three weeks ahead it waits for the day on which writing begins; then quiet hours were taken back."""
    customer = make_customer(session, **UNTIL_NOON)
    assert planned(session, customer, on=date(2026, 6, 22), ahead=3) is None
    # Monday 22 June, 09:00 less three working days of the team: Wednesday 17 June, 09:00 in Berlin
    assert (moment(session).state, moment(session).check_at) == ("spotted", at("06-17 07:00"))
    customer.quiet_from = customer.quiet_until = None
    session.flush()
    plan(session, now=at("06-17 07:00"))
    assert messages(session)[0].send_at == at("06-22 07:00")


# --- turns


def test_the_messages_of_nine_oclock_do_not_go_at_once(session: Session) -> None:
    """Each in its turn within half an hour, and within the window."""
    trigger = make_trigger(session, active_from=NOW)  # too young for its brake
    for bucket in range(60):
        make_moment(session, make_customer(session, bucket=bucket), trigger, nominal_on=TUESDAY)
    plan(session, channels=Offered(spread_minutes=30))
    minutes = sorted((message.send_at - at("06-02 07:00")) // timedelta(minutes=1) for message in messages(session))
    assert minutes == sorted([*range(30)] * 2)
    # the team's last hour is that of nine o'clock for all of them
    assert {message.deadline_at for message in messages(session)} == {at("06-01 14:00")}


def test_what_is_planned_in_the_window_goes_at_once(session: Session) -> None:
    """Whoever comes late does not queue."""
    trigger = make_trigger(session, review={"policy": "auto"})
    make_moment(session, make_customer(session, bucket=29), trigger, nominal_on=TUESDAY)
    plan(session, now=at("06-02 07:20"), channels=Offered(spread_minutes=30))
    assert messages(session)[0].send_at == at("06-02 07:20")


# --- letters

LETTERS = Offered(("letter", "email"), lead_days=3)


def writable(session: Session, **fields: Any) -> Customer:
    customer = reached(session, "letter", **fields)
    session.add(ContactPoint(customer_id=customer.id, channel="email", address=f"a{customer.bucket}@example.org"))
    session.flush()
    return customer


def test_a_letter_is_posted_so_that_it_is_there_on_its_day(session: Session) -> None:
    """Wednesday 10 June less three working days in Germany: Friday 5 June; its text is needed on Thursday."""
    message = planned(session, writable(session), on=date(2026, 6, 10), channels=LETTERS)
    assert message
    assert (message.channel, message.send_on) == ("letter", date(2026, 6, 10))
    assert (message.send_at, message.deadline_at) == (at("06-05 07:00"), at("06-04 14:00"))


@pytest.mark.parametrize(
    ("on", "country", "channel"),
    [
        # NOW is Monday 1 June, 14:00 in Berlin. Posted today a letter is there on Thursday 4 June
        ("2026-06-04", "DE", "letter"),
        ("2026-06-03", "DE", "email"),
        # Tuesday 2 June is a holiday in Italy: Friday
        ("2026-06-04", "IT", "email"),
        ("2026-06-05", "IT", "letter"),
        ("2026-06-04", None, "letter"),
    ],
)
def test_where_a_letter_would_be_late_another_channel_is_chosen(
    session: Session, on: str, country: str | None, channel: str
) -> None:
    """By the working days of where the customer lives."""
    message = planned(session, writable(session, country=country), on=date.fromisoformat(on), channels=LETTERS)
    assert message
    assert message.channel == channel


def test_a_letter_that_is_late_and_the_only_way_ends_by_that_name(session: Session) -> None:
    """A card that arrives after the birthday is worse than none."""
    only = Offered(("letter",), lead_days=3)
    assert planned(session, writable(session), on=date(2026, 6, 3), channels=only) is None
    assert (moment(session).state, moment(session).reason) == ("expired", "post_too_late")


# --- worked out again


def recompute(session: Session, channels: Offered = TEXTS, **how: Any) -> int:
    moved = recompute_send_times(session, now=how.pop("now", NOW), team=TEAM, channels=channels, **how)
    session.expire_all()
    return moved


@pytest.mark.parametrize(
    ("change", "send_at"),
    [
        (UNTIL_TEN, "06-02 08:00"),
        ({"country": "US", "region": "KY", "zone": "Europe/Berlin"}, "06-02 08:00"),
        ({"region": "BY"}, "06-02 07:00"),
        # 8-20 on the Canaries is 9-21 in Madrid, and so is no part of the window from 9 to 11 lost
        ({"country": "ES", "zone_guessed": True}, "06-02 07:00"),
    ],
)
def test_a_planned_text_follows_its_customers_hours(session: Session, change: dict[str, Any], send_at: str) -> None:
    """Quiet hours, country, region, or that the zone is a guess; once for each set of these."""
    customer = reached(session)
    message = planned(session, customer, channels=TEXTS)
    assert message
    recompute(session)  # the zone data are new to this database
    assert recompute(session) == 0
    for name, value in change.items():
        setattr(customer, name, value)
    session.flush()
    assert recompute(session) == 1
    assert message.send_at == at(send_at)
    assert recompute(session) == 0


def test_messages_worked_out_again_keep_their_turns(session: Session) -> None:
    """Everybody moves to New York, and nine o'clock there is no rush either."""
    trigger = make_trigger(session)
    for bucket in (0, 10, 29):
        make_moment(session, make_customer(session, bucket=bucket), trigger, nominal_on=TUESDAY)
    house = Offered(spread_minutes=30)
    plan(session, channels=house)
    for customer in session.scalars(select(Customer)):
        customer.zone = "America/New_York"
    session.flush()
    recompute(session, house)
    found = sorted(message.send_at for message in messages(session))
    assert found == [at("06-02 13:00"), at("06-02 13:10"), at("06-02 13:29")]


def test_where_new_hours_leave_nothing_the_message_is_left_to_expire(session: Session) -> None:
    """It keeps its times, and the second check says what keeps it."""
    customer = make_customer(session)
    message = planned(session, customer)
    assert message
    recompute(session)
    customer.quiet_from, customer.quiet_until = time(22), time(12)
    session.flush()
    assert recompute(session) == 1
    assert message.send_at == at("06-02 07:00")


def test_the_key_of_the_hours_is_the_same_from_planning_and_afterwards(session: Session) -> None:
    """Else every round would work all times out again."""
    message = planned(session, make_customer(session, region="BY", zone_guessed=True, **NIGHT))
    assert message
    assert message.hours_key == session.scalar(select(hours_key()))


# --- cost


def test_planning_asks_as_many_statements_whatever_the_hours(session: Session) -> None:
    """Fifty customers with quiet hours of their own cost no statement more than one."""
    counts = []
    for size in (1, 50):
        trigger = make_trigger(session)
        for n in range(size):
            quiet = {"quiet_from": time(20, n), "quiet_until": time(6, n)}
            make_moment(session, reached(session, **quiet), trigger, nominal_on=TUESDAY)
        seen: list[str] = []

        def note(_c: Any, _cur: Any, statement: str, *_rest: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        plan_due(session, active(session, trigger), now=NOW, team=TEAM)
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1]
