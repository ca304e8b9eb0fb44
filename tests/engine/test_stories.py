"""Each moment as a story: how it ended comes first, and what held it has its beginning and its end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine.storage.models import Customer, Delivery, Hold
from engine.stories import Story, stories
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger

HOUR = timedelta(hours=1)


def told(session: Session, customer: Customer, limit: int = 10) -> list[Story]:
    session.expire_all()
    return stories(session, customer, now=NOW + 9 * HOUR, limit=limit)


def delivered(session: Session, state: str, **fields: Any) -> Story:
    """The story of a moment whose message was handed over and met this."""
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session), spotted_at=NOW)
    message = make_message(session, moment, state="handed_over", channel="email")
    values = {"claimed_at": NOW, "submitting_at": NOW, "accepted_at": NOW} | fields
    delivery = Delivery(message_id=message.id, channel="email", address="a", state=state, fence=1, worker="w", **values)
    session.add(delivery)
    session.flush()
    (story,) = told(session, customer)
    assert story.message_id == message.id
    return story


@pytest.mark.parametrize(
    ("state", "fields", "outcome", "words"),
    [
        ("delivered", {"delivered_at": NOW}, "got", "They got it: delivered by email, on 1 June 2026 at 14:00."),
        ("accepted", {}, "got", "It was sent by email, on 1 June 2026 at 14:00. Nothing says yet that it arrived."),
        ("accepted", {"redirected": True}, "not", "it went to the test address instead (redirect mode)."),
        ("unconfirmed", {"unconfirmed_at": NOW, "reason": "x"}, "unknown", "We don't know whether it arrived"),
        ("bounced", {"ended_at": NOW, "reason": "550"}, "not", "They did not get it: it came back (by email)."),
        ("refused", {"ended_at": NOW, "reason": "550"}, "not", "They did not get it: it was refused (by email)."),
        ("refused", {"ended_at": NOW, "reason": "unreachable: x"}, "waits", "The provider could not be reached"),
    ],
)
def test_what_became_of_it_is_said_first(
    session: Session, state: str, fields: dict[str, Any], outcome: str, words: str
) -> None:
    """In the words of its last delivery, by the customer's clock."""
    story = delivered(session, state, **fields)
    assert story.outcome == outcome
    assert words in story.headline


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("draft", "It is planned for their clock on 2 June 2026 at 09:00, and is not written yet."),
        ("in_review", "It is written and waits for a person to read it; it would go on 2 June 2026 at 09:00."),
        ("approved", "It is approved and goes on 2 June 2026 at 09:00."),
    ],
)
def test_what_is_on_its_way_says_where_it_is(session: Session, state: str, words: str) -> None:
    """Nothing holds it."""
    customer = make_customer(session)
    make_message(session, make_moment(session, customer, make_trigger(session)), state=state)
    (story,) = told(session, customer)
    assert (story.outcome, story.headline) == ("waits", words)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("draft", "It was planned for their clock on 2 June 2026 at 09:00, and is not written yet."),
        ("in_review", "it would go once approved, in its hours."),
        ("approved", "It is approved and goes in its turn, in its hours."),
    ],
)
def test_an_hour_that_is_over_is_not_promised(session: Session, state: str, words: str) -> None:
    """Its window may be open still, or open again tomorrow."""
    customer = make_customer(session)
    message = make_message(session, make_moment(session, customer, make_trigger(session)), state=state)
    (story,) = stories(session, customer, now=message.send_at, limit=10)
    assert story.headline.endswith(words)


def test_what_held_it_has_a_beginning_and_an_end(session: Session) -> None:
    """One that is over, one that ends by itself, and one that somebody must end."""
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session), spotted_at=NOW)
    rows: list[dict[str, Any]] = [
        {"name": "open_problem", "released_at": NOW + HOUR, "detail": "t1"},
        {"name": "life_event", "until": datetime(2026, 7, 1, 7, tzinfo=UTC)},
        {"name": "consent_unknown"},
    ]
    for number, row in enumerate(rows):
        session.add(Hold(moment_id=moment.id, opened_at=NOW + number * HOUR, **row))
    session.flush()
    (story,) = told(session, customer)
    assert [(hold.detail, hold.opened_at, hold.ended_at, hold.ends) for hold in story.held] == [
        ("t1", NOW, NOW + HOUR, "ends when it is resolved"),
        (None, NOW + HOUR, None, "until 1 July 2026 at 09:00"),
        (None, NOW + 2 * HOUR, None, "ends when consent is recorded"),
    ]
    assert story.headline == "It waits. Somebody noted a life event that celebrations must not disturb. And 1 more."


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("skipped", "deceased", "The customer has died."),
        ("skipped", "she asked us", "The reason given was “she asked us”."),
        ("expired", "held:minor", "It was held until it was too late: The customer is a minor"),
        ("control", "control", "The customer is in the control group"),
    ],
)
def test_what_ended_unsent_says_why(session: Session, state: str, reason: str, words: str) -> None:
    """And a hold that was open then holds nothing any more."""
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session), state=state, reason=reason, closed_at=NOW + HOUR)
    session.add(Hold(moment_id=moment.id, name="minor", opened_at=NOW))
    session.flush()
    (story,) = told(session, customer)
    assert story.outcome == "not"
    assert story.headline.startswith("They did not get it. ")
    assert words in story.headline
    assert story.held[0].ended_at == NOW + HOUR


def test_the_latest_come_first_and_no_more_than_asked_for(session: Session) -> None:
    """One more where there are more; nothing of other customers, and nothing of what lies ahead."""
    customer, trigger = make_customer(session), make_trigger(session)
    for day in range(1, 6):
        make_moment(session, customer, trigger, nominal_on=(NOW + timedelta(days=day)).date())
    make_moment(session, customer, trigger, spotted_at=NOW + timedelta(days=9))
    make_moment(session, make_customer(session), trigger)
    assert [story.title for story in told(session, customer, limit=2)] == [
        "Birthday (6 June 2026)",
        "Birthday (5 June 2026)",
        "Birthday (4 June 2026)",
    ]
