"""When a message is handed over its hours are asked again: what they forbid now waits for its next opening, by their
name, or ends where none is left."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.plan.intents import hasten
from engine.send.submitting import Sender
from engine.storage.models import ContactPoint, Customer, Message
from engine.storage.session import Database
from engine.why import why
from tests.engine.builders import NOW, make_customer, make_trigger
from tests.engine.send.approved import Ending, Stub, approve, approved, change, deliveries, message, moment

# NOW is Monday 1 June, 12:00 UTC, 14:00 in Berlin; the messages' window is 13 to 15, the expiry Thursday 00:00 UTC.
HOUR = timedelta(hours=1)


@dataclass
class House(Ending):
    """A sending end of an installation with terms of its own."""

    house: Offered = field(default_factory=Offered)

    @property
    def sender(self) -> Sender:
        return replace(super().sender, offered=self.house)


def after_approval(db: Database, message_id: UUID, **fields: Any) -> None:
    """The customer says something new."""
    with db.writing() as session:
        customer = session.get_one(Customer, session.get_one(Message, message_id).customer_id)
        for name, value in fields.items():
            setattr(customer, name, value)


def text_message(db: Database, **where: Any) -> UUID:
    with db.writing() as session:
        customer = make_customer(session, **where)
        session.add(ContactPoint(customer_id=customer.id, channel="sms", address="+4930123456"))
        return approve(session, customer, channel="sms").id


def test_new_quiet_hours_put_an_approved_message_off(db: Database) -> None:
    """Quiet from 12 to 14:30: it goes at 14:30, 12:30 UTC, says why it waited, and nobody claims it before."""
    message_id = approved(db)
    ending = Ending(db)
    claims = ending.claim()
    after_approval(db, message_id, quiet_from=time(12), quiet_until=time(14, 30))
    assert ending.submit(claims) == 0
    assert (ending.calls, deliveries(db, message_id)[0].reason) == ([], "quiet_hours")
    found = message(db, message_id)
    assert (found.state, found.send_at, found.attempts) == ("approved", NOW + HOUR / 2, 0)
    assert ending.claim() == []
    ending.pass_time(minutes=30)
    assert ending.send() == 1


def test_quiet_hours_that_leave_nothing_end_it_by_their_name(db: Database) -> None:
    """Quiet all afternoon, every day until the expiry; the customer's page says it in words."""
    message_id = approved(db)
    ending = Ending(db)
    claims = ending.claim()
    after_approval(db, message_id, quiet_from=time(12), quiet_until=time(20))
    assert ending.submit(claims) == 0
    found = message(db, message_id)
    assert (found.state, found.reason, moment(db, message_id).reason) == ("expired", "quiet_hours", "quiet_hours")
    with db.reading() as session:
        customer = session.get_one(Customer, found.customer_id)
        said = [line.text for line in why(session, customer, now=NOW)]
    assert any("does not want to be disturbed" in line for line in said)


@pytest.mark.parametrize(
    ("where", "forbidden"),
    [
        # 14:00 in Berlin on a Monday
        ({"country": "DE"}, False),
        # somewhere in the United States: two in the morning in Honolulu, and no text before 20:00 UTC
        ({"country": "US", "zone_guessed": True}, True),
        # Kentucky, where the record has Berlin's clock: 10-21
        ({"country": "US", "region": "KY"}, False),
    ],
)
def test_the_law_is_asked_again_for_texts(db: Database, where: dict[str, Any], forbidden: bool) -> None:
    """Whatever planning thought of it; here no later window is any better."""
    message_id = text_message(db, **where)
    ending = House(db, channel=Stub(name="sms"), house=Offered(("sms",)))
    ending.send()
    assert (deliveries(db, message_id)[0].reason == "legal_hours") is forbidden
    assert (message(db, message_id).reason == "legal_hours") is forbidden


@pytest.mark.parametrize(
    ("send", "reason"),
    [
        ({"weekdays": ["tue", "wed"]}, "other_weekday"),
        ({"weekdays": ["mon"]}, None),
        ({"holidays": "skip"}, None),
    ],
)
def test_the_days_of_the_trigger_that_planned_it_hold(db: Database, send: dict[str, Any], reason: str | None) -> None:
    """Monday is none of its days: Tuesday, when its window opens."""
    with db.writing() as session:
        message_id = approve(session, trigger=make_trigger(session, send=send)).id
    assert Ending(db).send() == (0 if reason else 1)
    assert deliveries(db, message_id)[0].reason == reason
    if reason:
        assert message(db, message_id).send_at == datetime(2026, 6, 2, 11, tzinfo=UTC)


def test_a_customer_who_moves_between_queue_and_send_is_met_at_their_new_hour(db: Database) -> None:
    """14:00 in Berlin is 08:00 in New York: its window opens at 13:00 there, 17:00 UTC."""
    message_id = approved(db)
    ending = Ending(db)
    claims = ending.claim()
    after_approval(db, message_id, zone="America/New_York")
    assert ending.submit(claims) == 0
    found = message(db, message_id)
    assert (found.zone, found.send_at) == ("America/New_York", NOW + 5 * HOUR)
    assert deliveries(db, message_id)[0].reason == "outside_window"


def test_a_letter_that_missed_its_posting_day_is_not_posted(db: Database) -> None:
    """For a birthday of today it should have gone three working days ago."""
    with db.writing() as session:
        customer = make_customer(session)
        session.add(ContactPoint(customer_id=customer.id, channel="letter", address="Weg 1, Berlin"))
        message_id = approve(session, customer, channel="letter").id

    ending = House(db, channel=Stub(name="letter"), house=Offered(("letter",), lead_days=3))
    ending.send()
    assert ending.calls == []
    assert message(db, message_id).reason == "post_too_late"


# --- what a person approves


@pytest.mark.parametrize(
    ("fields", "quiet", "hastened"),
    [
        # its turn would be in twenty minutes, and the opening has begun
        ({"send_at": NOW + HOUR / 3}, None, True),
        # the window has not opened
        ({"send_at": NOW + HOUR, "window_start": time(15), "window_end": time(17)}, None, False),
        # it was put off to another day
        ({"send_at": NOW + HOUR / 3, "send_on": (NOW + 24 * HOUR).date()}, None, False),
        # the customer does not want it now
        ({"send_at": NOW + HOUR / 3}, (time(12), time(14, 20)), False),
        # its time has come: as it is
        ({"send_at": NOW - HOUR}, None, False),
        # a letter has a day and no turn
        ({"send_at": NOW + HOUR / 3, "channel": "letter"}, None, False),
    ],
)
def test_what_a_person_approves_in_its_opening_goes_at_once(
    session: Session, fields: dict[str, Any], quiet: tuple[time, time] | None, hastened: bool
) -> None:
    """Turns are for what is ready before the opening begins."""
    hours = {"quiet_from": quiet[0], "quiet_until": quiet[1]} if quiet else {}
    found = approve(session, make_customer(session, **hours), **fields)
    before = found.send_at
    hasten(session, found, now=NOW)
    assert found.send_at == (NOW if hastened else before)


def test_what_was_put_off_by_a_hold_does_not_queue_in_an_opening_that_has_begun(db: Database) -> None:
    """A quarter of an hour later it is looked at again, not a quarter and its turn."""
    message_id = approved(db)
    with db.writing() as session:
        customer = session.get_one(Customer, session.get_one(Message, message_id).customer_id)
        customer.minor, customer.bucket = True, 29
    change(db, message_id, send_at=NOW)
    ending = House(db, house=Offered(("postbox",), spread_minutes=30))
    ending.send()
    assert message(db, message_id).send_at == NOW + HOUR / 4
    assert ending.calls == []
