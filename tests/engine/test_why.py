"""Why did, or didn't, they get this? The answer in plain words."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.definitions.store import active_triggers
from engine.people.audit import Doer, record
from engine.plan.chains import FELL_BACK, MOVED
from engine.plan.ending import end_message
from engine.plan.planning import plan_due
from engine.storage.models import Customer, Delivery, Hold, Message, Moment, Person
from engine.why import why
from tests.engine.builders import NOW, make_customer, make_event, make_message, make_moment, make_trigger
from triggers.table import KINDS

HOUR = timedelta(hours=1)
TEAM = TeamHours("Europe/Berlin", time(9), time(17), "DE")


def told(session: Session, customer: Customer, now: datetime = NOW + 9 * HOUR) -> list[str]:
    session.expire_all()
    return [line.text for line in why(session, customer, now=now)]


def test_a_message_that_went_is_told_from_its_beginning_to_its_delivery(session: Session) -> None:
    """Noticed, planned, written, approved by whom, handed over, delivered: in the order of time."""
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session), spotted_at=NOW)
    grace = Person(email="grace@example.org", name="Grace", role="agent", password_hash="x", created_at=NOW)
    session.add(grace)
    session.flush()
    message = make_message(
        session,
        moment,
        state="closed",
        created_at=NOW + HOUR,
        written_at=NOW + 2 * HOUR,
        approved_at=NOW + 3 * HOUR,
        approved_by=grace.id,
        handed_over_at=NOW + 4 * HOUR,
    )
    delivery = Delivery(message_id=message.id, channel="postbox", address="", state="delivered", fence=1, worker="w")
    delivery.claimed_at = delivery.submitting_at = delivery.accepted_at = NOW + 4 * HOUR
    delivery.delivered_at = NOW + 5 * HOUR
    session.add(delivery)
    session.flush()
    birthday = "Birthday (2 June 2026)"
    assert told(session, customer) == [
        f"{birthday}: noticed.",
        f"{birthday}: planned by postbox for 2 June 2026 at 09:00.",
        f"{birthday}: a text was written.",
        f"{birthday}: approved by Grace.",
        f"{birthday}: handed over to be sent.",
        f"{birthday}: accepted by postbox.",
        f"{birthday}: delivered by postbox.",
    ]


def test_a_hold_is_told_with_how_it_ends_and_when_it_ended(session: Session) -> None:
    """An open one says what would lift it, a past one that it holds no more."""
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session), spotted_at=NOW)
    for name, more in [
        ("open_problem", {"released_at": NOW + 2 * HOUR}),
        ("consent_unknown", {}),
        ("settling", {"until": datetime(2026, 6, 3, 7, tzinfo=UTC), "detail": "t1"}),
    ]:
        session.add(Hold(moment_id=moment.id, name=name, opened_at=NOW + HOUR, **more))
    session.flush()
    lines = [line.partition(": ")[2] for line in told(session, customer)[1:]]
    assert lines == [
        "held. No consent is recorded for this channel and occasion. This ends when consent is recorded.",
        "held. Something that went wrong for the customer is still open.",
        "held (t1). A problem was resolved and has to stay resolved for a while first. "
        "It waits until 3 June 2026 at 09:00.",
        "not held any more. What held it: Something that went wrong for the customer is still open.",
    ]


def test_every_end_has_its_reason_in_words(session: Session) -> None:
    """A hold that will not end, a person's own words, an hour too late, and the control group."""
    customer = make_customer(session, deceased=True)
    trigger = make_trigger(session)
    make_moment(session, customer, trigger)
    plan_due(session, active_triggers(session, KINDS), now=NOW, team=TEAM)
    assert told(session, customer)[-1] == "Birthday (2 June 2026): skipped. The customer has died."

    other = make_customer(session)
    message = make_message(session, make_moment(session, other, trigger))
    end_message(session, message.id, "skipped", "she asked us not to", now=NOW + HOUR)
    assert told(session, other)[-2:] == [
        "Birthday (2 June 2026): skipped. The reason given was “she asked us not to”.",
        "Birthday (2 June 2026): its message was skipped. The reason given was “she asked us not to”.",
    ]

    for reason, words in [
        ("too_late", "It would have come too late."),
        ("held:minor", "It was held until it was too late: The customer is a minor"),
    ]:
        late = make_customer(session)
        make_moment(session, late, trigger, state="expired", reason=reason)
        assert words in told(session, late)[-1]

    kept_out = make_customer(session)
    make_moment(session, kept_out, trigger, state="control", reason="control")
    assert "left out. The customer is in the control group" in told(session, kept_out)[-1]


def test_what_nobody_knows_is_said_so(session: Session) -> None:
    """An unconfirmed delivery is neither a success nor a failure."""
    customer = make_customer(session)
    message = make_message(session, make_moment(session, customer, make_trigger(session)), state="handed_over")
    delivery = Delivery(message_id=message.id, channel="postbox", address="", state="unconfirmed", fence=1, worker="w")
    delivery.claimed_at = delivery.submitting_at = delivery.unconfirmed_at = NOW + HOUR
    delivery.reason = "TimeoutError"
    session.add(delivery)
    session.flush()
    assert told(session, customer)[-1].endswith("we don't know if it arrived by postbox.")


def test_other_customers_are_not_told_of(session: Session) -> None:
    """Nor is the future: a demonstration may look at a day in the past."""
    customer = make_customer(session)
    moment = make_moment(session, make_customer(session), make_trigger(session))
    make_message(session, moment)
    assert told(session, customer) == []
    assert why(session, session.get_one(Customer, moment.customer_id), now=NOW - 2 * HOUR) == []


def test_what_was_reached_before_the_trigger_was_active_is_said(session: Session) -> None:
    """The second order is from before: no moment was made of it, and the page says why."""
    customer = make_customer(session)
    trigger = make_trigger(
        session,
        title="Second order",
        kind="milestone",
        params={"aggregate": "count", "event": "order_completed", "thresholds": [2, 3]},
        active_from=NOW - timedelta(days=5),
    )
    for days in (9, 8, 1):
        make_event(session, customer, "order_completed", occurred_at=NOW - timedelta(days=days))
    triggers = active_triggers(session, KINDS)
    assert [found.id for found in triggers] == [trigger.id]
    (line,) = why(session, customer, now=NOW, triggers=triggers)
    assert line.text == ("Second order (24 May 2026): reached before the trigger was active, so nothing was noticed.")
    assert (line.at.date(), line.moment_id) == (date(2026, 5, 24), None)
    assert session.query(Moment).count() == session.query(Message).count() == 0


def test_why_this_channel_and_what_happened_on_the_way_is_told(session: Session) -> None:
    """Planned by the one they prefer, refused, and so by the next; and when nobody had read that text, that too."""
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session), spotted_at=NOW)
    refusal = "fallback:email:550 unknown user"
    message = make_message(session, moment, channel="sms", channel_reason=refusal, created_at=NOW + HOUR)
    for hours, action, reason, to_read in (
        (2, FELL_BACK, refusal, False),
        (3, MOVED, "fallback:sms:suppressed", True),
    ):
        first, then = ("email", "sms") if action == FELL_BACK else ("sms", "letter")
        detail = {"from": first, "from_reason": "wished", "to": then, "reason": reason, "to_read": to_read}
        record(session, Doer("sending"), action, message, now=NOW + hours * HOUR, **detail)
    session.flush()
    birthday = "Birthday (2 June 2026)"
    assert told(session, customer)[1:] == [
        f"{birthday}: planned by email for 2 June 2026 at 09:00. The customer prefers this channel.",
        f"{birthday}: it goes by sms now. It could not go by email: 550 unknown user.",
        f"{birthday}: it would go by letter now, and came back to be read, as nobody has seen that text. "
        "It could not go by sms: The customer, or the address, must not be written to.",
    ]
