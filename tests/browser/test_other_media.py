"""On paper, in forced colours, and under a thumb: what is read there, and that nothing lies over it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage, Site

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]


def pages_of(site: Site) -> tuple[str, ...]:
    return ("/queue", f"/messages/{site.office.orders}", "/customers/cd-00042", "/today")


def covering(page: Page) -> list[str]:
    """What sticks to an edge of the window and lies over a row of the queue."""
    return page.evaluate(
        """() => {
          const sticks = [...document.querySelectorAll("main *")].filter((one) =>
            ["sticky", "fixed"].includes(getComputedStyle(one).position) && one.getClientRects().length);
          const rows = [...document.querySelectorAll("main .card")];
          return sticks.filter((one) => rows.some((row) => {
            const [a, b] = [one.getBoundingClientRect(), row.getBoundingClientRect()];
            const beside = a.left >= b.right || b.left >= a.right || a.top >= b.bottom - 1 || b.top >= a.bottom - 1;
            return !row.contains(one) && !beside;
          })).map((one) => one.className);
        }"""
    )


def test_on_paper_everything_is_read_and_nothing_is_pressed(open_page: OpenPage, site: Site) -> None:
    """No button, no bar of rooms, nothing over a row; facts that are buttons on a screen stand there as words."""
    page = open_page()
    for path in pages_of(site):
        page.goto(site.address + path)
        page.emulate_media(media="print")
        assert page.locator("button:not(.part-words):visible, .side:visible, .bar:visible, .bulk:visible").count() == 0
        assert covering(page) == []
        page.emulate_media(media="screen")
    page.goto(site.address + pages_of(site)[1])
    page.emulate_media(media="print")
    expect(page.locator(".facts div", has_text="Order count").locator(".value")).to_have_text("10")
    assert "10" in page.locator(".facts div", has_text="Order count").inner_text()


def test_forced_colours_leave_every_border_and_mark(open_page: OpenPage, site: Site) -> None:
    """Backgrounds are gone there: cards keep their edge, and where one is shows by a line."""
    page = open_page()
    page.emulate_media(forced_colors="active")
    for path in pages_of(site):
        page.goto(site.address + path)
        for card in page.locator(".card:visible").all()[:6]:
            assert card.evaluate("one => parseFloat(getComputedStyle(one).borderTopWidth)") >= 1
        room = page.locator(".side [aria-current=page]")
        assert room.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"


def test_on_a_phone_every_tab_is_seen_and_the_bar_covers_no_row(open_page: OpenPage, site: Site) -> None:
    """Until something is chosen the bar stands below the rows; the last tab is as near as the first."""
    page = open_page(PHONE)
    for tab in page.get_by_role("navigation", name="Whose drafts").get_by_role("link").all():
        box = tab.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
    assert covering(page) == []
    page.locator("[data-choose]").first.check()
    expect(page.get_by_role("button", name="Approve the chosen")).to_be_in_viewport()
