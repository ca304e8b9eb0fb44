"""A customer writes back, and an agent answers, hears a complaint in it, and calls after trouble: in a real browser."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from engine.definitions.store import active_triggers
from engine.listen.complaining import open_problems
from engine.listen.letters import take_mail
from engine.storage.models import Answer, ContactPoint, Customer, FollowUpCall, Person, Problem, Reply
from engine.storage.session import Database
from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Site
from tests.browser.test_main_story import SIZES, fits
from tests.engine.builders import NOW
from tests.engine.listen.heard import submitted
from tests.engine.listen.letters import LINKS, letter, reply_address
from tests.engine.review.test_follow_up import keep, solved
from triggers.table import KINDS

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]
Shoot = Callable[[Page, str], None]
UNHAPPY = """Hello Robin,

thank you for the kind words, but I am really disappointed: my parcel is still not here, and nobody
answered my last mail.

Ada

On Mon, 1 Jun 2026, Robin Agent wrote:
> Hello Ada,
> happy birthday to you!"""


@pytest.fixture
def written(site: Site, db: Database) -> str:
    """The page of Ada's reply; a second one is from a stranger."""
    with db.writing() as session:
        robin = session.scalars(select(Person).where(Person.email == "agent@example.com")).one()
        ada = session.scalars(select(Customer).where(Customer.external_id == "cd-00042")).one()
        delivery = submitted(session, ada, approved_by=robin.id, address="ada.marlowe@example.com")
        take_mail(
            session,
            letter(reply_address(delivery.message_id), UNHAPPY, **{"from": "Ada <ada.marlowe@example.com>"}),
            links=LINKS,
            now=NOW - timedelta(minutes=50),
        )
        stranger = letter(
            "hello@example.com", "Do you deliver to Iceland?", message_id="<2@x>", **{"from": "bo@example.net"}
        )
        take_mail(session, stranger, links=LINKS, now=NOW - timedelta(minutes=5))
        open_problems(session, lambda s: active_triggers(s, KINDS, include_paused=True), now=NOW)
        return f"/replies/{session.scalars(select(Reply.id).where(Reply.customer_id == ada.id)).one()}"


@SIZES
def test_an_agent_answers_a_reply(
    open_page: OpenPage, site: Site, db: Database, written: str, shoot: Shoot, size: dict[str, int]
) -> None:
    """From the list to the answer, with the tone beside it, taken back once and sent again; with the keyboard alone."""
    page = open_page(size)
    page.goto(f"{site.address}/replies")
    expect(page.get_by_text("2 replies from customers wait for a person")).to_be_visible()
    assert fits(page)
    shoot(page, "list")
    page.get_by_role("link", name="Ada Marlowe").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ada Marlowe", level=1)).to_be_visible()
    expect(page.get_by_text("It counts as one (minor)")).to_be_visible()
    editor = page.get_by_label("Your answer")
    editor.fill("Dear Ada,\n\nplease calm down. We apologize for any inconvenience.\n\nRobin")
    expect(page.locator("#remarks .remark").first).to_be_visible()
    assert fits(page)
    shoot(page, "reply")
    editor.fill("Dear Ada,\n\nyour parcel comes **on Friday**: I called the courier just now.\n\nRobin")
    page.get_by_role("button", name="Send the answer").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("goes Mon 1 Jun 2026"))).to_be_visible()
    shoot(page, "answered")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("taken back, it never went")).to_be_visible()
    expect(page.get_by_label("Your answer")).to_have_value(re.compile("on Friday"))
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_text(re.compile("goes Mon 1 Jun 2026"))).to_be_visible()
    with db.reading() as session:
        states = session.scalars(select(Answer.state).order_by(Answer.created_at)).all()
    assert states == ["withdrawn", "waiting"]


def test_a_complaint_is_said_to_be_none_and_one_again(
    open_page: OpenPage, site: Site, db: Database, written: str, shoot: Shoot
) -> None:
    """Without JavaScript, and in the dark."""
    page = open_page(DESKTOP, scripts=False, dark=True)
    page.goto(f"{site.address}{written}")
    page.get_by_role("button", name="This is not a complaint").click()
    expect(page.get_by_text("It does not sound like one")).to_be_visible()
    page.get_by_text("This is a complaint").click()
    page.get_by_role("textbox", name="About").fill("delivery")
    page.get_by_label("How bad is it?").select_option("serious")
    shoot(page, "complaint")
    page.get_by_role("button", name="Open a problem").click()
    expect(page.get_by_text("It counts as one (delivery, serious)")).to_be_visible()
    with db.reading() as session:
        wanted = select(Problem.severity).where(Problem.key.startswith("ticket:reply:"), Problem.state == "open")
        assert session.scalars(wanted).all() == ["serious"]


@SIZES
def test_an_agent_calls_after_trouble(
    open_page: OpenPage, site: Site, db: Database, shoot: Shoot, size: dict[str, int]
) -> None:
    """Who, by when, what to say and what not; then what came of it."""
    with db.writing() as session:
        problem = solved(session, owner="Robin Agent")
        number = ContactPoint(customer_id=problem.customer_id, channel="call", address="+49 30 123456")
        session.add(number)
        keep(session)
        call = session.scalars(select(FollowUpCall)).one()
        call.due_at = NOW - timedelta(hours=1) if size == PHONE else call.due_at
    page = open_page(size)
    page.get_by_role("link", name="Calls").click()
    expect(page.get_by_role("heading", name="After trouble")).to_be_visible()
    assert fits(page)
    shoot(page, "calls")
    page.get_by_role("link", name="Ada Marlowe").click()
    expect(page.get_by_role("heading", name="What not to say")).to_be_visible()
    assert fits(page)
    shoot(page, "call")
    page.get_by_label("Reached").check()
    page.get_by_label("Note").fill("All is well, she was glad.")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_text("Written down.")).to_be_visible()
    with db.reading() as session:
        assert session.scalars(select(FollowUpCall.state)).one() == "done"
