"""The main job in a browser whose scripts are switched off."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Site

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]


def test_forms_alone_do_the_job(open_page: OpenPage, site: Site) -> None:
    """Sign in, edit, approve, take back, skip with a reason and bring back: all by links and forms."""
    page = open_page(scripts=False)
    page.get_by_role("link", name="Ada Marlowe").click()
    page.get_by_label("Subject", exact=True).fill("Ten times thank you")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Subject", exact=True)).to_have_value("Ten times thank you")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Ada Marlowe gets it on Tue 2 Jun 2026, 09:00")
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Skip this message").click()
    page.get_by_label("Why shall it not go?").fill("we spoke on the phone")
    page.get_by_role("button", name="Skip with this reason").click()
    expect(page.get_by_role("status")).to_contain_text("Ada Marlowe will not get this message")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Approve and next")).to_be_visible()


def test_enter_in_the_subject_saves_and_lets_nothing_go(open_page: OpenPage, site: Site) -> None:
    """A form's first button is pressed by Enter: here that is Save."""
    page = open_page(scripts=False)
    page.goto(f"{site.address}/messages/{site.office.orders}")
    page.get_by_label("Subject", exact=True).fill("Ten times thank you")
    page.get_by_label("Subject", exact=True).press("Enter")
    expect(page.get_by_label("Subject", exact=True)).to_have_value("Ten times thank you")
    expect(page.get_by_role("button", name="Approve and next")).to_be_visible()
