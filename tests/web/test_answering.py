"""Answering a reply in the console: what the page shows, what it refuses, and what people say of a complaint."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import select, update

from engine import rounds
from engine.ids import new_id
from engine.listen.complaining import open_problems
from engine.listen.letters import take_mail
from engine.rounds import Jubilee
from engine.send.channels import open_channels
from engine.settings import Settings
from engine.storage.models import Answer, Customer, Person, Problem, Reply
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_problem, make_trigger
from tests.engine.listen.heard import submitted
from tests.engine.listen.letters import LINKS, letter, reply_address
from tests.engine.write.desk import COMPANY, seed
from tests.web.conftest import Browser, NewBrowser
from tests.web.office import HOSTILE
from triggers.table import KINDS
from web.app import make_app
from web.queries.replies import PAGE


@pytest.fixture
def app(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    """E-mail is offered, and live."""
    for name, value in (("SENDGRID_API_KEY", "SG.test"), ("EMAIL_FROM", "team@shop.example")):
        monkeypatch.setenv(f"JUBILEE_{name}", value)
    settings = {"live": True, "postal_address": "1 High Street", "public_url": "https://jubilee.example"}
    app = make_app(
        Settings(home=tmp_path, database_url=db.url, secret_key="k" * 40, company_name=COMPANY, **settings)  # type: ignore[arg-type]
    )
    yield app
    app.state.place.db.dispose()


@pytest.fixture
def reply_id(db: Database, people: None) -> UUID:
    """Ada wrote back to Robin, unhappily, and a worker has heard it."""
    with db.writing() as session:
        seed(session)
        robin = session.scalars(select(Person).where(Person.email == "agent@example.com")).one()
        ada = make_customer(session, external_id="cd-00042", last_name="Marlowe")
        delivery = submitted(session, ada, approved_by=robin.id)
        raw = letter(reply_address(delivery.message_id), "I am really disappointed. Where is my lamp?")
        take_mail(session, raw, links=LINKS, now=NOW - timedelta(hours=1))
        open_problems(session, lambda _: [], now=NOW)
        return session.scalars(select(Reply.id)).one()


def send(
    visitor: Browser, reply_id: UUID, text: str = "Dear Ada, it comes on Friday. Robin", seen: int = 0
) -> Response:
    page = f"/replies/{reply_id}"
    return visitor.submit(f"{page}/answer", on=page, text=text, seen=str(seen))


def only(db: Database) -> Answer:
    with db.reading() as session:
        one = session.scalars(select(Answer)).one()
        session.expunge(one)
        return one


def test_an_answer_is_kept_and_can_be_taken_back(db: Database, browser: NewBrowser, reply_id: UUID) -> None:
    """The reply is dealt with, the page says when it goes; taken back, its words stand in the form again."""
    agent = browser("agent")
    assert send(agent, reply_id).status_code == 303
    page = unescape(agent.get(f"/replies/{reply_id}").text)
    assert "goes Mon 1 Jun 2026, 14:01" in page
    assert "Dealt with by Robin Agent" in page
    one = only(db)
    assert (one.state, one.channel, one.address) == ("waiting", "email", "ada@example.org")
    assert agent.submit(f"/replies/answers/{one.id}/withdraw", on=f"/replies/{reply_id}").status_code == 303
    page = unescape(agent.get(f"/replies/{reply_id}").text)
    assert "taken back, it never went" in page
    assert re.search(r"<textarea[^>]*>Dear Ada, it comes on Friday. Robin</textarea>", page)
    assert "Mark as handled" in page


def test_the_second_of_two_agents_keeps_every_word(browser: NewBrowser, reply_id: UUID) -> None:
    """What the first answered stands in the thread above."""
    first, second = browser("agent"), browser("marketing")
    token = second.token(f"/replies/{reply_id}")
    send(first, reply_id)
    data = {"csrf_token": token, "seen": "0", "text": "Dear Ada, this is mine."}
    refused = second.post(f"/replies/{reply_id}/answer", data=data)
    page = unescape(refused.text)
    assert refused.status_code == 409
    assert "Somebody has answered this in the meantime" in page
    assert "it comes on Friday" in page
    assert ">Dear Ada, this is mine.</textarea>" in page


@pytest.mark.databases("sqlite")
def test_an_answer_that_may_not_go_says_why(db: Database, browser: NewBrowser, reply_id: UUID) -> None:
    """Before anybody writes, and where it changed meanwhile."""
    agent = browser("agent")
    token = agent.token(f"/replies/{reply_id}")
    with db.writing() as session:
        session.execute(update(Customer).values(deceased=True))
    assert "The customer has died." in (page := agent.get(f"/replies/{reply_id}").text)
    assert "Send the answer" not in page
    refused = agent.post(f"/replies/{reply_id}/answer", data={"csrf_token": token, "seen": "0", "text": "Hello"})
    assert (refused.status_code, "The customer has died." in refused.text) == (422, True)


@pytest.mark.databases("sqlite")
def test_how_it_sounds_is_said_beside_it(browser: NewBrowser, reply_id: UUID) -> None:
    """In the family of a recovery, as she is unhappy; nothing is kept."""
    agent = browser("agent")
    text = "Calm down. We apologize for any inconvenience this may have caused."
    page = agent.submit(f"/replies/{reply_id}/check", on=f"/replies/{reply_id}", text=text).text
    assert 'data-find="answer-body"' in page
    assert "<!doctype" not in page.lower()


@pytest.mark.databases("sqlite")
def test_the_customer_is_seen_at_a_glance(db: Database, browser: NewBrowser, reply_id: UUID) -> None:
    """Open problems, what is planned and what it waits for, and the words by which it sounds unhappy."""
    with db.writing() as session:
        ada = session.scalars(select(Customer)).one()
        make_problem(session, ada, category="billing", owner="Tom")
        trigger = make_trigger(session, occasion="order_milestone")
        on = NOW.date() + timedelta(days=4)
        make_message(session, make_moment(session, ada, trigger, nominal_on=on, send_on=on), state="in_review")
    page = unescape(browser("agent").get(f"/replies/{reply_id}").text)
    for said in ("billing", "Order milestone", "Heard in: disappointed", "written to Robin Agent", "It counts as one"):
        assert said in page


def test_a_person_says_that_it_is_no_complaint_and_that_it_is(
    db: Database, browser: NewBrowser, reply_id: UUID
) -> None:
    """Both by a form of the page; a complaint is solved there too."""
    agent, page = browser("agent"), f"/replies/{reply_id}"
    assert agent.submit(f"{page}/no-complaint", on=page).status_code == 303
    assert "It does not sound like one" in agent.get(page).text
    with db.reading() as session:
        assert session.scalars(select(Problem)).all() == []
    assert agent.submit(f"{page}/complaint", on=page, category="delivery", severity="major").status_code == 303
    assert "delivery, major" in agent.get(page).text
    assert agent.submit(f"{page}/complaint", on=page, category="delivery", severity="huge").status_code in (409, 422)
    said = {"what_happened": "the lamp was missing", "what_we_did": "we sent it by courier"}
    assert agent.submit(f"{page}/solved", on=page, **said).status_code == 303
    assert "It was one, and it is solved: we sent it by courier." in unescape(agent.get(page).text)


def test_what_nobody_knows_is_settled_by_a_person(db: Database, browser: NewBrowser, reply_id: UUID) -> None:
    """On the list of replies, on the reply and on the page Sending."""
    agent = browser("agent")
    send(agent, reply_id)
    with db.writing() as session:
        session.execute(update(Answer).values(state="unconfirmed", reason="TimeoutError", submitting_at=NOW))
    one = only(db)
    for page in ("/replies", f"/replies/{reply_id}", "/sending"):
        assert f"/replies/answers/{one.id}/arrived" in agent.get(page).text
    assert agent.submit(f"/replies/answers/{one.id}/lost", on="/replies").status_code == 303
    assert only(db).state == "waiting"
    assert agent.submit(f"/replies/answers/{one.id}/arrived").status_code == 409
    assert agent.submit(f"/replies/answers/{new_id()}/arrived").status_code == 404


@pytest.mark.databases("sqlite")
def test_the_list_is_mine_or_everybodys(db: Database, browser: NewBrowser, reply_id: UUID) -> None:
    """With the numbers of both."""
    with db.writing() as session:
        raw = letter("hello@example.com", "Who?", message_id="<2@x>", **{"from": "eve@example.net"})
        take_mail(session, raw, links=LINKS, now=NOW)
    agent, other = browser("agent"), browser("marketing")
    assert "Who?" in (everybody := agent.get("/replies").text)
    assert 'Everybody’s <span class="tag">2</span>' in everybody
    assert "Who?" not in (mine := agent.get("/replies?show=mine").text)
    assert 'Written to me <span class="tag">1</span>' in mine
    assert "Colleagues have 2 replies waiting" in other.get("/replies?show=mine").text
    assert agent.get("/replies?show=whatever").status_code == 422


def many(db: Database, count: int) -> None:
    with db.writing() as session:
        for number in range(count):
            # Several at the same instant: the place of a page is the instant and the id.
            at = NOW - timedelta(minutes=number // 4)
            raw = letter("hello@example.com", f"Number {number:02d}.", message_id=f"<{number}@x>")
            take_mail(session, raw, links=LINKS, now=at)


@pytest.mark.parametrize("handled", [False, True])
def test_pages_follow_each_other(db: Database, browser: NewBrowser, handled: bool) -> None:
    """Each reply once, also where one of the page before was dealt with meanwhile."""
    agent = browser("agent")
    many(db, 2 * PAGE + 5)
    if handled:
        with db.writing() as session:
            session.execute(update(Reply).values(handled_at=NOW))
    seen: list[str] = []
    address = "/replies?show=handled" if handled else "/replies"
    while address:
        page = agent.get(address).text
        seen += re.findall(r"Number (\d\d)\.", page)
        more = re.search(r'href="([^"]+after=[^"]+)"', page)
        address = unescape(more[1]) if more else ""
        if not handled and len(seen) == PAGE:  # the first one is dealt with while the page is open
            with db.writing() as session:
                first = session.scalars(select(Reply.id).order_by(Reply.received_at, Reply.id).limit(1)).one()
                session.execute(update(Reply).where(Reply.id == first).values(handled_at=NOW))
    assert len(seen) == len(set(seen)) == 2 * PAGE + 5


@pytest.mark.databases("sqlite")
def test_an_answer_full_of_markup_is_text(browser: NewBrowser, reply_id: UUID) -> None:
    """In the thread and in the form."""
    agent = browser("agent")
    send(agent, reply_id, text=f"{HOSTILE} <b>x</b>")
    assert HOSTILE not in (page := agent.get(f"/replies/{reply_id}").text)
    assert "<b>x</b>" not in page


@pytest.mark.databases("sqlite")
def test_without_another_channel_the_postbox_takes_answers(
    db: Database, tmp_path: Path, people: None, reply_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it takes messages; the page says so."""
    monkeypatch.delenv("JUBILEE_SENDGRID_API_KEY", raising=False)
    app = make_app(Settings(home=tmp_path, database_url=db.url, secret_key="k" * 40, company_name=COMPANY))
    visitor = Browser(app, follow_redirects=False)
    visitor.sign_in("agent@example.com")
    assert "that is to the postbox" in visitor.get(f"/replies/{reply_id}").text
    send(visitor, reply_id)
    assert only(db).channel == "postbox"
    assert 'tag">answer' not in visitor.get("/postbox").text, "it waits for its minute"
    with db.writing() as session:
        session.execute(update(Answer).values(release_at=NOW - timedelta(minutes=1)))
    place = app.state.place
    assert rounds.answer(Jubilee(db, KINDS, open_channels(place.settings), place.settings), "test") == 1
    line = visitor.get("/postbox").text
    assert '<span class="tag">answer</span> Re: ' in line
    assert f'href="/postbox/{only(db).id}"' in line
    letter_page = visitor.get(f"/postbox/{only(db).id}").text
    for said in ("it comes on Friday", "Ada Marlowe", "Robin Agent", f'href="/replies/{reply_id}"'):
        assert said in letter_page
    with db.writing() as session:
        session.execute(update(Answer).values(customer_id=None))
    assert "Somebody who wrote to us" in visitor.get("/postbox").text
    assert visitor.get(f"/postbox/{only(db).id}").status_code == 200
    app.state.place.db.dispose()
