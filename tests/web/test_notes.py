"""The quick note: found, written and saved in a few taps, by anybody who works here; and the page of who reads them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.record.erasing import erase
from engine.storage.models import AuditEntry, ContactPoint, Customer, Event, Note, Person, Problem
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_trigger
from tests.web.conftest import Browser, NewBrowser
from tests.web.office import ROLES
from tests.web.test_pages import HTMX, text_of

FORM = "/notes/new?customer=ada"
DAY = timedelta(days=1)


@pytest.fixture
def ada(db: Database, people: None) -> Customer:
    with db.writing() as session:
        make_trigger(session)
        customer = make_customer(session, external_id="ada", last_name="Marlowe")
        session.add(ContactPoint(customer_id=customer.id, channel="sms", address="+49301234567"))
        return customer


def save(visitor: Browser, **fields: str) -> Any:
    """Fill in the form as it is and send it."""
    page = visitor.get(FORM).text
    key = re.search(r'name="id" value="([^"]+)"', page)
    assert key
    return visitor.submit("/notes", on=FORM, **{"id": key[1], "customer": "ada", "text": "so it is"} | fields)


def left(db: Database) -> list[Note]:
    with db.reading() as session:
        found = list(session.scalars(select(Note).order_by(Note.created_at)))
        session.expunge_all()
        return found


def noted(session: Session, customer: Customer, role: str, **fields: Any) -> Note:
    author = session.scalars(select(Person.id).where(Person.email == f"{role}@example.com")).one()
    values: dict[str, Any] = {"kind": "complaint", "text": "so it is", "created_at": NOW}
    note = Note(id=new_id(), customer_id=customer.id, author_id=author, **values | fields)
    session.add(note)
    session.flush()
    return note


@pytest.mark.parametrize("wanted", ["ada", "marl", "Ada Marlowe", "+49 30 1234567", "0049301234567"])
@pytest.mark.databases("sqlite")
def test_the_customer_is_found_by_what_one_has_at_hand(browser: NewBrowser, ada: Customer, wanted: str) -> None:
    """An id, a name, a phone number as people write it: as a page and as a fragment, leading to the form."""
    visitor = browser("viewer")
    for headers in ({}, HTMX):
        page = visitor.get("/notes/new", params={"q": wanted}, headers=headers).text
        assert 'href="/notes/new?customer=ada"' in page
    assert "<html" not in page


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.databases("sqlite")
def test_whoever_works_here_leaves_a_note(browser: NewBrowser, db: Database, ada: Customer, role: str) -> None:
    """And is told at once that it was kept, with a way to take it back."""
    visitor = browser(role)
    answer = save(visitor, kind="compliment", text="She was kind")
    assert answer.status_code == 303
    page = visitor.get(answer.headers["location"]).text
    assert "Saved." in text_of(page)
    (note,) = left(db)
    assert (note.kind, note.text, note.expires_at) == ("compliment", "She was kind", None)
    assert visitor.submit(f"/notes/{note.id}/withdraw", on=FORM, back="/notes").headers["location"] == "/notes"
    assert left(db)[0].withdrawn_at == NOW


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({"kind": "life_event", "days": "30", "days_quiet": "14"}, 30),
        ({"kind": "not_now", "days": "30", "days_quiet": "14"}, 14),
        ({"kind": "life_event", "days": "180", "days_quiet": "14"}, 180),
        ({"kind": "not_now", "days": "30", "days_quiet": ""}, 14),
    ],
)
@pytest.mark.databases("sqlite")
def test_it_waits_for_the_days_of_its_own_kind(
    browser: NewBrowser, db: Database, ada: Customer, fields: dict[str, str], days: int
) -> None:
    """Both fields are always sent, as the form has both."""
    visitor = browser("viewer")
    page = visitor.get(save(visitor, **fields).headers["location"]).text
    assert left(db)[0].expires_at == NOW + days * DAY
    assert "wait" in text_of(page).partition("Saved.")[2]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "gossip"},
        {"kind": "other", "text": " "},
        {"kind": "life_event", "days": "181"},
        {"kind": "life_event", "days": "soon"},
    ],
)
@pytest.mark.databases("sqlite")
def test_what_cannot_be_kept_loses_no_word(
    browser: NewBrowser, db: Database, ada: Customer, fields: dict[str, str]
) -> None:
    """The form comes back with what was written in it and a sentence that helps."""
    answer = save(browser("viewer"), **{"text": "a long story"} | fields)
    assert answer.status_code == 422
    assert "Nothing was lost." in answer.text
    assert "a long story" in answer.text or not fields.get("text", "x").strip()
    assert left(db) == []


def test_a_complaint_opens_a_problem_where_the_box_is_ticked(browser: NewBrowser, db: Database, ada: Customer) -> None:
    """Ticked beforehand for agents and not for others; sent twice it is one note and one problem."""
    agent = browser("agent")
    assert 'name="opens_problem" value="true" checked' in agent.get(FORM).text
    assert 'name="opens_problem" value="true" checked' not in browser("viewer").get(FORM).text
    key = str(new_id())
    for _ in range(2):
        fields = {"id": key, "kind": "complaint", "category": "delivery", "occasion": "birthday"}
        assert save(agent, opens_problem="true", **fields).status_code == 303
    (note,) = left(db)
    assert (note.category, note.occasion) == ("delivery", "birthday")
    with db.reading() as session:
        assert session.scalars(select(Problem.category)).all() == ["delivery"]
        assert session.scalar(select(func.count()).select_from(Event)) == 1
    save(agent, kind="complaint")
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Problem)) == 1


@pytest.mark.databases("sqlite")
def test_the_screen_says_that_the_customer_may_read_it(browser: NewBrowser, ada: Customer) -> None:
    """Where one writes, and where one reads."""
    visitor = browser("agent")
    assert "they may ask to read it" in text_of(visitor.get(FORM).text)
    assert "may ask to read" in text_of(visitor.get("/notes").text)


@pytest.mark.databases("sqlite")
def test_whoever_was_erased_meanwhile_gets_no_note(browser: NewBrowser, db: Database, ada: Customer) -> None:
    """The form was open; the page says that there is nobody."""
    visitor = browser("agent")
    visitor.get(FORM)
    with db.writing() as session:
        erase(session, ada.id, now=NOW)
    fields = {"id": str(new_id()), "customer": "ada", "kind": "other", "text": "so it is"}
    assert visitor.submit("/notes", **fields).status_code == 404
    assert left(db) == []


@pytest.mark.parametrize(
    ("role", "reads"),
    [
        ("viewer", {"mine"}),
        ("agent", {"theirs", "mine", "bereaved"}),
        ("marketing", {"theirs", "mine"}),
        ("admin", {"theirs", "mine", "bereaved"}),
    ],
)
@pytest.mark.databases("sqlite")
def test_who_reads_which_notes(browser: NewBrowser, db: Database, ada: Customer, role: str, reads: set[str]) -> None:
    """A viewer what they left themselves, marketing all but life events, agents all."""
    with db.writing() as session:
        noted(session, ada, "viewer", text="mine")
        noted(session, ada, "agent" if role != "agent" else "admin", text="theirs")
        noted(session, ada, "admin" if role != "admin" else "agent", kind="life_event", text="bereaved")
    page = browser(role).get("/notes").text
    assert {word for word in ("theirs", "mine", "bereaved") if f">{word}<" in page} == reads


@pytest.mark.databases("sqlite")
def test_a_note_is_not_taken_back_by_others(browser: NewBrowser, db: Database, ada: Customer) -> None:
    """No button, and a refusal; a life event of somebody else is not even there. An admin may."""
    with db.writing() as session:
        note = noted(session, ada, "agent")
        secret = noted(session, ada, "agent", kind="life_event")
    marketing = browser("marketing")
    assert "Take back" not in marketing.get("/notes").text
    assert marketing.submit(f"/notes/{note.id}/withdraw").status_code == 403
    assert marketing.submit(f"/notes/{secret.id}/withdraw").status_code == 404
    assert browser("admin").submit(f"/notes/{note.id}/withdraw").status_code == 303
    with db.reading() as session:
        done = select(AuditEntry.person_id).where(AuditEntry.action == "withdraw_note")
        admin = select(Person.id).where(Person.role == "admin")
        assert session.scalars(done).all() == session.scalars(admin).all()


@pytest.mark.databases("sqlite")
def test_nobody_is_sent_elsewhere_after_taking_back(browser: NewBrowser, db: Database, ada: Customer) -> None:
    """Where to go back to is a path of ours."""
    with db.writing() as session:
        note = noted(session, ada, "agent")
    answer = browser("agent").submit(f"/notes/{note.id}/withdraw", back="https://example.com/")
    assert answer.headers["location"] == "/queue"


@pytest.mark.databases("sqlite")
def test_what_was_just_saved_is_told_to_its_author_alone(browser: NewBrowser, db: Database, ada: Customer) -> None:
    """Another one's id in the address shows nothing."""
    with db.writing() as session:
        note = noted(session, ada, "viewer", kind="life_event")
    assert "Saved." in browser("viewer").get(f"/notes/new?done={note.id}").text
    assert "Saved." not in browser("marketing").get(f"/notes/new?done={note.id}").text


def test_the_notes_go_on_where_they_stopped(browser: NewBrowser, db: Database, ada: Customer) -> None:
    """Of one instant and of many: each once, filtered by kind and by what is in force."""
    with db.writing() as session:
        for number in range(35):
            noted(session, ada, "agent", text=f"note {number:02}", created_at=NOW - (number // 32) * DAY)
        noted(session, ada, "agent", text="old", kind="not_now", expires_at=NOW - DAY)
        noted(session, ada, "agent", text="over", withdrawn_at=NOW)
    agent = browser("agent")
    first = agent.get("/notes?kind=complaint&holding=true").text
    more = re.search(r'hx-get="([^"]+)"', first)
    assert more
    rest = agent.get(more[1].replace("&amp;", "&"), headers=HTMX).text
    found = re.findall(r">(note \d\d|old|over)<", first + rest)
    assert len(found) == len(set(found)) == 35
    assert "old" not in found
    assert "over" not in found


@pytest.mark.parametrize("query", ["after=nonsense", "kind=gossip"])
@pytest.mark.databases("sqlite")
def test_a_made_up_place_is_refused(browser: NewBrowser, people: None, query: str) -> None:
    """A friendly page."""
    assert browser("agent").get(f"/notes?{query}").status_code == 422
