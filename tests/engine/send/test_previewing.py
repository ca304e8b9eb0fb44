"""The preview is what goes: the same bytes, made by the same code, whether or not it goes in the end."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from engine.links import Links
from engine.review.decisions import approve
from engine.send.composing import compose
from engine.send.duties import Duties
from engine.send.outgoing import OutgoingMessage
from engine.send.previewing import NOBODY, Letterhead, as_it_would_go
from engine.send.trial import MOST, TooManyTests, prepare_test
from engine.storage.models import ContactPoint, Message, Person
from engine.write.approval import draft_of
from tests.engine.builders import NOW, make_customer
from tests.engine.review.desk import audited, claim, person, written
from tests.engine.send.approved import Stub
from tests.engine.write.desk import COMPANY, TEAM, birthday, seed

LINKS = Links("k" * 40, "https://jubilee.example")
LETTERHEAD = Letterhead(COMPANY, TEAM, Duties("1 Mill Lane\\nEly", LINKS))
ADDRESSES = {"email": "ada@example.com", "sms": "+14155550100", "inapp": "app-7"}


@pytest.fixture
def ada(session: Session) -> Person:
    seed(session)
    return person(session, "Ada Agent")


def message_by(session: Session, channel: str) -> Message:
    customer = make_customer(session, last_name="Marlowe")
    if channel in ADDRESSES:
        session.add(ContactPoint(customer_id=customer.id, channel=channel, address=ADDRESSES[channel]))
    return written(session, birthday(session, customer, channel=channel))


def previewed(session: Session, message: Message, by: Person | None, **how: Any) -> OutgoingMessage:
    draft = draft_of(session, message)
    return as_it_would_go(session, draft, message.channel, LETTERHEAD, person=by, **how)


def composed(session: Session, message: Message, delivery_id: UUID) -> OutgoingMessage:
    found = compose(
        session, [delivery_id], {message.channel: Stub()}, company=COMPANY, team=TEAM, duties=LETTERHEAD.duties
    )
    made = found[delivery_id]
    assert isinstance(made, OutgoingMessage)
    return made


def leading_to_nobody(goes: OutgoingMessage, message: Message) -> OutgoingMessage:
    """What goes, with the customer's own links replaced by those of nobody."""
    own = LINKS.preferences(message.customer_id, message.id)
    nobodys = LINKS.preferences(NOBODY, NOBODY)
    assert own not in nobodys
    return replace(
        goes,
        html=goes.html.replace(own, nobodys),
        text=goes.text.replace(own, nobodys),
        preferences_url=nobodys,
        unsubscribe_url=LINKS.unsubscribe(NOBODY, NOBODY, message.occasion),
    )


@pytest.mark.parametrize("channel", ["email", "postbox", "inapp"])
def test_a_preview_holds_no_link_of_the_customers(session: Session, ada: Person, channel: str) -> None:
    """Whoever may look at a message may not decide for its customer: the way out in it is nobody's."""
    message = message_by(session, channel)
    shown = previewed(session, message, None)
    own = LINKS.preferences(message.customer_id, message.id).rpartition("/")[2]
    assert own not in repr(shown)
    link = LINKS.read(shown.preferences_url.rpartition("/")[2], "preferences")
    assert link is not None
    assert (link.customer_id, link.message_id) == (NOBODY, NOBODY)


@pytest.mark.parametrize("channel", ["email", "postbox", "inapp"])
def test_what_is_shown_is_what_goes_byte_for_byte(session: Session, ada: Person, channel: str) -> None:
    """Layout, reason, postal address, the way out, signature and all: before the approval and after it. Only where
    the way out leads is nobody's.
    """
    message = message_by(session, channel)
    shown = previewed(session, message, ada)
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    session.refresh(message)
    delivery = claim(session, message, channel=channel, address=ADDRESSES.get(channel, ""))
    goes = composed(session, message, delivery.id)
    assert leading_to_nobody(goes, message) == replace(shown, delivery_id=delivery.id)
    assert leading_to_nobody(goes, message) == replace(previewed(session, message, None), delivery_id=delivery.id)
    if channel != "inapp":
        assert "1 Mill Lane" in goes.html
        assert "/preferences/" in goes.html
        assert "/preferences/" in goes.text


def test_a_text_message_shows_how_to_stop_it(session: Session, ada: Person) -> None:
    """What the channel adds for an American number counts too."""
    shown = previewed(session, message_by(session, "sms"), ada)
    assert shown.text.endswith("Reply STOP to opt out.")


def test_what_was_not_saved_is_shown_and_stored_nowhere(session: Session, ada: Person) -> None:
    """The words of the page, in the layout of the mail."""
    message = message_by(session, "email")
    unsaved = {"email": {"subject": "New", "body": "All *new*.\n\n[[ signature ]]"}}
    shown = previewed(session, message, ada, unsaved=unsaved)
    assert (shown.subject, "<em>new</em>" in shown.html, "Ada Agent" in shown.text) == ("New", True, True)
    session.refresh(message)
    assert message.number == 1


def test_unread_it_is_signed_by_the_team(session: Session, ada: Person) -> None:
    """No name of a person stands under what they may not let go."""
    assert previewed(session, message_by(session, "email"), None).sender_name == f"{TEAM}, {COMPANY}"


# a test of it, to the agent


def test_a_test_is_addressed_to_the_agent_alone(session: Session, ada: Person) -> None:
    """Marked in its subject, with ids of its own, and answers come back to the agent."""
    message = message_by(session, "email")
    test = prepare_test(session, draft_of(session, message), LETTERHEAD, person=ada, now=NOW)
    assert (test.address, test.reply_to) == (ada.email, ada.email)
    assert test.subject.startswith("[Test] ")
    assert test.message_id not in (message.id, NOBODY)
    assert "ada@example.com" not in repr(test)
    assert audited(session, message) == [("Ada Agent", "send_test")]


def test_no_link_of_a_test_leads_to_the_customer(session: Session, ada: Person) -> None:
    """The footer looks like the real one, but its way out is nobody's."""
    message = message_by(session, "email")
    test = prepare_test(session, draft_of(session, message), LETTERHEAD, person=ada, now=NOW)
    (token,) = {line.rpartition("/preferences/")[2] for line in test.text.splitlines() if "/preferences/" in line}
    link = LINKS.read(token, "preferences")
    assert link is not None
    assert (link.customer_id, link.message_id) == (NOBODY, NOBODY)
    real = LINKS.preferences(message.customer_id, message.id).rpartition("/")[2]
    assert real not in test.text + test.html
    assert test.unsubscribe_url == ""


def test_tests_are_counted(session: Session, ada: Person) -> None:
    """A few within ten minutes are enough; of each person by themselves."""
    draft = draft_of(session, message_by(session, "email"))
    for _ in range(MOST):
        prepare_test(session, draft, LETTERHEAD, person=ada, now=NOW)
    with pytest.raises(TooManyTests):
        prepare_test(session, draft, LETTERHEAD, person=ada, now=NOW)
    prepare_test(session, draft, LETTERHEAD, person=person(session, "Bob Agent"), now=NOW)
