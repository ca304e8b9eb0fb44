"""What the pages say: whole ones and fragments, and nothing that a customer wrote becomes HTML."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from fastapi import FastAPI
from sqlalchemy import event

from engine.channel_terms import Offered
from engine.send.switch import stop_sending
from engine.storage.models import Customer, Message, Trigger
from engine.storage.session import Database
from tests.engine.builders import NOW, make_message, make_moment
from tests.engine.write.desk import fact, seed
from tests.web.conftest import NewBrowser
from tests.web.office import HOSTILE, Office, furnish_hostile, many_drafts
from tests.web.test_access import READING, address

HTMX = {"hx-request": "true"}


def text_of(page: str) -> str:
    """What one reads of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_queue_says_who_why_and_when(browser: NewBrowser, office: Office) -> None:
    """The most pressing first, each with the reason, the local hour, the time left and its weight."""
    page = browser("agent").get("/queue").text
    read = text_of(page)
    assert re.findall(r'data-walk href="/messages/[^"]+">([^<]+)<', page) == [
        "Cleo Santos",
        "Ada Marlowe",
        "Dora Lindqvist",
        "Ben Okafor",
    ]
    assert "10th order, on 2 June" in read
    assert "Tue 2 Jun 2026, 09:00 in Berlin" in read
    assert "in 3 hours" in read
    assert "3 drafts to read, 1 question to answer" in read
    assert "must be read" in read


def test_a_question_is_shown_as_one(browser: NewBrowser, office: Office) -> None:
    """A draft that lacks a fact says which, and whom to ask."""
    visitor = browser("agent")
    assert "What we did about it is not known: ask Tom" in text_of(visitor.get("/queue").text)
    page = visitor.get(f"/messages/{office.question}")
    assert "A question before this can be written" in page.text
    assert "Approve" not in page.text


def test_an_empty_queue_says_so(browser: NewBrowser) -> None:
    """Nothing to do is said kindly."""
    assert "No draft waits for a person" in browser("agent").get("/queue").text


@pytest.mark.databases("sqlite")
def test_the_queue_goes_on_where_it_stopped(browser: NewBrowser, db: Database) -> None:
    """The next page follows the last one without a gap or a repetition, with a link and for htmx."""
    with db.writing() as session:
        seed(session)
        many_drafts(session, 30)
    visitor = browser("agent")
    first = visitor.get("/queue").text
    more = unescape(re.search(r'hx-get="([^"]+after=[^"]+)"', first)[1])
    rest = visitor.get(more, headers=HTMX).text
    names = re.findall(r">(Number\d+)</a>", first + rest)
    assert len(names) == len(set(names)) == 30
    assert "<html" not in rest
    assert "<html" in visitor.get(more).text


@pytest.mark.databases("sqlite")
def test_a_made_up_place_in_the_queue_is_refused(browser: NewBrowser) -> None:
    """What is no place gets a friendly page, not a fault."""
    assert browser("agent").get("/queue?after=nonsense").status_code == 422


def test_customers_are_found_by_id_name_and_email(browser: NewBrowser, office: Office) -> None:
    """Any of the three leads to Ada, and an unusual letter is only a letter."""
    visitor = browser("agent")
    for wanted in ("cd-00042", "ada mar", "MARLOWE", "ada.marlowe@example.com"):
        found = visitor.get("/customers", params={"q": wanted}, headers=HTMX).text
        assert "Ada Marlowe" in found, wanted
        assert "Ben" not in found
        assert "<html" not in found
    assert "Nobody found" in visitor.get("/customers", params={"q": "%"}).text


def test_a_customers_page_answers_why(browser: NewBrowser, office: Office) -> None:
    """Facts, messages and the plain answers of what happened."""
    read = text_of(browser("agent").get("/customers/cd-00777").text)
    assert "Emil Hartmann" in read
    assert "Why did, or didn't, they get this?" in read
    assert "Birthday (31 May 2026)" in read
    assert "Sent: delivered" in read


def test_the_postbox_is_a_mailbox(browser: NewBrowser, office: Office) -> None:
    """The letter that went is listed, opens as it was sent, and has a text part."""
    visitor = browser("viewer")
    assert "Emil Hartmann" in visitor.get("/postbox").text
    assert "June 3 is " in text_of(visitor.get(f"/postbox/{office.sent}").text)
    assert "June 3 is " in visitor.get(f"/postbox/{office.sent}/letter").text
    assert visitor.get(f"/postbox/{office.orders}").status_code == 404


def test_the_triggers_say_what_they_found_and_what_waits(browser: NewBrowser, office: Office) -> None:
    """State, version and what waits in the list; on a trigger's page each hold in plain words."""
    visitor = browser("marketing")
    read = text_of(visitor.get("/triggers").text)
    assert "Ticket really solved" in read
    assert "version 1" in read
    assert "A fact that the text needs is not known. 1" in text_of(visitor.get("/triggers/ticket_solved").text)


def test_today_counts_what_waits(browser: NewBrowser, office: Office) -> None:
    """The counts agree with the queue."""
    read = text_of(browser("agent").get("/today").text)
    assert "3 drafts to read" in read
    assert "1 question to answer" in read
    assert "1 went out in the last 24 hours" in read


def test_what_is_late_because_sending_is_stopped_asks_for_no_worker(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """The switch is the reason, and the page says so."""
    with db.writing() as session:
        message = session.get_one(Message, office.orders)
        message.state, message.approved_at, message.release_at = "approved", NOW, NOW
        message.send_at = NOW - timedelta(hours=2)
    agent = browser("agent")
    assert "Is a worker running?" in text_of(agent.get("/today").text)
    with db.writing() as session:
        stop_sending(session)
    read = text_of(agent.get("/today").text)
    assert "should have gone out by now. Sending is stopped" in read
    assert "Is a worker running?" not in read


def test_the_postbox_says_what_is_not_kept_in_it(browser: NewBrowser, office: Office, app: FastAPI) -> None:
    """Where real channels are open, letters went there."""
    agent = browser("agent")
    assert "not kept here" not in text_of(agent.get("/postbox").text)
    app.state.place = replace(app.state.place, offered=Offered(("email", "sms")))
    assert "What went by email, sms was handed over there and is not kept here" in text_of(agent.get("/postbox").text)


def test_health_tells_how_long_the_oldest_message_waits(browser: NewBrowser, office: Office, db: Database) -> None:
    """Machines may ask without an account; an approved message that is two hours late shows."""
    assert browser().get("/health").json() == {"status": "ok", "oldest_due_seconds": None}
    assert browser().head("/health").status_code == 200
    with db.writing() as session:
        message = session.get_one(Message, office.orders)
        message.state, message.approved_at, message.release_at = "approved", NOW, NOW
        message.send_at = NOW - timedelta(hours=2)
    assert browser().get("/health").json()["oldest_due_seconds"] == 7200


@pytest.mark.parametrize("path", READING)
@pytest.mark.databases("sqlite")
def test_what_a_customer_is_called_stays_text(
    browser: NewBrowser, db: Database, app: FastAPI, people: None, path: str
) -> None:
    """A customer named like a script, and texts that quote it, never become an element of a page."""
    with db.writing() as session:
        hostile = furnish_hostile(session, app.state.place.settings.postbox)
    page = browser("agent").get(address(path, hostile)).text
    assert HOSTILE not in page
    assert "<img" not in page
    assert "alert(1)" not in page or "&lt;script" in page or "script&gt;" in page


@pytest.mark.databases("sqlite")
def test_a_hostile_draft_stays_text(browser: NewBrowser, office: Office) -> None:
    """What an agent pastes is shown as the characters it is: in the preview, in the check and in the text box."""
    visitor = browser("agent")
    attack = f"Hello {HOSTILE} [x](javascript:alert(1)) </textarea>{HOSTILE}"
    fields = {"text.email.subject": f"{HOSTILE}", "text.email.body": attack}
    for path in ("preview", "check", "approve"):
        answer = visitor.submit(f"/messages/{office.orders}/{path}", version="2", **fields)
        assert HOSTILE not in answer.text
        assert 'href="javascript' not in answer.text


@pytest.mark.databases("sqlite")
def test_pages_ask_few_questions_however_much_there_is(browser: NewBrowser, db: Database, app: FastAPI) -> None:
    """Twenty more drafts cost no more statements: nothing is asked once for each row."""
    visitor = browser("agent")
    with db.writing() as session:
        seed(session)
        many_drafts(session, 2)

    def statements(path: str) -> int:
        asked: list[str] = []
        reader = app.state.place.db._reader

        def count(*arguments: object) -> None:
            asked.append(str(arguments[2]))

        event.listen(reader, "before_cursor_execute", count)
        assert visitor.get(path).status_code == 200
        event.remove(reader, "before_cursor_execute", count)
        return len(asked)

    pages = ("/queue", "/today", "/customers", "/triggers", "/postbox")
    for path in pages:
        visitor.get(path)
    few = {path: statements(path) for path in pages}
    with db.writing() as session:
        trigger = session.query(Trigger).one()
        for customer in session.query(Customer).all():
            for _ in range(10):
                moment = make_moment(session, customer, trigger, facts={"order_count": fact(10)})
                make_message(session, moment, family="recover", state="in_review")
    assert {path: statements(path) for path in pages} == few


@pytest.mark.databases("sqlite")
def test_static_files_are_kept_for_good(browser: NewBrowser) -> None:
    """Their address changes with their content, so a browser need not ask again; and there is no listing of them."""
    visitor = browser()
    sheet = re.search(r'href="([^"]+jubilee\.css)"', visitor.get("/sign-in").text)[1]
    answer = visitor.get(sheet)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert visitor.get(sheet.replace("jubilee.css", "")).status_code == 404
    assert visitor.get("/sign-in").headers["cache-control"] == "no-store"
