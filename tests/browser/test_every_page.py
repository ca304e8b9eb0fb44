"""Every page of every role, on a desk and on a phone, by day and by night: no barrier, no trap, nothing that sticks
out, and light enough for a first visit. The pages are found from the application's own routes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.links import Links
from engine.people.access import make_link
from engine.storage.models import ContactPoint, Customer, FollowUpCall, MessageMoment, Moment, Person, Reply
from engine.storage.session import Database
from tests.browser.axe import grave_faults
from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Site
from tests.browser.keyboard import keyboard_faults
from tests.browser.pages import PageName, pages_of
from tests.browser.test_main_story import Shoot, fits
from tests.engine.backtest.found import keep_run, make_year
from tests.engine.builders import NOW, make_customer, make_problem
from tests.servers.visitor import Visitor
from tests.web.handed import hand_over
from tests.web.office import PASSWORD, ROLES

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]
LOOKS = [(size, dark) for size in ("desktop", "phone") for dark in (False, True)]
SIZES = {"desktop": DESKTOP, "phone": PHONE}
HEAVIEST = 150_000
Examples = Mapping[str, Sequence[str]]
Pages = Callable[[str], list[PageName]]


@pytest.fixture(autouse=True)
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the site is served: the app's messages and calls are offered here."""
    monkeypatch.setenv("JUBILEE_INAPP", "on")
    monkeypatch.setenv("JUBILEE_CALL", "on")


@pytest.fixture
def examples(switched_on: None, site: Site, db: Database) -> Examples:
    """What to put into a path with a parameter: by the whole path, else by the name of the parameter."""
    links, office = Links("k" * 40, site.address), site.office
    with db.writing() as session:
        ada = session.query(Customer).filter_by(external_id="cd-00042").one()
        session.add(ContactPoint(customer_id=ada.id, channel="call", address="+15550142"))
        make_problem(session, ada, what_happened="the lamp came without its shade", owner="Tom", severity="serious")
        someone = make_customer(
            session, external_id="cd-00900", first_name="Finn", last_name="Aalto", zone="Asia/Tokyo"
        )
        session.add(ContactPoint(customer_id=someone.id, channel="call", address="+15550143"))
        _, call = hand_over(session, someone, "call", address="+15550143")
        hand_over(session, make_customer(session, first_name="Gita"), "postbox", state="unconfirmed")
        replies = _replies(ada, office.sent)
        session.add_all(replies)
        owner = session.query(Person).filter_by(role="agent").one()
        rehearsals = _rehearsals(session, [ada, someone])
        follow_up = _call_to_follow(session, site.office.serious, owner)
        session.flush()
        return {
            "secret": [make_link(session, owner.id, "reset", machine=datetime.now(UTC))],
            "person_id": [str(owner.id)],
            "reply_id": [str(replies[0].id)],
            "call_id": [str(follow_up.id)],
            "rehearsal_id": rehearsals,
            "message_id": [str(one) for one in (office.orders, office.serious, office.question, office.sent)],
            "/postbox/{letter_id}": [str(office.sent)],
            "/postbox/{letter_id}/letter": [str(office.sent)],
            "external_id": ["cd-00042", "cd-00311"],
            "number": ["1"],
            "on": ["2026-06-02"],
            "/insight/triggers/{name}": ["birthday"],
            "/insight/templates/{name}": ["birthday"],
            "delivery_id": [str(call.id)],
            "name": ["birthday", "ticket_solved"],
            "/preferences/{token}": [links.preferences(ada.id, new_id()).rpartition("/")[2]],
            "/unsubscribe/{token}": [links.unsubscribe(ada.id, new_id(), "birthday").rpartition("/")[2]],
        }


@pytest.fixture
def pages(site: Site, examples: Examples) -> Pages:
    """`pages("agent")` are those that a person of this role may open."""

    def found(role: str) -> list[PageName]:
        with Visitor(site.port) as visitor:
            visitor.sign_in(f"{role}@example.com", PASSWORD)
            known = pages_of(site.app, examples, visitor)
        assert len(known) > 15
        return known

    return found


@pytest.mark.parametrize("role", ROLES)
def test_no_page_shuts_anybody_out(role: str, site: Site, pages: Pages, open_page: OpenPage, shoot: Shoot) -> None:
    """axe-core finds nothing serious or critical, nothing sticks out, and a picture of each page is kept. What an agent
    sees is looked at in every light and size; of the other roles, one of each."""
    page = open_page(role=role)
    looks = LOOKS if role == "agent" else [("desktop", False), ("phone", True)]
    faults = [
        f"{one.path} ({size}{', dark' if dark else ''}): {fault}"
        for one in pages(role)
        if _opened(page, site, one)
        for size, dark in looks
        for fault in _faults(page, size, dark, lambda name, one=one: shoot(page, f"{one.name}--{name}"))
    ]
    assert not faults, "\n".join(faults)


def test_the_doors_shut_nobody_out(site: Site, examples: Examples, chrome: Browser, shoot: Shoot) -> None:
    """The same for who is not signed in: the sign-in, what customers see, and what was not found."""
    context = chrome.new_context(viewport=DESKTOP, locale="en-GB")
    page = context.new_page()
    wanted = {
        "sign-in": "/sign-in",
        "preferences": f"/preferences/{examples['/preferences/{token}'][0]}",
        "unsubscribe": f"/unsubscribe/{examples['/unsubscribe/{token}'][0]}",
        "lost": "/unsubscribe/nobody",
    }
    faults = [
        f"{name} ({size}{', dark' if dark else ''}): {fault}"
        for name, path in wanted.items()
        if _opened(page, site, PageName(path, name))
        for size, dark in LOOKS
        for fault in _faults(page, size, dark, lambda look, name=name: shoot(page, f"{name}--{look}"))
    ]
    context.close()
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("size", SIZES)
def test_the_keyboard_reaches_everything(size: str, site: Site, pages: Pages, open_page: OpenPage) -> None:
    """By Tab alone, with the focus to be seen at every step, and out of everything again."""
    page = open_page(SIZES[size])
    faults = [
        f"{one.path}: {fault}" for one in pages("agent") if _opened(page, site, one) for fault in keyboard_faults(page)
    ]
    assert not faults, "\n".join(faults)


def test_the_first_stop_leads_past_the_rooms(site: Site, open_page: OpenPage) -> None:
    """One Tab and Enter, and the focus is in what the page is about."""
    page = open_page()
    page.goto(f"{site.address}/today")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_every_page_is_light_on_a_first_visit(site: Site, pages: Pages) -> None:
    """The page and all it asks for, compressed, with headers: below 150 kB."""
    with Visitor(site.port) as visitor:
        visitor.sign_in("agent@example.com", PASSWORD)
        heavy = {one.path: visitor.first_visit(one.path) for one in pages("agent")}
    assert {path: size for path, size in heavy.items() if size >= HEAVIEST} == {}
    assert min(heavy.values()) > 100


def _opened(page: Page, site: Site, one: PageName) -> bool:
    """Open the page, and everything that opens in place."""
    page.goto(site.address + one.path)
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    return True


def _faults(page: Page, size: str, dark: bool, shot: Callable[[str], None]) -> list[str]:
    page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
    # Without motion: a colour that is still changing is no colour yet.
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    found = grave_faults(page)
    if not fits(page):
        found.append("sticks out to the right")
    shot(f"{size}-{'dark' if dark else 'light'}")
    return found


def _call_to_follow(session: Session, message_id: UUID, owner: Person) -> FollowUpCall:
    moment_id = session.query(MessageMoment).filter_by(message_id=message_id).one().moment_id
    moment = session.get_one(Moment, moment_id)
    call = FollowUpCall(
        customer_id=moment.customer_id,
        problem_id=moment.problem_id,
        owner_id=owner.id,
        state="open",
        resolved_at=NOW,
        due_at=NOW,
        created_at=NOW,
    )
    session.add(call)
    return call


def _rehearsals(session: Session, customers: list[Customer]) -> list[str]:
    """One of each that looks different: done, could not be run, under way."""
    asked_by = session.query(Person).filter_by(role="marketing").one()
    shown = [*customers, *(make_customer(session, first_name=f"Number {at}", last_name="Lindqvist") for at in range(8))]
    session.flush()
    done = keep_run(session, asked_by, result=make_year(shown), name="first_order_anniversary")
    states = ("failed", "running")
    return [str(one) for one in (done, *(keep_run(session, asked_by, state) for state in states))]


def _replies(customer: Customer, message_id: object) -> list[Reply]:
    said = (("text", "Thank you, that made my day!"), ("stop", "STOP"), ("help", "Who is this?"))
    return [
        Reply(
            channel="email",
            provider_key=f"every-page-{meaning}",
            customer_id=customer.id,
            message_id=message_id,
            from_address="ada.marlowe@example.com",
            subject="Re: Ten orders",
            text=text,
            meaning=meaning,
            received_at=NOW,
        )
        for meaning, text in said
    ]
