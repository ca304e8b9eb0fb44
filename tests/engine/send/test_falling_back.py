"""The next channel of a message that was refused for good or came back, on both databases."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.send.falling_back import fall_back
from engine.storage.models import Message, Person, Revision, Suppression
from tests.engine.builders import NOW, make_consent
from tests.engine.review.desk import person
from tests.engine.send.chain import HOUSE, audit_of, lose, other_celebration, reachable, ready, refused, wish

REFUSED = "550 unknown user"


def falls(session: Session, message: Message, *, now: datetime = NOW, offered: Offered = HOUSE) -> bool:
    """Fall back after a refusal, and look at the message afresh."""
    fell = fall_back(session, message.id, REFUSED, offered=offered, now=now)
    session.refresh(message)
    return fell


def test_the_next_channel_of_the_order_takes_it(session: Session) -> None:
    """With its reason, fresh attempts, and the next opening: that is now, as the window is open."""
    message = ready(session, reachable(session, "email", "sms"), attempts=3, send_at=NOW - timedelta(hours=1))
    refused(session, message)
    assert falls(session, message)
    assert (message.state, message.channel) == ("approved", "sms")
    assert message.channel_reason == f"fallback:email:{REFUSED}"
    assert (message.attempts, message.send_at) == (0, NOW)
    (detail,) = audit_of(session, message.id, "fell_back")
    assert (detail["from"], detail["to"], detail["from_reason"], detail["to_read"]) == (
        "email",
        "sms",
        "company_order",
        False,
    )


def test_the_customers_own_order_goes_on(session: Session) -> None:
    """In-app comes before SMS in the company's order, but not in theirs."""
    customer = reachable(session, "email", "sms", "inapp", channel_order="email,sms,inapp")
    message = ready(session, customer)
    refused(session, message)
    assert falls(session, message)
    assert message.channel == "sms"


def test_no_channel_is_tried_twice(session: Session) -> None:
    """After e-mail and SMS have failed there is nothing left, although both still have an address."""
    message = ready(session, reachable(session, "email", "sms"))
    refused(session, message)
    assert falls(session, message)
    refused(session, message, channel="sms", fence=2)
    assert not falls(session, message)
    assert (message.state, message.channel) == ("approved", "sms")  # the caller ends it


def test_what_came_back_is_not_tried_again_either(session: Session) -> None:
    """A bounce is told by its delivery."""
    message = ready(session, reachable(session, "email", "sms"), channel="sms")
    refused(session, message, "bounced", channel="email")
    refused(session, message, fence=2)
    assert not falls(session, message)


@pytest.mark.parametrize("why", ["no address", "suppressed", "consent", "not asked for", "no text"])
def test_only_what_may_be_used_comes_next(session: Session, why: str) -> None:
    """Within consent, suppression and reachability, and what the message has a text for."""
    customer = reachable(session, "email", "sms", "letter")
    message = ready(session, customer)
    if why == "no address":
        lose(session, customer, "sms")
    elif why == "suppressed":
        stop = {"customer_id": customer.id, "channel": "sms", "reason": "stop", "source": "test", "created_at": NOW}
        session.add(Suppression(**stop))
        session.flush()
    elif why == "consent":
        make_consent(session, customer, channel="sms", state="refused")
    elif why == "no text":
        for revision in session.query(Revision).filter_by(message_id=message.id):
            revision.texts = {"email": revision.texts["email"]}
        session.flush()
    refused(session, message)
    offered = Offered(("email",), ("sms", "letter")) if why == "not asked for" else HOUSE
    assert not falls(session, message, offered=offered)


@pytest.mark.parametrize("state", ["accepted", "delivered", "unconfirmed"])
def test_never_from_what_may_have_arrived(session: Session, state: str) -> None:
    """Neither moved nor to be ended: what was taken, or is not known, is never sent again."""
    message = ready(session, reachable(session, "email", "sms"))
    refused(session, message, state)
    before = (message.state, message.channel, message.version)
    assert falls(session, message)
    assert (message.state, message.channel, message.version) == before
    assert audit_of(session, message.id, "fell_back") == []


@pytest.mark.parametrize("state", ["handed_over", "in_review"])
def test_only_an_approved_message_falls_back(session: Session, state: str) -> None:
    """Whoever comes late changes nothing."""
    stamps = {"handed_over_at": NOW} if state == "handed_over" else {}
    message = ready(session, reachable(session, "email", "sms"), state="approved")
    message.state = state
    for name, value in stamps.items():
        setattr(message, name, value)
    session.flush()
    assert falls(session, message)
    assert (message.state, message.channel) == (state, "email")


def approved_by_hand(session: Session, message: Message, *texts: str) -> Person:
    ada = person(session)
    message.approved_by, message.approved_texts = ada.id, list(texts)
    session.flush()
    return ada


def test_a_text_that_its_approver_saw_goes(session: Session) -> None:
    """The approval covers the chain."""
    message = ready(session, reachable(session, "email", "sms"))
    approved_by_hand(session, message, "email", "sms")
    refused(session, message)
    assert falls(session, message)
    assert (message.state, message.channel) == ("approved", "sms")


@pytest.mark.parametrize("how", ["approved by hand", "edited", "must be read"])
def test_a_text_that_nobody_saw_returns_to_the_people(session: Session, how: str) -> None:
    """Unsigned, on the channel it would take, with time to read it, and with what the tone check says of that text."""
    message = ready(session, reachable(session, "email", "sms"), deadline_at=NOW - timedelta(hours=1))
    message.approved_texts = ["email"] if how == "approved by hand" else None
    if how == "approved by hand":
        approved_by_hand(session, message, "email")
    message.edited, message.must_read = how == "edited", how == "must be read"
    for revision in session.query(Revision).filter_by(message_id=message.id):
        text = str(revision.texts["sms"]["body"])
        revision.texts = revision.texts | {"sms": {"subject": None, "body": f"Calm down! {text}"}}
    session.flush()
    refused(session, message)
    assert falls(session, message)
    assert (message.state, message.channel) == ("in_review", "sms")
    assert (message.approved_by, message.approved_texts, message.release_at) == (None, None, None)
    assert message.deadline_at == message.expires_at
    revision = session.query(Revision).filter_by(message_id=message.id, number=message.number).one()
    assert revision.texts["sms"]["body"].endswith("[[ signature ]]")
    assert any("alm down" in finding["text"] for finding in revision.findings)
    (detail,) = audit_of(session, message.id, "fell_back")
    assert detail["to_read"] is True


def test_the_same_text_on_another_channel_needs_no_second_reading(session: Session) -> None:
    """The app shows the mail's text where there is none of its own."""
    message = ready(session, reachable(session, "email", "inapp"), must_read=True)
    approved_by_hand(session, message, "email")
    refused(session, message)
    assert falls(session, message)
    assert (message.state, message.channel) == ("approved", "inapp")


def test_what_a_policy_let_go_is_read_where_its_other_text_is_forbidden(session: Session) -> None:
    """The tone check reads the text that would go now."""
    message = ready(session, reachable(session, "email", "sms"))
    for revision in session.query(Revision).filter_by(message_id=message.id):
        revision.texts = revision.texts | {"sms": {"subject": None, "body": "You are 47 years old today! {{ name }}"}}
    session.flush()
    refused(session, message)
    assert falls(session, message)
    assert message.state == "in_review"


def test_it_goes_at_the_next_opening(session: Session) -> None:
    """Refused after the window: tomorrow at its beginning, or in the customer's turn."""
    message = ready(session, reachable(session, "email", "sms"))
    refused(session, message)
    evening = NOW + timedelta(hours=6)  # 20 hours in Berlin, the window is from 13 to 15 hours
    assert falls(session, message, now=evening)
    assert message.send_on == NOW.date() + timedelta(days=1)
    assert timedelta(0) <= message.send_at - (NOW + timedelta(hours=23)) < timedelta(hours=1)


def test_one_celebration_a_day_holds(session: Session) -> None:
    """Tomorrow has another celebration: the day after."""
    message = ready(session, reachable(session, "email", "sms"))
    other_celebration(session, message, days=1)
    refused(session, message)
    assert falls(session, message, now=NOW + timedelta(hours=6))
    assert message.send_on == NOW.date() + timedelta(days=2)


def test_what_would_come_too_late_ends_so(session: Session) -> None:
    """There is another channel, but no opening before the expiry."""
    message = ready(session, reachable(session, "email", "sms"), expires_at=NOW + timedelta(hours=7))
    refused(session, message)
    assert falls(session, message, now=NOW + timedelta(hours=6))
    assert (message.state, message.reason) == ("expired", "too_late")


def test_a_letter_that_would_not_be_there_in_time_is_passed_over(session: Session) -> None:
    """It needs days: the next channel goes instead."""
    customer = reachable(session, "email", "letter", "sms", channel_order="email,letter,sms")
    message = ready(session, customer)
    refused(session, message)
    assert falls(session, message, offered=replace(HOUSE, lead_days=3))
    assert message.channel == "sms"


def test_quiet_hours_of_the_customer_bind_the_next_channel_too(session: Session) -> None:
    """Until 14:30 in Berlin nothing comes."""
    customer = reachable(session, "email", "sms", quiet_from=time(12), quiet_until=time(14, 30))
    message = ready(session, customer)
    refused(session, message)
    assert falls(session, message)
    assert message.send_at >= NOW + timedelta(minutes=30)


def test_a_wish_made_meanwhile_comes_first(session: Session) -> None:
    """The chain is that of now, not that of the day it was planned."""
    customer = reachable(session, "email", "inapp", "sms")
    message = ready(session, customer)
    wish(session, customer, "sms")
    refused(session, message)
    assert falls(session, message)
    assert message.channel == "sms"
