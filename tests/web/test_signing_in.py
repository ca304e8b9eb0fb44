"""Signing in and out: who gets in, what an attacker learns, and where one is sent afterwards."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import event

from engine.people.tries import SIGN_IN
from engine.storage.models import AuditEntry, Person, Visit
from tests.web.conftest import Browser, NewBrowser
from web.app import make_app
from web.session import COOKIE
from web.visitors import local_path


def test_the_right_password_opens_the_queue(browser: NewBrowser) -> None:
    """Signing in leads to the queue, with a cookie that scripts cannot read."""
    answer = browser().sign_in("agent@example.com")
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_stays_there(browser: NewBrowser) -> None:
    """Where the page came over https, the cookie is never sent without it."""
    visitor = browser()
    visitor.base_url = "https://testserver"
    assert "Secure" in visitor.sign_in("agent@example.com").headers["set-cookie"]


def test_known_and_unknown_accounts_get_the_same_answer(browser: NewBrowser) -> None:
    """Nobody learns from the sign-in who works here."""
    known = browser().sign_in("agent@example.com", "not the password")
    unknown = browser().sign_in("agens@example.com", "not the password")
    assert known.status_code == unknown.status_code == 401
    assert known.text.split("csrf_token")[0] == unknown.text.split("csrf_token")[0]
    assert "do not fit together" in unknown.text


@pytest.mark.parametrize("account", ["agent@example.com", "nobody@example.com"])
def test_guessing_is_slowed_down(browser: NewBrowser, account: str) -> None:
    """After five failures even the right password has to wait, and an unknown account answers alike."""
    visitor = browser()
    for _ in range(SIGN_IN.per_account):
        visitor.sign_in(account, "not the password")
    answer = visitor.sign_in(account)
    assert answer.status_code == 429
    assert "wait five minutes" in answer.text


def test_failures_are_forgotten_after_a_while(browser: NewBrowser, travel) -> None:
    """Five minutes later one may try again."""
    visitor = browser()
    for _ in range(SIGN_IN.per_account + 1):
        visitor.sign_in("agent@example.com", "not the password")
    assert visitor.sign_in("agent@example.com").status_code == 429
    travel.shift(SIGN_IN.window)
    assert visitor.sign_in("agent@example.com").status_code == 303


def test_two_web_processes_count_together(browser: NewBrowser, app: FastAPI) -> None:
    """What failed before one of them is not tried anew before the other."""
    other = make_app(app.state.place.settings)
    for _ in range(SIGN_IN.per_account):
        browser().sign_in("agent@example.com", "not the password")
    assert Browser(other, follow_redirects=False).sign_in("agent@example.com").status_code == 429
    other.state.place.db.dispose()


def test_signing_in_often_is_no_guessing(browser: NewBrowser) -> None:
    """An office behind one address is not stopped by its own right passwords."""
    for _ in range(SIGN_IN.per_account + 2):
        assert browser().sign_in("agent@example.com").status_code == 303


def test_signing_in_starts_a_new_session(browser: NewBrowser) -> None:
    """The token of a session planted before the sign-in is worth nothing after it."""
    visitor = browser()
    planted = visitor.token("/sign-in")
    visitor.sign_in("agent@example.com")
    assert visitor.post("/sign-out", data={"csrf_token": planted}).status_code == 403


def test_signing_out_ends_copied_cookies_too(browser: NewBrowser) -> None:
    """A cookie copied before the sign-out opens nothing afterwards."""
    visitor, thief = browser("agent"), browser()
    thief.cookies.set(COOKIE, visitor.cookies[COOKIE])
    assert thief.get("/today").status_code == 200
    assert visitor.submit("/sign-out").headers["location"] == "/sign-in"
    assert thief.get("/today").status_code == 303


def test_signing_out_ends_this_visit_and_no_other(browser: NewBrowser) -> None:
    """Who leaves the desk is still signed in on the phone."""
    desk, phone = browser("agent"), browser("agent")
    desk.submit("/sign-out")
    assert desk.get("/today").status_code == 303
    assert phone.get("/today").status_code == 200


def test_signing_in_again_ends_the_visit_before(browser: NewBrowser, db) -> None:
    """One browser, one visit: the older cookie is worth nothing any more."""
    visitor, thief = browser("agent"), browser()
    thief.cookies.set(COOKIE, visitor.cookies[COOKIE])
    visitor.sign_in("agent@example.com")
    assert thief.get("/today").status_code == 303
    assert visitor.get("/today").status_code == 200


def test_without_a_click_the_visit_ends_and_with_one_it_goes_on(browser: NewBrowser, travel) -> None:
    """After twelve hours; a page that was opened meanwhile counts."""
    visitor, idle = browser("agent"), browser("agent")
    travel.shift(timedelta(hours=11))
    assert visitor.get("/today").status_code == 200
    travel.shift(timedelta(hours=1))
    assert (visitor.get("/today").status_code, idle.get("/today").status_code) == (200, 303)


def test_a_page_that_was_left_open_keeps_nobody_signed_in(browser: NewBrowser, travel) -> None:
    """What it asks for by itself is no click."""
    visitor = browser("agent")
    travel.shift(timedelta(hours=11))
    assert visitor.get("/queue/head").status_code == 200
    travel.shift(timedelta(hours=1))
    assert visitor.get("/today").status_code == 303


def test_being_seen_is_written_down_once_a_minute(browser: NewBrowser, db, travel) -> None:
    """And after the answer, so that no page waits for it."""
    visitor = browser("agent")

    def seen_at():
        with db.reading() as session:
            return session.query(Visit.seen_at).scalar()

    begun = seen_at()
    travel.shift(timedelta(seconds=30))
    visitor.get("/today")
    assert seen_at() == begun
    travel.shift(timedelta(seconds=31))
    visitor.get("/today")
    assert seen_at() == begun + timedelta(seconds=61)


def test_who_is_here_is_one_statement(browser: NewBrowser, app: FastAPI) -> None:
    """The visit is looked up with the person, not beside them."""
    visitor = browser("agent")
    visitor.get("/notices")
    asked: list[str] = []
    reader = app.state.place.db._reader

    def note(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    event.listen(reader, "before_cursor_execute", note)
    visitor.get("/notices")
    event.remove(reader, "before_cursor_execute", note)
    assert len([one for one in asked if "people" in one or "visits" in one]) == 1


def test_a_closed_account_is_out_at_once(browser: NewBrowser, db) -> None:
    """A person who was switched off loses the page they are on."""
    visitor = browser("agent")
    with db.writing() as session:
        session.query(Person).filter_by(email="agent@example.com").update({"active": False})
    assert visitor.get("/today").status_code == 303


def test_a_forged_cookie_opens_nothing(browser: NewBrowser) -> None:
    """One changed letter, and the cookie is nobody's."""
    visitor = browser("agent")
    cookie = visitor.cookies[COOKIE]
    visitor.cookies.delete(COOKIE)
    visitor.cookies.set(COOKIE, ("X" if cookie[0] != "X" else "Y") + cookie[1:])
    assert visitor.get("/today").status_code == 303


def test_sign_ins_are_in_the_audit_trail(browser: NewBrowser, db) -> None:
    """Who came in, and when, can be read later."""
    browser("agent")
    with db.reading() as session:
        assert session.query(AuditEntry).filter_by(action="sign_in", actor="Robin Agent").count() == 1


def test_one_returns_to_the_page_one_wanted(browser: NewBrowser) -> None:
    """Signed out on a page, one is asked to sign in and then led there."""
    visitor = browser()
    asked = visitor.get("/customers?q=ada").headers["location"]
    assert asked == "/sign-in?next=%2Fcustomers%3Fq%3Dada"
    assert 'value="/customers?q=ada"' in visitor.get(asked).text
    answer = visitor.sign_in("agent@example.com", next="/customers?q=ada")
    assert answer.headers["location"] == "/customers?q=ada"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\tx",
        "",
    ],
)
def test_nobody_is_led_elsewhere(elsewhere: str) -> None:
    """Only paths of our own follow a sign-in."""
    assert local_path(elsewhere) == "/queue"
