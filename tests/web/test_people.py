"""Admins let people in and out: who may, what a form may change, and how a link is handed over."""

import re
from dataclasses import replace
from html import unescape

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from engine.channel_terms import Offered
from engine.storage.models import AccessLink, AuditEntry, Notice, Person
from engine.storage.session import Database
from tests.web.conftest import Browser, NewBrowser
from tests.web.office import PASSWORD

pytestmark = pytest.mark.databases("sqlite")
NEW = "a horse in the rain"


def person_of(db: Database, email: str) -> Person:
    with db.reading() as session:
        found = session.scalars(select(Person).where(Person.email == email)).one()
        session.expunge(found)
        return found


def invited(admin: Browser, **fields: str) -> str:
    """Invite Mia; the path of the link that the page shows."""
    asked = {"name": "Mia Keller", "email": "mia@example.com", "role": "agent", "zone": "Europe/Berlin"} | fields
    page = admin.submit("/people", on="/people", **asked)
    assert page.status_code == 200, page.text
    return re.search(r">http://127\.0\.0\.1:\d+(/access/[^<]+)<", page.text)[1]


def set_password(visitor: Browser, link: str, password: str = NEW, again: str = "") -> object:
    return visitor.submit(link, on=link, password=password, again=again or password)


def test_without_mail_the_link_is_shown_once_and_lets_them_in(browser: NewBrowser, db: Database) -> None:
    """Invited, set, signed in; neither the list nor the table holds the link afterwards."""
    admin = browser("admin")
    link = invited(admin)
    mia = browser()
    answer = set_password(mia, link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?set=1")
    assert mia.sign_in("mia@example.com", NEW).status_code == 303
    assert mia.get("/today").status_code == 200
    secret = link.rpartition("/")[2]
    assert secret not in admin.get("/people").text
    with db.reading() as session:
        assert session.scalars(select(AccessLink)).one().secret_hash != secret


def test_with_mail_the_link_is_not_shown_but_told(browser: NewBrowser, app: FastAPI, db: Database) -> None:
    """A notice goes, and holds no secret."""
    app.state.place = replace(app.state.place, offered=Offered(("email",)))
    admin = browser("admin")
    answer = admin.submit("/people", on="/people", name="Mia", email="mia@example.com", zone="UTC")
    mia = person_of(db, "mia@example.com")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/people/{mia.id}?sent=1")
    with db.reading() as session:
        notice = session.scalars(select(Notice)).one()
        assert (notice.kind, notice.person_id, notice.path) == ("invite", mia.id, "/access")
        assert session.scalars(select(AccessLink)).all() == []


def test_a_new_person_is_a_viewer_unless_said_otherwise(browser: NewBrowser, app: FastAPI, db: Database) -> None:
    """Least by default."""
    admin = browser("admin")
    admin.submit("/people", on="/people", name="Mia", email="mia@example.com", zone="UTC")
    assert person_of(db, "mia@example.com").role == "viewer"


def test_looking_at_a_link_uses_nothing_up(browser: NewBrowser) -> None:
    """Mail scanners follow links; and the address is told to no other page."""
    link, mia = invited(browser("admin")), browser()
    for _ in range(3):
        page = mia.get(link)
        assert page.status_code == 200
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
    assert set_password(mia, link).status_code == 303


def test_a_link_works_once(browser: NewBrowser) -> None:
    """The second one is told so, kindly, and sets nothing."""
    link, mia = invited(browser("admin")), browser()
    token = mia.token(link)
    assert set_password(mia, link).status_code == 303
    again = mia.post(link, data={"csrf_token": token, "password": "another long one", "again": "another long one"})
    assert again.status_code == 404
    assert "does not work any more" in again.text
    assert mia.get(link).status_code == 404
    assert mia.sign_in("mia@example.com", NEW).status_code == 303


@pytest.mark.parametrize("link", ["/access/x", "/access/" + "A" * 43, "/access/%00"])
def test_a_made_up_link_opens_nothing(browser: NewBrowser, link: str) -> None:
    """The same page as for one that was used."""
    assert browser().get(link).status_code == 404


def test_setting_a_password_signs_nobody_in_and_ends_every_visit(browser: NewBrowser, db: Database) -> None:
    """Who resets because somebody else is in their account throws them out; a planted cookie is worth nothing."""
    agent, admin = browser("agent"), browser("admin")
    page = admin.submit(f"/people/{person_of(db, 'agent@example.com').id}/link", on="/people")
    link = re.search(r">http://127\.0\.0\.1:\d+(/access/[^<]+)<", page.text)[1]
    owner = browser()
    set_password(owner, link)
    assert owner.get("/today").status_code == 303
    assert agent.get("/today").status_code == 303
    assert browser().sign_in("agent@example.com", PASSWORD).status_code == 401
    assert browser().sign_in("agent@example.com", NEW).status_code == 303


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", "", "at least 10"),
        ("Password2026!", "", "tried first"),
        ("mia@example.com", "", "your name or your e-mail"),
        (NEW, "something else here", "do not agree"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_stays(
    browser: NewBrowser, password: str, again: str, said: str
) -> None:
    """What is wrong is said, and the same link takes a better one."""
    link, mia = invited(browser("admin")), browser()
    refused = set_password(mia, link, password, again)
    assert refused.status_code == 422
    assert said in unescape(refused.text)
    assert set_password(mia, link).status_code == 303


def test_a_disabled_person_is_out_at_their_next_click(browser: NewBrowser, db: Database) -> None:
    """In every browser; enabled again they sign in anew."""
    agent, admin = browser("agent"), browser("admin")
    address = f"/people/{person_of(db, 'agent@example.com').id}"
    admin.submit(f"{address}/disable", on=address)
    assert agent.get("/today").status_code == 303
    assert browser().sign_in("agent@example.com").status_code == 401
    admin.submit(f"{address}/enable", on=address)
    assert agent.get("/today").status_code == 303
    assert agent.sign_in("agent@example.com").status_code == 303


def test_nobody_changes_their_own_role_or_disables_themselves(browser: NewBrowser, db: Database) -> None:
    """Whatever the form says; and there is no button for it."""
    admin = browser("admin")
    address = f"/people/{person_of(db, 'admin@example.com').id}"
    page = admin.get(address).text
    assert "Disable this account" not in page
    assert '<select id="role"' not in page
    changed = admin.submit(address, on=address, name="Robin Admin", zone="UTC", role="viewer")
    assert changed.status_code == 403
    assert "Nobody changes their own role" in changed.text
    assert admin.submit(f"{address}/disable", on=address).status_code == 403
    assert person_of(db, "admin@example.com").role == "admin"


def test_an_admin_changes_what_somebody_may_do_and_for_whom_they_write(browser: NewBrowser, db: Database) -> None:
    """Role, skills, languages, names in other systems, substitute and absence; and the trail says from what to what."""
    admin = browser("admin")
    agent, marketing = person_of(db, "agent@example.com"), person_of(db, "marketing@example.com")
    address = f"/people/{agent.id}"
    fields = {
        "name": "Robin Agent",
        "zone": "Europe/Berlin",
        "role": "marketing",
        "skills": "Recoveries, wholesale trade, recoveries",
        "locales": "de, en",
        "ticket_names": "robin.a, Robin A.",
        "substitute": str(marketing.id),
        "away_until": "2026-06-10",
    }
    assert admin.submit(address, on=address, **fields).status_code == 303
    changed = person_of(db, "agent@example.com")
    assert (changed.role, changed.skills, changed.locales) == (
        "marketing",
        ["recoveries", "wholesale_trade"],
        ["de", "en"],
    )
    assert (changed.ticket_names, changed.substitute_id) == (["robin.a", "Robin A."], marketing.id)
    assert changed.away_until.isoformat() == "2026-06-09T22:00:00+00:00"
    assert 'value="2026-06-10"' in admin.get(address).text
    with db.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "change_person")).one()
        assert (entry.subject_id, entry.detail["role"]) == (agent.id, ["agent", "marketing"])


@pytest.mark.parametrize(
    "more", [{"active": "false"}, {"password_hash": "x"}, {"session_epoch": "9"}, {"email": "x@y.z"}]
)
def test_a_field_that_the_form_does_not_have_changes_nothing(
    browser: NewBrowser, db: Database, more: dict[str, str]
) -> None:
    """Neither an admin's form nor one's own takes what it did not ask for."""
    before = person_of(db, "agent@example.com")
    admin, address = browser("admin"), f"/people/{before.id}"
    admin.submit(address, on=address, name="New Name", zone="UTC", role="agent", **more)
    after = person_of(db, "agent@example.com")
    assert after.name == "New Name"
    for name in ("active", "password_hash", "session_epoch", "email"):
        assert getattr(after, name) == getattr(before, name)


def test_what_cannot_be_used_is_said_and_the_rest_of_the_form_stays(browser: NewBrowser) -> None:
    """Nobody types it all again."""
    page = browser("admin").submit(
        "/people", on="/people", name="Mia Keller", email="mia@example.com", zone="Atlantis", skills="wholesale"
    )
    assert page.status_code == 422
    assert "Zone: unknown time zone" in unescape(page.text)
    assert 'value="Mia Keller"' in page.text
    assert 'value="wholesale"' in page.text


def test_a_second_account_for_an_address_is_refused(browser: NewBrowser) -> None:
    """Whatever its case."""
    page = browser("admin").submit("/people", on="/people", name="Robin", email="Agent@Example.com", zone="UTC")
    assert page.status_code == 409
    assert "has an account already" in page.text


def test_a_name_full_of_markup_is_text(browser: NewBrowser) -> None:
    """On every page that shows it."""
    hostile = "<script>alert(1)</script>"
    admin = browser("admin")
    page = admin.submit("/people", on="/people", name=hostile, email="mia@example.com", zone="UTC").text
    for shown in (page, admin.get("/people").text, admin.get("/audit").text):
        assert hostile not in shown
    assert "&lt;script&gt;" in admin.get("/people").text
