"""The main job in a browser whose scripts are switched off."""

import pytest
from playwright.sync_api import Browser, expect

from engine.storage.session import Database
from tests.browser.conftest import PHONE, OpenPage, Site
from tests.web.office import PASSWORD, many_drafts

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]


def test_forms_alone_do_the_job(open_page: OpenPage, site: Site) -> None:
    """Sign in, edit, approve, take back, skip with a reason and bring back: all by links and forms."""
    page = open_page(scripts=False)
    page.get_by_role("link", name="Ada Marlowe").click()
    page.get_by_label("Subject", exact=True).fill("Ten times thank you")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    expect(page.get_by_label("Subject", exact=True)).to_have_value("Ten times thank you")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator(".done")).to_contain_text("Ada Marlowe gets it on Tue 2 Jun 2026, 09:00")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Approve and next")).to_be_visible()
    page.get_by_text("Skip this message").click()
    page.get_by_label("Why shall it not go?").fill("we spoke on the phone")
    page.get_by_role("button", name="Skip with this reason").click()
    expect(page.locator(".done")).to_contain_text("Ada Marlowe will not get this message")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Approve and next")).to_be_visible()


def test_enter_in_the_subject_saves_and_lets_nothing_go(open_page: OpenPage, site: Site) -> None:
    """A form's first button is pressed by Enter: here that is Save."""
    page = open_page(scripts=False)
    page.goto(f"{site.address}/messages/{site.office.orders}")
    page.get_by_label("Subject", exact=True).fill("Ten times thank you")
    page.get_by_label("Subject", exact=True).press("Enter")
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    expect(page.get_by_label("Subject", exact=True)).to_have_value("Ten times thank you")
    expect(page.get_by_role("button", name="Approve and next")).to_be_visible()


def test_a_thumb_finds_every_room(open_page: OpenPage, site: Site) -> None:
    """On a phone the busiest rooms stand in a bar, all of them behind its last word; no script opens it."""
    page = open_page(PHONE, scripts=False)
    page.get_by_role("link", name="Customers").click()
    expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    expect(page.get_by_role("link", name="Sending")).to_be_hidden()
    page.get_by_text("All", exact=True).click()
    page.get_by_role("link", name="Sending").click()
    expect(page.get_by_role("heading", name="Sending", exact=True)).to_be_visible()


def test_signing_in(site: Site, chrome: Browser) -> None:
    """A wrong password is said, and a right one leads to where one wanted to go."""
    page = chrome.new_page(java_script_enabled=False)
    page.goto(f"{site.address}/customers?q=ada")
    for password in ("not the password", PASSWORD):
        page.get_by_label("E-mail").fill("agent@example.com")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        if password != PASSWORD:
            expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("link", name="Ada Marlowe")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Good to see you")).to_be_visible()
    page.close()


def test_going_on_by_links(open_page: OpenPage, site: Site, db: Database) -> None:
    """A long queue has a link to its next page, and a way back."""
    with db.writing() as session:
        many_drafts(session, 30)
    page = open_page(scripts=False)
    page.get_by_role("link", name="Show more").click()
    expect(page.get_by_role("link", name="Back to the most pressing")).to_be_visible()
