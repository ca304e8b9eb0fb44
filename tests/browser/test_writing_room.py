"""The writing room by keyboard alone: from the queue to an approved message and back, on a desk and on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Site, whole
from tests.browser.test_main_story import fits

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]
Shoot = Callable[[Page, str], None]
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
LAMP = "The blue lamp was a good choice, "


@SIZES
def test_the_whole_job_without_leaving_the_keyboard(
    open_page: OpenPage, site: Site, shoot: Shoot, size: dict[str, int]
) -> None:
    """Open from the queue, write into the free part, put a fact in, see the preview change, approve, undo."""
    page = open_page(size)
    page.keyboard.press("j")
    while page.evaluate("document.activeElement.textContent") != "Ada Marlowe":
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    body = page.get_by_label("Message", exact=True)
    expect(body).to_be_focused()
    assert fits(page)
    assert body.evaluate("e => e.value.slice(e.selectionStart, e.selectionEnd)").startswith("[[ hint")
    page.keyboard.type(LAMP)
    page.keyboard.press("Alt+i")
    expect(page.locator("[data-insert]").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(body).to_be_focused()
    page.keyboard.type(".")
    frame = page.frame_locator("iframe[name=preview]")
    expect(frame.get_by_text(f"{LAMP}Ada.")).to_be_visible()
    expect(page.locator("#outline .part.free.is-written")).to_have_count(1)
    shoot(page, "1-written")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Approved.")).to_be_visible()
    expect(page.get_by_role("heading", name="Cleo Santos")).to_be_visible()
    whole(page).evaluate("performance.now = () => 100")  # a slow machine may need longer than anybody needs to read it
    page.keyboard.press("Control+Enter")  # once too often: nobody has read this one
    page.wait_for_timeout(500)
    expect(page.locator("#complaint")).to_have_count(0)
    shoot(page, "2-approved-next")
    page.keyboard.press("Alt+u")
    expect(page.get_by_role("heading", name="Ada Marlowe")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile(re.escape(f"{LAMP}Ada.")))


def test_single_keys_work_outside_the_text(open_page: OpenPage, site: Site, shoot: Shoot) -> None:
    """Escape leaves the text; then a letter opens a panel, Escape closes it, a digit is a common reason."""
    page = open_page()
    page.goto(f"{site.address}/messages/{site.office.orders}")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    expect(page.get_by_label("What feels wrong?")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("What feels wrong?")).to_be_hidden()
    page.keyboard.press("p")
    expect(page.locator(".tabs a[aria-current]")).to_have_text("On a desk")
    page.keyboard.press("?")
    expect(page.get_by_text("approve and next", exact=True)).to_be_visible()
    shoot(page, "keys")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.press("1")
    expect(page.get_by_text("Skipped.")).to_be_visible()


def test_a_panel_is_sent_by_the_keys_that_would_approve(open_page: OpenPage, site: Site) -> None:
    """Who is about to stop a message does not approve it by habit."""
    page = open_page()
    page.goto(f"{site.address}/messages/{site.office.orders}")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    expect(page.get_by_label("What feels wrong?")).to_be_focused()
    page.keyboard.type("She dislikes being counted.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Robin Agent says that this feels wrong.")).to_be_visible()


def test_saving_by_key_and_what_the_check_mends(open_page: OpenPage, site: Site) -> None:
    """A remark that knows what to do does it; Ctrl+S keeps the result."""
    page = open_page()
    page.goto(f"{site.address}/messages/{site.office.orders}")
    body = page.get_by_label("Message", exact=True)
    expect(body).to_be_focused()
    page.keyboard.type("To be honest, that was a lot!!!")
    mend = page.locator("[data-mend]", has_text="Write “.” instead")
    mend.click()
    expect(body).not_to_have_value(re.compile("!!!"))
    page.locator("[data-mend]", has_text="Take it out").click()
    expect(body).to_have_value(re.compile(r"\n\nThat was a lot\."))
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(body).to_have_value(re.compile(r"\n\nThat was a lot\."))
    expect(body).not_to_have_value(re.compile("!!!"))


def test_a_preview_that_comes_late_is_shown_all_the_same(open_page: OpenPage, site: Site) -> None:
    """Somebody writes on while an answer is under way: what comes first does not stop what was asked for later."""
    page = open_page()
    page.goto(f"{site.address}/messages/{site.office.orders}")
    body, frame = page.get_by_label("Message", exact=True), page.frame_locator("iframe[name=preview]")
    asked: list[Route] = []
    page.route("**/preview", lambda route: asked.append(route))
    for number, words in enumerate(("The first words.", "The last words."), start=1):
        body.fill(words)
        while len(asked) < number:
            page.wait_for_timeout(50)
    asked[0].continue_()
    expect(frame.get_by_text("The first words.")).to_be_visible()
    asked[1].continue_()
    expect(frame.get_by_text("The last words.")).to_be_visible()


def test_without_scripts_the_forms_do_it(open_page: OpenPage, site: Site) -> None:
    """Preview, a common reason to skip, a flag: all by forms and links."""
    page = open_page(scripts=False)
    page.goto(f"{site.address}/messages/{site.office.orders}")
    page.get_by_label("Message", exact=True).fill("Dear Ada,\n\nTen orders, ten thanks.\n\n[[ signature ]]")
    page.get_by_role("button", name="Preview").click()
    expect(
        page.frame_locator("iframe[name=preview]").get_by_text("Ten orders, ten thanks.", exact=True)
    ).to_be_visible()
    page.get_by_role("link", name="Plain text").click()
    expect(page.frame_locator("iframe[name=preview]").locator("pre")).to_be_visible()
    page.get_by_text("This feels wrong").click()
    page.get_by_label("What feels wrong?").fill("She dislikes being counted.")
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("Robin Agent says that this feels wrong.")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile(r"Ten orders, ten thanks\."))
