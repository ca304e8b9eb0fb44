"""Redirect mode: until an installation is live, no real channel reaches a customer."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.rounds import Jubilee
from engine.send.outgoing import OutgoingMessage, Refused
from engine.send.recording import record_bounced
from engine.send.redirect import Redirect, mark, redirect
from engine.settings import Settings
from engine.storage.models import ContactPoint, Customer
from engine.storage.session import Database
from engine.why import why
from tests.engine.builders import NOW
from tests.engine.send.approved import (
    Ending,
    Stub,
    approved,
    approved_by_email,
    change,
    deliveries,
    message,
    moment,
    open_holds,
    states,
)

TEST = "test@example.org"


def ending(db: Database, to: str | None = TEST, allowed: tuple[str, ...] = (), **fields: Any) -> Ending:
    pairs = {"email": to} if to else {}
    return Ending(db, Stub(name="email", **fields), redirect=redirect(True, pairs, list(allowed)))


def test_a_real_channel_writes_to_the_test_address(db: Database) -> None:
    """And says in the subject whom it was for."""
    message_id = approved_by_email(db, "ada@example.com")
    one = ending(db)
    assert one.round() == 1
    (letter,) = one.calls
    assert (letter.address, letter.subject) == (TEST, "[for ada@example.com] Happy birthday")
    (delivery,) = deliveries(db, message_id)
    assert (delivery.address, delivery.redirected) == (TEST, True)


@pytest.mark.parametrize("allowed", ["ada@example.com", "@example.com", " ADA@Example.com ", "@EXAMPLE.com"])
def test_an_address_on_the_list_is_left_as_it_is(db: Database, allowed: str) -> None:
    """By itself or by its domain, however it is written."""
    message_id = approved_by_email(db, "Ada@example.com")
    one = ending(db, allowed=(allowed,))
    one.round()
    assert (one.calls[0].address, one.calls[0].subject) == ("Ada@example.com", "Happy birthday")
    assert not deliveries(db, message_id)[0].redirected


@pytest.mark.parametrize(
    "address",
    ["ada@example.com.evil.org", "ada@sub.example.com", "ada@evil.org,x@example.com", "ada@evil.org@example.com", ""],
)
def test_an_address_that_only_looks_like_one_of_the_list_is_not(address: str) -> None:
    """The domain is compared whole, and an address that could name two people has none."""
    rules = redirect(True, {"email": TEST}, ["@example.com", ""])
    assert rules.address_of("email", address) == TEST


def test_without_a_test_address_nothing_goes(db: Database) -> None:
    """It waits under a name, costs no attempt, and is looked at again."""
    message_id = approved_by_email(db)
    one = ending(db, to=None)
    assert (one.round(), one.calls) == (0, [])
    assert open_holds(db, message_id) == {"redirect_mode"}
    assert [(d.state, d.reason) for d in deliveries(db, message_id)] == [("refused", "held:redirect_mode")]
    kept = message(db, message_id)
    assert (kept.state, kept.attempts, kept.send_at) == ("approved", 0, NOW + timedelta(minutes=15))


def test_why_it_waits_is_told_in_plain_words(db: Database) -> None:
    """On the customer's page."""
    message_id = approved_by_email(db)
    ending(db, to=None).round()
    with db.reading() as session:
        customer = session.get_one(Customer, message(db, message_id).customer_id)
        said = [line.text for line in why(session, customer, now=NOW)]
    assert any("Redirect mode is on, and no test address is set for this channel." in line for line in said)


def test_it_goes_once_the_installation_is_live(db: Database) -> None:
    """The hold is lifted by the next look."""
    message_id = approved_by_email(db, "ada@example.com")
    one = ending(db, to=None)
    one.round()
    one.redirect = Redirect()
    one.pass_time(minutes=16)
    assert one.round() == 1
    assert (one.calls[0].address, open_holds(db, message_id)) == ("ada@example.com", set())


def test_what_redirect_mode_kept_too_long_expires_by_its_name(db: Database) -> None:
    """Not as if it had been too late by itself."""
    message_id = approved_by_email(db, expires_at=NOW + timedelta(minutes=10))
    ending(db, to=None).round()
    assert (message(db, message_id).state, message(db, message_id).reason) == ("expired", "held:redirect_mode")


def test_what_stays_in_the_house_needs_no_redirect(db: Database) -> None:
    """The postbox is where everything may go."""
    approved(db)
    one = Ending(db, redirect=redirect(True, {}, []))
    assert one.round() == 1
    assert one.calls[0].subject == "Happy birthday"


def test_a_text_says_in_its_first_words_whom_it_was_for() -> None:
    """It has no subject."""
    values = dict.fromkeys(("recipient_name", "sender_name", "subject", "html", "occasion"), "")
    text = OutgoingMessage(UUID(int=1), UUID(int=2), "+491", text="Hello!", **values)
    assert (mark(text, "+492").text, mark(text, "+492").subject) == ("[for +492] Hello!", "")


@pytest.mark.parametrize("how", ["refused", "bounced"])
def test_what_a_test_address_meets_says_nothing_of_the_customer(db: Database, how: str) -> None:
    """Their address stays usable; a bounce changes no channel."""
    message_id = approved_by_email(db, "ada@example.com")
    with db.writing() as session:  # even if the test address is one of theirs
        customer_id = message(db, message_id).customer_id
        session.add(ContactPoint(customer_id=customer_id, channel="email", address=TEST))
    one = ending(db)
    if how == "refused":

        def refuse(outgoing: OutgoingMessage) -> Any:
            raise Refused("no such user", permanent=True, whose="address")

        one.channel = Stub(refuse, name="email")
    one.round()
    if how == "bounced":
        (delivery,) = deliveries(db, message_id)
        with db.writing() as session:
            record_bounced(session, delivery.id, "gone", address_dead=True, offered=one.sender.offered, now=NOW)
        assert (message(db, message_id).state, moment(db, message_id).state) == ("closed", "closed")
    assert states(db, message_id) == [how]
    with db.reading() as session:
        assert [point.usable for point in session.query(ContactPoint)] == [True, True]


def test_an_installation_begins_in_redirect_mode(db: Database) -> None:
    """Whoever configures a channel and nothing else reaches nobody by it."""
    message_id = approved_by_email(db)
    for settings, accepted in ((Settings(), 0), (Settings(live=True), 1)):
        one = Ending(db, Stub(name="email"))
        one.redirect = Jubilee(db, {}, one.channels, settings).sender.redirect
        assert one.round() == accepted
        change(db, message_id, send_at=NOW)


def test_the_settings_say_where_to_and_what_is_left_alone(db: Database) -> None:
    """As they are written in the environment."""
    settings = Settings(redirect_to="email=test@example.org, sms=+4930123", allowed_addresses="kim@example.com")
    rules = Jubilee(db, {}, {}, settings).sender.redirect
    found = [rules.address_of(*one) for one in (("email", "a@b.c"), ("sms", "+491"), ("email", "Kim@example.com"))]
    assert found == ["test@example.org", "+4930123", "Kim@example.com"]
    assert rules.address_of("whatsapp", "+491") is None
