"""Today tells what nobody read in time, and what nobody may read in time, and leads to both."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select, update

from engine.review.deadlines import apply_deadlines
from engine.review.decisions import skip
from engine.storage.models import Message, Person
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.web.conftest import NewBrowser
from tests.web.office import Office
from tests.web.test_pages import text_of

pytestmark = pytest.mark.databases("sqlite")


def give(db: Database, message_id: object, role: str) -> str:
    """Make it, and nothing else, this person's; their id."""
    with db.writing() as session:
        session.execute(update(Message).values(owner_id=None))
        owner = session.scalars(select(Person.id).where(Person.role == role)).one()
        session.execute(update(Message).where(Message.id == message_id).values(owner_id=owner))
        return str(owner)


def let_pass(db: Database, hours: int) -> None:
    """So many hours later nobody has decided anything."""
    with db.writing() as session:
        apply_deadlines(session, now=NOW + timedelta(hours=hours))
        session.execute(update(Message).where(Message.state == "expired").values(closed_at=NOW))


def test_today_says_whose_drafts_are_in_danger_and_leads_to_them(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """By owner and trigger, with the first deadline; the link shows exactly those in the queue."""
    give(db, office.serious, "agent")
    page = browser("agent").get("/today").text
    read = text_of(page)
    assert "Dropped within a day if nobody reads it" in read
    assert "Robin Agent Ticket really solved in 1 hour 1" in read
    link = unescape(re.search(r'href="(/queue\?owner=[^"]+)"', page)[1])
    shown = browser("agent").get(link).text
    assert re.findall(r'data-walk href="/messages/[^"]+">([^<]+)<', shown) == ["Cleo Santos"]
    owner = link.partition("owner=")[2].partition("&")[0]
    assert f'<option value="{owner}" selected>' in shown


def test_today_says_what_ended_unread_and_leads_to_it(browser: NewBrowser, office: Office, db: Database) -> None:
    """By owner and trigger; a question nobody answered counts, and each says why."""
    owner = give(db, office.serious, "agent")
    let_pass(db, 21)
    visitor = browser("agent")
    read = text_of(visitor.get("/today").text)
    assert "Ended unread in the last 7 days" in read
    assert "Robin Agent Ticket really solved now 1" in read
    assert "Nobody’s Ticket really solved now 1" in read
    every = text_of(visitor.get("/today/unread").text)
    assert "Cleo Santos : Ticket really solved. Nobody read it before its deadline. Whose it was: Robin Agent" in every
    assert "Dora Lindqvist : Ticket really solved. It was held until it was too late" in every
    hers = text_of(visitor.get("/today/unread", params={"owner": owner, "trigger": "ticket_solved"}).text)
    assert "Cleo Santos" in hers
    assert "Dora Lindqvist" not in hers
    nobodys = text_of(visitor.get("/today/unread?owner=nobody").text)
    assert "Dora Lindqvist" in nobodys
    assert "Cleo Santos" not in nobodys


def test_what_a_person_decided_is_no_message_that_ended_unread(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """A skip is a decision; and what ended before the last days is told no more."""
    with db.writing() as session:
        message = session.get_one(Message, office.serious)
        person = session.scalars(select(Person).where(Person.role == "agent")).one()
        skip(session, message.id, version=message.version, reason="spoke with her", person=person, now=NOW)
    let_pass(db, 21)
    assert "Cleo Santos" not in text_of(browser("agent").get("/today/unread").text)
    with db.writing() as session:
        earlier = NOW - timedelta(days=8)
        session.execute(update(Message).where(Message.state == "expired").values(closed_at=earlier))
    assert "Ended unread" not in text_of(browser("agent").get("/today").text)


@pytest.mark.parametrize("asked", ["owner=nonsense", "trigger=nothing", "after=2026", "after=2026-06-01~x"])
def test_a_made_up_address_is_no_fault(browser: NewBrowser, office: Office, asked: str) -> None:
    """What is unknown finds nothing or everything, and no page breaks."""
    assert browser("agent").get(f"/today/unread?{asked}").status_code == 200
    assert browser("agent").get("/queue?owner=nonsense").status_code == 200
