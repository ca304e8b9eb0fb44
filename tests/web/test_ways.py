"""Which text goes by which channel: what the page of a message shows is what its approval covers."""

import re
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.send.falling_back import fall_back
from engine.storage.models import ContactPoint, Message
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.send.chain import refused
from tests.web.conftest import NewBrowser
from tests.web.office import Office
from tests.web.test_deciding import press, stored
from tests.web.test_pages import text_of

HOUSE = Offered(("email", "inapp", "sms"))


@pytest.fixture
def by_mail(app: FastAPI, office: Office, db: Database) -> UUID:
    """Ada's message, which goes by e-mail, and by SMS if that is refused."""
    app.state.place = replace(app.state.place, offered=HOUSE)
    _change(db, office.orders, lambda message: None)
    return office.orders


def _change(db: Database, message_id: UUID, what: Callable[[Message], None]) -> None:
    with db.writing() as session:
        message = session.get_one(Message, message_id)
        message.channel, message.channel_reason = "email", "company_order"
        session.add(ContactPoint(customer_id=message.customer_id, channel="sms", address="+4930123"))
        what(message)


def _refuse(session: Session, message_id: UUID) -> None:
    message = session.get_one(Message, message_id)
    refused(session, message)
    assert fall_back(session, message_id, "550 unknown user", offered=HOUSE, now=NOW)


def test_the_page_says_which_text_goes_by_which_channel(browser: NewBrowser, by_mail: UUID) -> None:
    """In turn, and why the first: the text for the app, where Ada is not known, is not among them."""
    page = browser("agent").get(f"/messages/{by_mail}").text
    assert re.findall(r"<legend>(.*?)</legend>", page) == ["Goes by e-mail", "If that is refused: by SMS", "Inapp"]
    assert re.findall(r'name="seen" value="(\w+)"', page) == ["email", "sms"]
    assert "It is the first in the company&#39;s order" in page


def test_an_approval_covers_what_stood_on_the_page(browser: NewBrowser, by_mail: UUID, db: Database) -> None:
    """Also where only one of the texts was changed."""
    visitor = browser("agent")
    changed = {"text.email.subject": "Ten times thank you", "seen": ["email", "sms"]}
    assert press(visitor, by_mail, "/approve", **changed).status_code == 303  # type: ignore[arg-type]
    assert stored(db, by_mail).approved_texts == ["email", "sms"]
    with db.writing() as session:
        _refuse(session, by_mail)
    assert (stored(db, by_mail).state, stored(db, by_mail).channel) == ("approved", "sms")


def test_an_approval_covers_nothing_that_was_not_shown(browser: NewBrowser, by_mail: UUID, db: Database) -> None:
    """A form that names no texts covers the one that goes; refused, it comes back and says why."""
    visitor = browser("agent")
    assert press(visitor, by_mail, "/approve").status_code == 303
    assert stored(db, by_mail).approved_texts == ["email"]
    with db.writing() as session:
        _refuse(session, by_mail)
    page = text_of(visitor.get(f"/messages/{by_mail}").text)
    assert "It came back to be read. It could not go by email: 550 unknown user." in page
    assert "Now it would go by SMS, and nobody has read that text yet." in page
    assert stored(db, by_mail).state == "in_review"


def test_the_customers_page_tells_what_happened(browser: NewBrowser, by_mail: UUID, db: Database) -> None:
    """Why this channel, and that it goes by another one now."""
    visitor = browser("agent")
    press(visitor, by_mail, "/approve", **{"seen": ["email", "sms"]})  # type: ignore[arg-type]
    with db.writing() as session:
        _refuse(session, by_mail)
    page = text_of(visitor.get("/customers/cd-00042").text)
    assert "Planned by email for 2 June 2026 at 09:00. It is the first in the company's order" in page
    assert "It goes by sms now. It could not go by email: 550 unknown user." in page
