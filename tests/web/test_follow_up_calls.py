"""Calls after trouble, in the console: the list, the page, what came of it; and who was unhappy on the phone."""

from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
from sqlalchemy import select

from engine.storage.models import AuditEntry, FollowUpCall, Notice, Person, Problem
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.review.test_follow_up import NUMBER, keep, solved
from tests.web.conftest import NewBrowser


@pytest.fixture
def call_id(db: Database, people: None) -> UUID:
    """A call of Robin's, by tomorrow."""
    with db.writing() as session:
        solved(session, owner="robin agent")
        keep(session)
        return session.scalars(select(FollowUpCall.id)).one()


def path(call_id: UUID) -> str:
    return f"/calls/follow-up/{call_id}"


def test_the_list_and_the_room_show_it(browser: NewBrowser, call_id: UUID) -> None:
    """Also where no messages go by phone; with whose it is and by when."""
    page = unescape(browser("agent").get("/calls").text)
    for said in ("After trouble", "Ada Marlowe", "serious", "Robin Agent", "by <time", "Two parcels came"):
        assert said in page
    assert 'href="/calls"' in page
    assert '1<span class="visually-hidden"> waiting' in page


@pytest.mark.databases("sqlite")
def test_the_page_has_what_to_say_and_what_not(browser: NewBrowser, call_id: UUID) -> None:
    """The number, what happened, what we did; nothing is sold and nothing is asked."""
    page = unescape(browser("agent").get(path(call_id)).text)
    for said in (NUMBER, "Two parcels came", "We refunded one", "Nothing is sold", "No survey", "who solved it"):
        assert said in page


def test_what_came_of_it_is_written_down_once(db: Database, browser: NewBrowser, call_id: UUID) -> None:
    """The second agent is told, and loses no word."""
    first, second = browser("agent"), browser("marketing")
    token = second.token(path(call_id))
    answer = first.submit(path(call_id), on=path(call_id), outcome="no_answer", tries="0", note="engaged")
    assert answer.status_code == 303
    assert "Written down." in first.get(answer.headers["location"]).text
    data = {"csrf_token": token, "outcome": "reached", "tries": "0", "note": "we spoke at length"}
    refused = second.post(path(call_id), data=data)
    assert refused.status_code == 409
    assert "we spoke at length" in refused.text
    with db.reading() as session:
        call = session.get_one(FollowUpCall, call_id)
        assert (call.state, call.tries, call.note, call.again_at) == ("open", 1, "engaged", NOW + timedelta(days=1))
        assert session.scalars(select(AuditEntry.action).where(AuditEntry.subject_id == call_id)).all() == ["call"]


def test_unhappy_on_the_phone_is_a_problem_again(db: Database, browser: NewBrowser, call_id: UUID) -> None:
    """With one box of the same form."""
    agent = browser("agent")
    fields = {"outcome": "reached", "tries": "0", "unhappy": "on"}
    assert agent.submit(path(call_id), on=path(call_id), **fields).status_code == 303
    with db.reading() as session:
        assert session.scalars(select(Problem.state)).all() == ["open"]
        assert session.get_one(FollowUpCall, call_id).state == "done"


@pytest.mark.databases("sqlite")
def test_a_complaint_about_something_else_is_solved_here(db: Database, browser: NewBrowser, call_id: UUID) -> None:
    """No other system knows of it."""
    with db.writing() as session:
        session.scalars(select(Problem)).one().kind = "refund"
    agent = browser("agent")
    agent.submit(path(call_id), on=path(call_id), outcome="reached", tries="0", unhappy="on")
    assert "They were unhappy" in agent.get(path(call_id)).text
    said = {"what_happened": "the bill was wrong", "what_we_did": "we wrote a new one"}
    assert agent.submit(f"{path(call_id)}/solved", on=path(call_id), **said).status_code == 303
    assert "It is solved: we wrote a new one." in agent.get(path(call_id)).text


@pytest.mark.databases("sqlite")
def test_a_late_one_is_marked(db: Database, browser: NewBrowser, call_id: UUID) -> None:
    """And its owner has been told."""
    with db.writing() as session:
        session.get_one(FollowUpCall, call_id).due_at = NOW - timedelta(minutes=1)
        session.flush()
        keep(session)
        robin = session.scalars(select(Person.id).where(Person.email == "agent@example.com")).one()
        assert session.scalars(select(Notice.person_id)).all() == [robin]
    agent = browser("agent")
    for page in ("/calls", path(call_id)):
        assert '<span class="tag wrong">late</span>' in agent.get(page).text


@pytest.mark.databases("sqlite")
def test_a_viewer_reads_and_does_not_write(browser: NewBrowser, call_id: UUID) -> None:
    """The form is not there, and its address refuses."""
    viewer = browser("viewer")
    assert "What came of it?</h2>" not in viewer.get(path(call_id)).text
    assert viewer.submit(path(call_id), outcome="reached", tries="0").status_code == 403
    assert viewer.submit(f"{path(call_id)}/solved", what_happened="x", what_we_did="y").status_code == 403
