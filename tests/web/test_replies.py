"""What agents see of what came back: replies, and on the customer's page what became of each message."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.listen.letters import take_mail
from engine.record.wishes import Wishes, leave, say
from engine.storage.models import ContactPoint, Customer, Delivery, Message, Person, Reply
from engine.storage.session import Database
from engine.why import why
from tests.engine.builders import NOW, make_customer
from tests.engine.listen.heard import hear, message_of, said, submitted
from tests.engine.listen.letters import LINKS, letter, reply_address
from tests.web.conftest import NewBrowser
from tests.web.office import HOSTILE


def written_back(session: Session, text: str = "Thank you!", **fields: str) -> Delivery:
    """Ada answered a message of Robin's."""
    robin = session.scalars(select(Person).where(Person.email == "agent@example.com")).one()
    customer = make_customer(session, external_id="cd-00042", first_name="Ada", last_name="Marlowe")
    delivery = submitted(session, customer, approved_by=robin.id)
    raw = letter(reply_address(delivery.message_id), text, **fields)
    take_mail(session, raw, links=LINKS, now=NOW)
    return delivery


def path_of(db: Database) -> str:
    """The page of the only reply."""
    with db.reading() as session:
        return f"/replies/{session.scalars(select(Reply.id)).one()}"


def test_a_reply_waits_with_what_it_answers(db: Database, browser: NewBrowser) -> None:
    """Who, when in the reader's own time, the answer first, whose message it was; and the room says how many wait."""
    with db.writing() as session:
        delivery = written_back(session, "So kind!\n\nOn Mon, 1 Jun 2026, Robin wrote:\n> Happy birthday")
    agent = browser("agent")
    listed, page = agent.get("/replies").text, agent.get(path_of(db)).text
    assert "by Robin Agent" in listed
    assert '1<span class="visually-hidden"> waiting</span>' in listed
    for shown in (listed, page):
        assert "Ada Marlowe" in shown
        assert "14:00" in shown  # noon UTC in Berlin
    assert 'href="/customers/cd-00042"' in page
    assert f'href="/messages/{delivery.message_id}"' in page
    assert "happy birthday to you!" in page  # our message, as it was sent
    assert page.index("So kind!") < page.index("What they quote") < page.index("Happy birthday</p>")


def test_a_reply_is_marked_as_handled_by_an_agent(db: Database, browser: NewBrowser) -> None:
    """Then it is among those that were dealt with, and a second agent is told."""
    with db.writing() as session:
        written_back(session)
        reply_id = session.scalars(select(Reply.id)).one()
    agent = browser("agent")
    assert agent.submit(f"/replies/{reply_id}/handled", on=f"/replies/{reply_id}").status_code == 303
    assert "All answered" in agent.get("/replies").text
    assert "Dealt with by Robin Agent" in agent.get("/replies?show=handled").text
    assert agent.submit(f"/replies/{reply_id}/handled").status_code == 409


@pytest.mark.databases("sqlite")
def test_a_viewer_reads_and_does_not_decide(db: Database, browser: NewBrowser) -> None:
    """The form is not there, and its address refuses."""
    with db.writing() as session:
        written_back(session)
        reply_id = session.scalars(select(Reply.id)).one()
    viewer = browser("viewer")
    page = viewer.get(f"/replies/{reply_id}").text
    for form in ("Mark as handled", "Send the answer", "This is a complaint"):
        assert form not in page
    for action in ("handled", "answer", "complaint", "no-complaint", "solved"):
        assert viewer.submit(f"/replies/{reply_id}/{action}").status_code == 403
    with db.reading() as session:
        assert session.scalars(select(Reply.handled_at)).one() is None


@pytest.mark.databases("sqlite")
def test_what_waits_longest_comes_first(db: Database, browser: NewBrowser) -> None:
    """And a robot's answer does not come at all."""
    with db.writing() as session:
        for number in (1, 2):
            raw = letter("hello@example.com", f"Number {number}", message_id=f"<{number}@x>")
            take_mail(session, raw, links=LINKS, now=NOW - timedelta(hours=3 - number))
        robot = letter("hello@example.com", "Away", message_id="<3@x>", auto_submitted="auto-replied")
        take_mail(session, robot, links=LINKS, now=NOW)
    page = browser("agent").get("/replies").text
    assert page.index("Number 1") < page.index("Number 2")
    assert "Away" not in page


@pytest.mark.databases("sqlite")
def test_what_a_stranger_wrote_runs_nowhere(db: Database, browser: NewBrowser) -> None:
    """Name, subject and text are shown as they are, and do nothing."""
    with db.writing() as session:
        written_back(session, HOSTILE, subject=HOSTILE)
    agent = browser("agent")
    for page in ("/replies", path_of(db), "/customers/cd-00042"):
        assert HOSTILE not in agent.get(page).text


def test_the_customers_page_tells_what_became_of_a_message(db: Database, browser: NewBrowser) -> None:
    """Every receipt and every answer, the latest first, in plain words and in the viewer's time."""
    with db.writing() as session:
        delivery = written_back(session)
        told = (("processed", 50), ("deferred", 40), ("delivered", 30), ("opened", 20), ("bounced", 10))
        for kind, ago in told:
            at = NOW - timedelta(minutes=ago)
            hear(session, said(kind, delivery, occurred_at=at, detail="550 5.1.1 no such user", data={"dead": True}))
    page = browser("agent").get("/customers/cd-00042").text
    page = page[page.index("Everything that happened") :]
    words = ("Wrote back", "Came back", "Opened", "Delivered", "Delayed on its way", "On its way")
    assert [page.index(word) for word in words] == sorted(page.index(word) for word in words)
    assert "550 5.1.1 no such user" in page
    assert "13:50" in page  # ten minutes before noon UTC, in Berlin


def test_why_tells_that_it_came_back(db: Database, people: None) -> None:
    """`jubilee why` names the bounce and its reason."""
    with db.writing() as session:
        delivery = written_back(session)
        hear(session, said("bounced", delivery, detail="550 5.1.1 no such user", data={"dead": True}))
        customer = session.get_one(Customer, message_of(session, delivery).customer_id)
        lines = " ".join(line.text for line in why(session, customer, now=NOW))
    assert "came back" in lines
    assert "550 5.1.1 no such user" in lines


@pytest.mark.databases("sqlite")
def test_what_was_sent_and_never_answered_is_on_the_page_too(db: Database, browser: NewBrowser) -> None:
    """We don't know whether it arrived, and say so."""
    with db.writing() as session:
        delivery = written_back(session)
        delivery.state, delivery.reason, delivery.unconfirmed_at = "unconfirmed", "timeout", NOW
        assert session.get_one(Message, delivery.message_id).state == "handed_over"
        assert session.scalars(select(ContactPoint.usable)).one()
    assert "don&#39;t know whether it arrived" in browser("agent").get("/customers/cd-00042").text


@pytest.mark.databases("sqlite")
def test_redirect_mode_is_not_spoken_of_where_it_is_off(db: Database, browser: NewBrowser, app: FastAPI) -> None:
    """Live, a STOP is a customer's."""
    with db.writing() as session:
        written_back(session, "STOP")
    agent = browser("agent")
    assert "redirect mode" in agent.get(path_of(db)).text
    place = app.state.place
    app.state.place = replace(place, settings=place.settings.model_copy(update={"live": True}))
    assert "Their wish was kept" in (page := agent.get(path_of(db)).text)
    assert "redirect mode" not in page


@pytest.mark.databases("sqlite")
def test_a_redirected_message_is_told_as_such(db: Database, browser: NewBrowser) -> None:
    """The customer never had it."""
    with db.writing() as session:
        customer = make_customer(session, external_id="cd-00042")
        delivery = submitted(session, customer, redirected=True)
        hear(session, said("delivered", delivery))
        session.expire_all()
        lines = " ".join(line.text for line in why(session, customer, now=NOW))
    assert "it went to the test address instead (redirect mode)" in lines
    page = browser("agent").get("/customers/cd-00042").text
    assert "; went to the test address instead (redirect mode)" in page
    assert "Delivered, at the test address (redirect mode)" in page


@pytest.mark.databases("sqlite")
def test_who_unsubscribed_is_seen_at_once(db: Database, browser: NewBrowser) -> None:
    """With the day and the way; whoever asked for something later is not told of as gone."""
    with db.writing() as session:
        customer = make_customer(session, external_id="cd-00042")
        leave(session, customer.id, now=NOW, source="unsubscribe", occasion="birthday")
        customer_id = customer.id
    agent = browser("agent")
    page = agent.get("/customers/cd-00042").text
    assert "Unsubscribed from marketing</span> on Mon 1 Jun 2026 (by the link in a message)" in page
    assert "Does not want to hear about: birthday." in page
    with db.writing() as session:
        customer = session.get_one(Customer, customer_id)
        assert "unsubscribed from marketing (by the link in a message)." in [
            line.text for line in why(session, customer, now=NOW)
        ]
        say(session, customer_id, Wishes(occasions={"birthday": True}), now=NOW + timedelta(hours=1))
    assert "Unsubscribed" not in agent.get("/customers/cd-00042").text
