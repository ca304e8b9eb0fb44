"""On paper, in forced colours, and under a thumb: what is read there, and that nothing lies over it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage, Site

TABLET = {"width": 820, "height": 1180}
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


@pytest.mark.parametrize("touch", [True, False], ids=["finger", "mouse"])
@pytest.mark.parametrize("size", [PHONE, TABLET], ids=["phone", "tablet"])
def test_the_first_press_on_save_saves(open_page: OpenPage, site: Site, size: dict[str, int], touch: bool) -> None:
    """The press takes the focus out of a field, and nothing may move away under it."""
    page = open_page(size, touch=touch, role="marketing")
    page.goto(f"{site.address}/templates/birthday")
    page.locator("#en-email-1-subject").fill("Your day")
    reason = page.get_by_label("Why does it change?")
    reason.press_sequentially("Shorter")
    save = page.get_by_role("button", name="Save")
    place = save.bounding_box()
    assert place
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.touchscreen.tap(x, y) if touch else page.mouse.click(x, y, delay=80)
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()


@pytest.mark.parametrize("path", ["/templates/birthday", "/mission", "/triggers/birthday/edit", "/messages/{}"])
def test_what_sticks_to_the_lower_edge_stays_when_a_field_loses_the_focus(
    open_page: OpenPage, site: Site, path: str
) -> None:
    """On every page with a long form, and with a keyboard's room taken from the window as well."""
    page = open_page(PHONE, role="marketing")
    page.goto(site.address + path.format(site.office.orders))
    for height in (PHONE["height"], 400):
        page.set_viewport_size({"width": PHONE["width"], "height": height})
        field = page.locator("form:has(.actions) :is(textarea, input:not([type]), input[type=text]):visible").first
        field.focus()
        before = page.locator(".actions").first.bounding_box()
        field.blur()
        assert page.locator(".actions").first.bounding_box() == before
