"""One's own account: what one may say of oneself, and where one is signed in."""

import re

import pytest
from sqlalchemy import select

from engine.notices.telling import News, tell
from engine.people.tries import FORGOT, SIGN_IN
from engine.storage.models import Notice, Person
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.web.conftest import Browser, NewBrowser
from tests.web.office import PASSWORD
from web.browsers import browser_words

pytestmark = pytest.mark.databases("sqlite")
NEW = "a horse in the rain"


def agent_of(db: Database) -> Person:
    with db.reading() as session:
        found = session.scalars(select(Person).where(Person.email == "agent@example.com")).one()
        session.expunge(found)
        return found


def change_password(visitor: Browser, current: str, password: str = NEW) -> object:
    return visitor.submit("/account/password", on="/account", current=current, password=password, again=password)


@pytest.mark.parametrize(
    "more", [{"role": "admin"}, {"active": "false"}, {"skills": "all"}, {"email": "x@y.z"}, {"session_epoch": "7"}]
)
def test_one_changes_name_and_zone_and_nothing_else(browser: NewBrowser, db: Database, more: dict[str, str]) -> None:
    """Whatever else the form holds, above all not the role."""
    before, agent = agent_of(db), browser("agent")
    answer = agent.submit("/account", on="/account", name="Robin Reed", zone="America/New_York", **more)
    assert answer.headers["location"] == "/account?done=saved"
    after = agent_of(db)
    assert (after.name, after.zone) == ("Robin Reed", "America/New_York")
    for name in ("role", "active", "skills", "email", "session_epoch"):
        assert getattr(after, name) == getattr(before, name)


def test_a_new_password_needs_the_present_one_and_ends_the_other_visits(browser: NewBrowser) -> None:
    """This visit goes on; a copied cookie does not."""
    here, there = browser("agent"), browser("agent")
    assert change_password(here, "not my password").status_code == 422
    assert there.get("/today").status_code == 200
    assert change_password(here, PASSWORD).headers["location"] == "/account?done=password"
    assert here.get("/today").status_code == 200
    assert there.get("/today").status_code == 303
    assert browser().sign_in("agent@example.com", PASSWORD).status_code == 401
    assert browser().sign_in("agent@example.com", NEW).status_code == 303


def test_a_forgotten_screen_is_no_place_to_guess(browser: NewBrowser) -> None:
    """Tries of the present password are counted like sign-ins."""
    agent = browser("agent")
    for _ in range(SIGN_IN.per_account):
        assert change_password(agent, "not my password").status_code == 422
    assert change_password(agent, PASSWORD).status_code == 429


def test_one_signs_out_somewhere_else_or_everywhere(browser: NewBrowser) -> None:
    """The list shows each, with the browser it is in, and no word of a cookie."""
    desk, phone, third = browser("agent"), browser("agent"), browser("agent")
    page = desk.get("/account").text
    ends = re.findall(r'action="(/account/visits/[0-9a-f]{16}/end)"', page)
    assert len(ends) == 2
    assert desk.submit(ends[0], on="/account").headers["location"] == "/account?done=ended"
    assert sorted(one.get("/today").status_code for one in (desk, phone, third)) == [200, 200, 303]
    assert desk.submit("/account/sign-out-everywhere", on="/account").headers["location"] == "/sign-in"
    assert [one.get("/today").status_code for one in (desk, phone, third)] == [303] * 3


def test_somebody_elses_visit_cannot_be_ended(browser: NewBrowser) -> None:
    """Its reference is nothing on this account."""
    agent, admin, other = browser("agent"), browser("admin"), browser("admin")
    theirs = re.search(r"/account/visits/[0-9a-f]{16}/end", admin.get("/account").text)[0]
    assert agent.submit(theirs, on="/account").status_code == 404
    assert other.get("/today").status_code == 200


def test_one_reads_what_one_was_told_and_nobody_elses(browser: NewBrowser, db: Database) -> None:
    """Without the notices that carried links to set a password."""
    with db.writing() as session:
        mine = agent_of(db).id
        tell(session, News("a", "unreviewed", "A draft of yours waits", "x", "/queue", mine), now=NOW)
        tell(session, News("b", "reset", "Set a new password", "x", "/access", mine), now=NOW)
        tell(session, News("c", "unreviewed", "A draft of all", "x", "/queue", None), now=NOW)
    page = browser("agent").get("/notices").text
    assert "A draft of yours waits" in page
    assert "Set a new password" not in page
    assert "A draft of all" not in page
    assert "Nothing yet" in browser("admin").get("/notices").text


def forget(visitor: Browser, email: str) -> object:
    return visitor.submit("/forgot-password", on="/forgot-password", email=email)


def test_who_forgot_their_password_gets_the_same_answer_as_who_has_no_account(
    browser: NewBrowser, db: Database
) -> None:
    """Word for word; only the right one is sent something."""
    known, unknown = (forget(browser(), email) for email in ("agent@example.com", "nobody@example.com"))
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text
    with db.reading() as session:
        assert [(one.kind, one.person_id) for one in session.scalars(select(Notice))] == [("reset", agent_of(db).id)]


@pytest.mark.parametrize("email", ["agent@example.com", "nobody@example.com"])
def test_asking_again_and_again_is_stopped(browser: NewBrowser, email: str) -> None:
    """For accounts that exist and for those that do not."""
    visitor = browser()
    for _ in range(FORGOT.per_account):
        assert forget(visitor, email).status_code == 200
    assert forget(visitor, email).status_code == 429


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on an iPhone"),
        ("<script>alert(1)</script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_called_by_its_name(header: str, said: str) -> None:
    """What it says of itself beyond that is never shown."""
    assert browser_words(header) == said
