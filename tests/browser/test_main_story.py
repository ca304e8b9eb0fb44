"""The main job in a real browser: from the queue to an approved message, and back within the minute."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Site, whole

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]
Shoot = Callable[[Page, str], None]
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


def fits(page: Page) -> bool:
    """Nothing sticks out to the right."""
    return bool(whole(page).evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@SIZES
def test_an_agent_reads_edits_approves_and_takes_back(
    open_page: OpenPage, site: Site, shoot: Shoot, size: dict[str, int]
) -> None:
    """The story of one message, with the tone check answering while one writes."""
    page = open_page(size)
    shoot(page, "1-queue")
    page.get_by_role("link", name="Ada Marlowe").click()
    body = page.get_by_label("Message", exact=True)
    expect(body).to_be_visible()
    shoot(page, "2-draft")
    assert fits(page)
    body.fill(body.input_value().replace("[[ hint", "We apologize for any inconvenience. [[ hint"))
    remark = page.locator("#remarks mark").first
    expect(remark).to_be_visible()
    shoot(page, "3-remarks")
    remark.click()
    assert page.evaluate("window.getSelection().toString()") or body.evaluate("e => e.selectionEnd > e.selectionStart")
    body.fill(body.input_value().replace("We apologize for any inconvenience.", "The blue lamp was a good choice."))
    expect(page.frame_locator("iframe[name=preview]").get_by_text("The blue lamp was a good choice.")).to_be_visible()
    page.get_by_role("button", name="Approve and next").click()
    expect(page.get_by_text("Approved.")).to_be_visible()
    shoot(page, "4-approved-next")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Ada Marlowe")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile("The blue lamp was a good choice\\."))


@SIZES
def test_every_room_fits_its_screen(open_page: OpenPage, site: Site, shoot: Shoot, size: dict[str, int]) -> None:
    """Each page can be read without scrolling sideways, on a desk and on a phone."""
    page = open_page(size)
    rooms = {
        "today": "/today",
        "postbox": "/postbox",
        "letter": f"/postbox/{site.office.sent}",
        "customers": "/customers",
        "search": "/customers?q=a",
        "customer": "/customers/cd-00311",
        "triggers": "/triggers",
        "serious": f"/messages/{site.office.serious}",
        "question": f"/messages/{site.office.question}",
        "sent": f"/messages/{site.office.sent}",
    }
    for name, path in rooms.items():
        page.goto(site.address + path, wait_until="networkidle")
        shoot(page, name)
        assert fits(page), name


def test_the_evening_is_dark(open_page: OpenPage, site: Site, shoot: Shoot) -> None:
    """Who prefers a dark screen gets one."""
    page = open_page(dark=True)
    shoot(page, "queue")
    page.goto(f"{site.address}/messages/{site.office.orders}")
    shoot(page, "draft")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(28, 25, 23)"
