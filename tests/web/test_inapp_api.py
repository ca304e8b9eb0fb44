"""What the company's app reads with its key: one customer's messages at a time, and nothing without the key."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from engine.people.audit import Doer
from engine.people.keys import add_key, revoke_key
from engine.storage.models import ApiKey, Customer, Delivery, Message
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer
from tests.web.handed import hand_over

ADA, BEN = "/api/inapp/ada/messages", "/api/inapp/ben/messages"


@pytest.fixture
def keyed(app: FastAPI, db: Database) -> TestClient:
    """The company's app: it sends its key with every request."""
    with db.writing() as session:
        _, key = add_key(session, "the app", ["inapp"], now=NOW, doer=Doer("test"))
    return TestClient(app, headers={"authorization": f"Bearer {key}"})


@pytest.fixture
def messages(db: Database) -> list[Message]:
    """Three of Ada's, the oldest first, one of them unconfirmed and one by mail, and one of Ben's."""
    with db.writing() as session:
        ada, ben = make_customer(session, external_id="ada"), make_customer(session, external_id="ben")
        made = [
            hand_over(session, ada, "inapp", send_on=date(2026, 6, day), at=NOW - timedelta(hours=9 - day))[0]
            for day in (1, 2, 3)
        ]
        hand_over(session, ada, "inapp", state="unconfirmed", send_on=date(2026, 6, 4))
        hand_over(session, ada, "email", send_on=date(2026, 6, 5))
        made.append(hand_over(session, ben, "inapp")[0])
        session.flush()
        session.expunge_all()
        return made


def test_the_app_gets_the_approved_words_newest_first(keyed: TestClient, messages: list[Message]) -> None:
    """As text and as HTML, signed by whoever approved; what was not handed over for certain is not there."""
    page = keyed.get(ADA).json()
    assert [one["id"] for one in page["messages"]] == [str(messages[at].id) for at in (2, 1, 0)]
    assert (page["unread"], page["next"]) == (3, None)
    newest = page["messages"][0]
    assert newest["subject"] == "Happy birthday"
    assert newest["text"] == "Hello Ada,\n\nhappy birthday to you!\n\nKim"
    assert newest["html"].startswith("<p>Hello Ada,</p>")
    assert (newest["occasion"], newest["read_at"]) == ("birthday", None)
    assert newest["sent_at"].startswith("2026-06-01T06:00:00")


@pytest.mark.databases("sqlite")
def test_pages_follow_each_other_without_gap_or_repeat(keyed: TestClient, messages: list[Message]) -> None:
    """`next` leads on until there is no more."""
    seen, before = [], None
    while True:
        page = keyed.get(ADA, params={"limit": 1} | ({"before": before} if before else {})).json()
        seen += [one["id"] for one in page["messages"]]
        before = page["next"]
        if before is None:
            break
    assert seen == [str(messages[at].id) for at in (2, 1, 0)]


def test_reading_is_recorded_once(keyed: TestClient, messages: list[Message], db: Database) -> None:
    """It was delivered then, too; saying it again changes nothing."""
    path = f"{ADA}/{messages[0].id}/read"
    assert [keyed.post(path).json()["new"] for _ in range(2)] == [True, False]
    page = keyed.get(ADA).json()
    assert page["unread"] == 2
    assert page["messages"][-1]["read_at"].startswith("2026-06-01T12:00:00")
    with db.reading() as session:
        assert session.scalar(select(Delivery.state).where(Delivery.message_id == messages[0].id)) == "delivered"
        assert session.get_one(Message, messages[0].id).state == "closed"


@pytest.mark.databases("sqlite")
def test_nobody_elses_message_is_found(keyed: TestClient, messages: list[Message], db: Database) -> None:
    """A message of Ben's asked for as Ada's is as unknown as one that never was, and a strange customer likewise."""
    answers = [
        keyed.post(f"{ADA}/{messages[3].id}/read"),
        keyed.post(f"{ADA}/{uuid4()}/read"),
        keyed.post(f"{ADA}/nonsense/read"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert answers[0].json() == answers[1].json() == {"error": "This customer has no such message."}
    assert keyed.get("/api/inapp/nobody/messages").json() == {"error": "There is no such customer."}
    assert keyed.get(BEN).json()["unread"] == 1
    assert keyed.get(ADA, params={"before": str(messages[3].id)}).json()["messages"] == []


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("path", ["/api/nothing", "/api/inapp", "/api/inapp/ada/nothing", "/hooks/nobody"])
def test_a_program_that_mistypes_is_answered_as_programs_are(keyed: TestClient, path: str) -> None:
    """In JSON, and not with a page; nor where it comes with another method."""
    answer = keyed.get(path)
    assert (answer.status_code, list(answer.json())) == (404, ["error"])
    assert keyed.delete(ADA).json() == {"error": "Method Not Allowed"}


@pytest.mark.databases("sqlite")
def test_of_an_erased_customer_nothing_is_told(keyed: TestClient, messages: list[Message], db: Database) -> None:
    """As if they had never been."""
    with db.writing() as session:
        session.scalars(select(Customer).where(Customer.external_id == "ada")).one().erased_at = NOW
    answer = keyed.get(ADA)
    assert (answer.status_code, answer.json()) == (404, {"error": "There is no such customer."})


@pytest.mark.databases("sqlite")
def test_a_customers_id_may_hold_a_slash(keyed: TestClient, db: Database) -> None:
    """Ids are the company's own."""
    with db.writing() as session:
        hand_over(session, make_customer(session, external_id="eu/messages/7"), "inapp")
    assert keyed.get("/api/inapp/eu/messages/7/messages").json()["unread"] == 1


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer jub_00000000_guess", "Basic YTpi", "Bearer \x7f"])
def test_without_the_key_nothing_is_told(app: FastAPI, messages: list[Message], header: str | None) -> None:
    """The same answer for no key, half a key and a wrong one, also where there is no such customer."""
    stranger = TestClient(app, headers={"authorization": header} if header is not None else {})
    for path in (ADA, "/api/inapp/nobody/messages"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["error"].startswith("This needs a key")
    assert stranger.post(f"{ADA}/{messages[0].id}/read").status_code == 401


@pytest.mark.databases("sqlite")
def test_a_key_of_another_scope_or_taken_back_opens_nothing(app: FastAPI, db: Database) -> None:
    """Each key does what it was made for, until it is revoked."""
    with db.writing() as session:
        _, other = add_key(session, "events", ["events"], now=NOW, doer=Doer("test"))
        row, gone = add_key(session, "old", ["inapp"], now=NOW, doer=Doer("test"))
        revoke_key(session, row.prefix, now=NOW, doer=Doer("test"))
    assert TestClient(app).get(ADA, headers={"authorization": f"Bearer {other}"}).status_code == 403
    assert TestClient(app).get(ADA, headers={"authorization": f"Bearer {gone}"}).status_code == 401


@pytest.mark.databases("sqlite")
def test_guessing_a_key_is_slowed_down(app: FastAPI, keyed: TestClient, messages: list[Message]) -> None:
    """After five wrong secrets of one prefix, or thirty keys, the address waits; sign-in is counted apart."""
    prefix = keyed.headers["authorization"].split("_")[1]
    wrong = [keyed.get(ADA, headers={"authorization": f"Bearer jub_{prefix}_{n}"}).status_code for n in range(6)]
    assert wrong == [401] * 5 + [429]
    others = [keyed.get(ADA, headers={"authorization": f"Bearer jub_{n:08}_x"}).status_code for n in range(26)]
    assert others == [401] * 25 + [429]
    assert app.state.place.throttle.allows("agent@example.com", "testclient")


@pytest.mark.databases("sqlite")
def test_the_use_of_a_key_is_noted(keyed: TestClient, messages: list[Message], db: Database) -> None:
    """So that keys nobody uses can be found and taken back."""
    keyed.get(ADA)
    with db.reading() as session:
        assert session.scalars(select(ApiKey.last_used_at)).one() == NOW
