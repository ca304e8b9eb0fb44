"""The page of "not now": what it would touch, the button, what every page says meanwhile, and its end."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.calendar.keeping import keep_holds
from engine.storage.models import Notice, Pause
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.web.conftest import NewBrowser
from tests.web.office import Office
from web.queries.pauses import SHOWN

pytestmark = pytest.mark.databases("sqlite")
ALL = {"touches": ["celebrate", "marketing"]}


def test_it_says_before_what_it_would_touch(browser: NewBrowser, office: Office) -> None:
    """Two celebrations wait in this office; of customers in New York there is one."""
    visitor = browser("marketing")
    assert re.search(r'class="number">2</strong>', visitor.get("/not-now").text)
    token = visitor.token("/not-now")
    narrow = {"step": "look", "places": "America/New_York", "csrf_token": token, "touches": ["celebrate", "marketing"]}
    page = visitor.post("/not-now", data=narrow)
    assert page.status_code == 200
    assert re.search(r'class="number">1</strong>', page.text)
    assert 'value="America/New_York"' in page.text
    with_both = visitor.post("/not-now", data=narrow | {"places": "DE", "touches": ["recover"]})
    assert re.search(r'class="number">2</strong>', with_both.text)


def test_pressed_every_page_says_so_until_it_is_ended(browser: NewBrowser, office: Office, db: Database) -> None:
    """Also the queue, the writing room and the customer's page, beside what waits; and ended twice it is over once."""
    visitor = browser("marketing")
    answer = visitor.submit("/not-now", on="/not-now", reason="the flood in <Graz>", touches="celebrate")
    assert (answer.status_code, answer.headers["location"]) == (303, "/not-now?did=began")
    for path in ("/queue", "/today", "/customers", "/triggers", f"/messages/{office.orders}"):
        assert "the flood in &lt;Graz&gt;" in browser("agent").get(path).text, path
    with db.writing() as session:
        keep_holds(session, now=NOW)
        pause_id = session.scalars(select(Pause.id)).one()
    for path in ("/queue", f"/messages/{office.orders}", "/customers/cd-00042"):
        assert "the company said “not now”" in browser("agent").get(path).text, path
    assert visitor.submit(f"/not-now/{pause_id}/end", on="/not-now").headers["location"] == "/not-now?did=ended"
    assert visitor.submit(f"/not-now/{pause_id}/end", on="/not-now").headers["location"] == "/not-now?did=over"
    assert "the flood" not in visitor.get("/queue").text.partition("<main")[2].partition('class="page-head')[0]
    assert "Earlier ones" in visitor.get("/not-now").text


def test_one_that_began_long_ago_can_still_be_ended(browser: NewBrowser, people: None, db: Database) -> None:
    """However many were begun and ended since."""
    visitor = browser("marketing")
    visitor.submit("/not-now", on="/not-now", reason="a long winter", places="AT", touches="celebrate")
    with db.writing() as session:
        standing = session.scalars(select(Pause)).one()
        for n in range(SHOWN):
            at = standing.began_at + timedelta(hours=n)
            past = Pause(
                reason=f"storm {n}", places=[], touches=["celebrate"], standing_key="", began_at=at, ended_at=at
            )
            session.add(past)
    page = visitor.get("/not-now").text
    assert f"/not-now/{standing.id}/end" in page
    assert f"storm {SHOWN - 1}" in page


@pytest.mark.parametrize("written", ["Germany", "deutschland", "DE", "United States, Germany"])
def test_a_country_is_understood_by_its_name(browser: NewBrowser, office: Office, db: Database, written: str) -> None:
    """And every page says its name."""
    visitor = browser("marketing")
    answer = visitor.submit("/not-now", on="/not-now", reason="a flood", places=written, **ALL)
    assert answer.status_code == 303
    with db.reading() as session:
        assert "DE" in session.scalars(select(Pause)).one().places
    assert "lives in Germany" in visitor.get("/queue").text


def test_a_fault_stands_at_its_field(browser: NewBrowser, people: None) -> None:
    """A place that is none is marked, and not what happened; both keep what was written."""
    page = browser("marketing").submit("/not-now", on="/not-now", reason="a flood", places="Atlantis", **ALL)
    assert page.status_code == 422
    assert re.search(r'<input id="places"[^>]*value="Atlantis"[^>]*aria-invalid', page.text)
    assert not re.search(r'<input id="reason"[^>]*aria-invalid', page.text)


def test_pressed_twice_the_second_one_hears_of_the_first(browser: NewBrowser, people: None) -> None:
    """What they wrote is still there."""
    assert browser("marketing").submit("/not-now", on="/not-now", reason="a fire", **ALL).status_code == 303
    again = browser("admin").submit("/not-now", on="/not-now", reason="fire in town", **ALL)
    assert again.status_code == 409
    assert "Robin Marketing has pressed this already" in again.text
    assert 'value="fire in town"' in again.text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"reason": ""}, "Say why"),
        ({"places": "Atlantis"}, "Atlantis"),
        ({"until": "2020-01-01T00:00"}, "over already"),
        ({"until": "soon"}, "no day and hour"),
        ({"until": "9999-01-01T00:00"}, "too far away"),
        ({"field0": "moment.years", "value0": "3"}, "about customers"),
        ({"field0": "customer.country", "op0": "gt", "value0": "3"}, "is a text"),
        ({"field0": "customer.country", "value0": "Germny"}, "“Germny” is no code of a country"),
        ({"field0": "nonsense.x", "value0": "3"}, "no field"),
        ({"touches": "nothing"}, "Choose what is to wait"),
    ],
)
def test_what_cannot_be_meant_comes_back_with_what_was_written(
    browser: NewBrowser, people: None, fields: dict[str, str], why: str
) -> None:
    """And nothing is held."""
    visitor = browser("marketing")
    answer = visitor.submit("/not-now", on="/not-now", **({"reason": "a storm"} | ALL | fields))
    assert answer.status_code == 422
    assert why in answer.text
    assert "holds now" not in visitor.get("/not-now").text


def test_a_segment_of_countries_is_read_by_name(browser: NewBrowser, people: None, db: Database) -> None:
    """As places are."""
    segment = {"field0": "customer.country", "op0": "in", "value0": "Germany, usa"}
    visitor = browser("marketing")
    assert visitor.submit("/not-now", on="/not-now", **({"reason": "a storm"} | ALL | segment)).status_code == 303
    with db.reading() as session:
        kept = session.scalars(select(Pause.segment)).one()
    assert kept == {"field": "customer.country", "op": "in", "value": ["DE", "US"]}


def test_one_that_concerns_nobody_says_so(browser: NewBrowser, office: Office) -> None:
    """When it is looked at and when it holds; it may be meant for those to come, so it is no fault."""
    visitor = browser("marketing")
    nobody = ALL | {"reason": "a storm", "field0": "foo", "value0": "x"}
    assert "it would concern nobody at present" in visitor.submit("/not-now", on="/not-now", step="look", **nobody).text
    began = visitor.submit("/not-now", on="/not-now", **nobody)
    assert began.headers["location"] == "/not-now?did=nobody"
    assert "concerns nobody at present" in visitor.get("/not-now?did=nobody").text
    somebody = nobody | {"field0": "customer.zone", "value0": "America/New_York"}
    assert "nobody at present" not in visitor.submit("/not-now", on="/not-now", step="look", **somebody).text
    assert visitor.submit("/not-now", on="/not-now", **somebody).headers["location"] == "/not-now?did=began"


def test_an_agent_asks_and_marketing_hears(browser: NewBrowser, people: None, db: Database) -> None:
    """Once an hour, and nothing waits because of it; who only looks around is not offered it."""
    agent = browser("agent")
    for _ in range(2):
        assert agent.submit("/not-now/ask", on="/not-now", reason="the news").status_code == 303
    with db.reading() as session:
        assert len(session.scalars(select(Notice).where(Notice.kind == "ask_pause")).all()) == 2  # marketing and admin
        assert session.scalars(select(Pause)).all() == []
    assert "/not-now/ask" not in browser("viewer").get("/not-now").text
