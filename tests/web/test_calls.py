"""The calls to make: who is on the list, what an agent may write down, and what follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import select

from engine.settings import Settings
from engine.storage.models import AuditEntry, CallOutcome, ContactPoint, Customer, Delivery, Message, Suppression
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer
from tests.engine.write.desk import COMPANY, seed
from tests.web.conftest import Browser, NewBrowser
from tests.web.handed import hand_over
from web.app import make_app

NUMBER = "+15550142"


@dataclass(frozen=True)
class Task:
    """One call to make."""

    path: str
    delivery_id: UUID
    message_id: UUID
    customer_id: UUID
    db: Database

    def delivery(self) -> tuple[str, str | None]:
        with self.db.reading() as session:
            one = session.get_one(Delivery, self.delivery_id)
            return one.state, one.reason

    def outcomes(self) -> list[str]:
        with self.db.reading() as session:
            return list(session.scalars(select(CallOutcome.outcome).order_by(CallOutcome.id)))

    def stops(self) -> list[tuple[str | None, str]]:
        with self.db.reading() as session:
            rows = session.scalars(select(Suppression).where(Suppression.customer_id == self.customer_id))
            return [(one.channel, one.reason) for one in rows]


@pytest.fixture
def app(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    monkeypatch.setenv("JUBILEE_CALL", "on")
    app = make_app(Settings(home=tmp_path, database_url=db.url, secret_key="k" * 40, company_name=COMPANY))
    yield app
    app.state.place.db.dispose()


@pytest.fixture
def task(db: Database) -> Task:
    """Ada in New York wants to be called; it is 8 in the morning there, an hour too early for a call."""
    with db.writing() as session:
        seed(session)
        ada = make_customer(session, last_name="Marlowe", zone="America/New_York", country="US")
        session.add(ContactPoint(customer_id=ada.id, channel="call", address=NUMBER))
        message, delivery = hand_over(session, ada, "call", address=NUMBER)
        return Task(f"/calls/{delivery.id}", delivery.id, message.id, ada.id, db)


def write(browser: Browser, task: Task, outcome: str, **fields: str) -> Response:
    return browser.submit(task.path, on=task.path, outcome=outcome, **{"tries": "0"} | fields)


def test_the_list_says_whom_why_and_when(browser: NewBrowser, task: Task) -> None:
    """With the customer's own time, their number, and that it is not yet an hour for calls there."""
    page = unescape(browser("agent").get("/calls").text)
    for said in ("Ada Marlowe", NUMBER, "08:00 in New York", "waits since 1 hour ago", "not at this hour"):
        assert said in page
    assert '<span class="badge">1<span class="visually-hidden"> waiting' in page


@pytest.mark.databases("sqlite")
def test_the_page_says_what_to_say(browser: NewBrowser, task: Task) -> None:
    """The approved words, without marks, and the facts with what must not be said."""
    page = unescape(browser("agent").get(task.path).text)
    assert "happy birthday to you!" in page
    assert "[[" not in page
    assert "not to be said aloud" in page


def test_reached_is_delivered(browser: NewBrowser, task: Task) -> None:
    """The message is closed, and the list is empty."""
    agent = browser("agent")
    answer = write(agent, task, "reached", note="She was glad.")
    assert answer.status_code == 303
    page = agent.get(answer.headers["location"]).text
    assert "Written down." in page
    assert "No call to make" in page
    assert task.delivery() == ("delivered", None)
    with task.db.reading() as session:
        assert session.get_one(Message, task.message_id).state == "closed"
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "call")).one()
        assert (entry.actor, entry.detail) == ("Robin Agent", {"outcome": "reached"})


def test_not_reached_stays_open_until_the_next_try(
    browser: NewBrowser, task: Task, travel: time_machine.Traveller
) -> None:
    """The hour is the agent's own (Berlin); until then the call waits and is not counted."""
    agent = browser("agent")
    write(agent, task, "no_answer", again="2026-06-01T17:00", note="engaged")
    assert task.delivery()[0] == "accepted"
    page = agent.get("/calls").text
    assert "Mon 1 Jun 2026, 17:00" in page
    assert "waiting</span>" not in page
    travel.shift(timedelta(hours=3, minutes=1))
    assert "waits since" in agent.get("/calls").text
    write(agent, task, "reached", tries="1")
    assert task.outcomes() == ["no_answer", "reached"]


@pytest.mark.databases("sqlite")
def test_without_an_hour_it_is_tried_again_tomorrow(browser: NewBrowser, task: Task) -> None:
    """A message left on a machine is no conversation."""
    write(browser("agent"), task, "left_message")
    with task.db.reading() as session:
        assert session.scalar(select(CallOutcome.again_at)) == NOW + timedelta(days=1)


def test_a_wrong_number_is_not_used_again(browser: NewBrowser, task: Task) -> None:
    """And the call came back."""
    write(browser("agent"), task, "wrong_number")
    assert task.delivery() == ("bounced", "wrong_number")
    with task.db.reading() as session:
        assert session.scalar(select(ContactPoint.usable)) is False


def test_who_asks_not_to_be_called_is_not_called(browser: NewBrowser, task: Task) -> None:
    """On this channel only; who wrote it down stands in the audit trail."""
    write(browser("agent"), task, "asked_not_to_call")
    assert task.delivery() == ("bounced", "asked_not_to_call")
    assert task.stops() == [("call", "customer_asked")]
    with task.db.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "wishes")).one()
        assert (entry.actor, entry.detail["source"]) == ("Robin Agent", "call")
        assert session.scalar(select(ContactPoint.usable)) is True


def test_giving_up_sends_the_message_on_its_way(browser: NewBrowser, task: Task) -> None:
    """Neither the number nor the channel is to blame."""
    write(browser("agent"), task, "given_up")
    assert task.delivery() == ("bounced", "given_up")
    assert task.stops() == []


def test_the_second_of_two_agents_is_told(browser: NewBrowser, task: Task) -> None:
    """What the first wrote counts; the second loses no word and nothing is written twice."""
    first, second = browser("agent"), browser("admin")
    write(first, task, "no_answer")
    answer = write(second, task, "asked_not_to_call", note="please do not")
    page = unescape(answer.text)
    assert answer.status_code == 409
    assert "Robin Agent wrote down: no answer" in page
    assert "please do not" in page
    assert (task.outcomes(), task.stops()) == (["no_answer"], [])
    write(first, task, "reached", tries="1")
    assert write(second, task, "given_up", tries="1").status_code == 409
    assert task.delivery()[0] == "delivered"


@pytest.mark.databases("sqlite")
def test_a_viewer_reads_and_writes_nothing_down(browser: NewBrowser, task: Task) -> None:
    """The page has no form for them, and what they post is refused."""
    viewer = browser("viewer")
    assert 'name="outcome"' not in viewer.get(task.path).text
    answer = viewer.submit(task.path, on="/today", outcome="reached", tries="0")
    assert answer.status_code == 403
    assert task.outcomes() == []


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"outcome": "no_answer", "again": "2026-05-31T09:00"}, "from now on"),
        ({"outcome": "no_answer", "again": "2027-06-01T09:00"}, "within 60 days"),
        ({"outcome": "no_answer", "again": "soon"}, "no day and time"),
        ({"outcome": "married"}, "is not one of"),
    ],
)
def test_what_makes_no_sense_is_said(browser: NewBrowser, task: Task, fields: dict[str, str], said: str) -> None:
    """And what was written stays in the form."""
    answer = browser("agent").submit(task.path, on=task.path, tries="0", note="my words", **fields)
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert "my words" in answer.text
    assert task.outcomes() == []


@pytest.mark.databases("sqlite")
def test_nothing_else_is_a_call(browser: NewBrowser, task: Task) -> None:
    """A mail's delivery has no such page and cannot be settled here."""
    with task.db.writing() as session:
        ada = session.get_one(Customer, task.customer_id)
        mail = hand_over(session, ada, "email", send_on=date(2026, 6, 9))[1].id
    agent = browser("agent")
    assert agent.get(f"/calls/{mail}").status_code == 404
    assert agent.submit(f"/calls/{mail}", on="/today", outcome="reached", tries="0").status_code == 404


@pytest.mark.databases("sqlite")
def test_whoever_left_meanwhile_is_not_to_be_called(browser: NewBrowser, task: Task) -> None:
    """The task says so, so that no agent dials."""
    with task.db.writing() as session:
        session.add(Suppression(customer_id=task.customer_id, reason="customer_asked", source="x", created_at=NOW))
    for path in ("/calls", task.path):
        assert "do not call: customer asked" in browser("agent").get(path).text


@pytest.mark.databases("sqlite")
def test_signed_out_nothing_is_shown(browser: NewBrowser, task: Task) -> None:
    """Numbers are for those who work here."""
    for path in ("/calls", task.path):
        assert browser().get(path).status_code == 303
