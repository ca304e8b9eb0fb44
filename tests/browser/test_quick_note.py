"""The quick note in a real browser, with a thumb and with a mouse, and the page of the customer it is about."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from engine.storage.session import Database
from tests.browser.conftest import PHONE, OpenPage, Site
from tests.browser.test_main_story import SIZES, fits
from tests.engine.builders import NOW, make_customer
from tests.engine.record.test_problem_words import HOUR, happened

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]
Shoot = Callable[[Page, str], None]


@SIZES
def test_a_note_is_found_written_saved_and_taken_back(
    open_page: OpenPage, site: Site, shoot: Shoot, size: dict[str, int]
) -> None:
    """Three taps and a few words; the saving button is within reach all the time."""
    page = open_page(size)
    page.goto(f"{site.address}/notes/new")
    page.get_by_role("searchbox").fill("sant")
    page.get_by_role("link", name="Cleo Santos").click()
    expect(page.get_by_role("heading", name="About Cleo Santos")).to_be_visible()
    expect(page.get_by_role("button", name="Save the note")).to_be_in_viewport()
    page.get_by_text("Life event", exact=True).click()
    expect(page.get_by_label("Celebrations wait for so many days")).to_have_value("30")
    expect(page.get_by_label("What is it about?")).to_be_hidden()
    page.get_by_label("In a few words").fill("Her mother died.")
    expect(page.get_by_role("button", name="Save the note")).to_be_in_viewport()
    shoot(page, "1-note")
    assert fits(page)
    page.get_by_role("button", name="Save the note").click()
    expect(page.get_by_role("status")).to_contain_text("Celebrations wait until Wed 1 Jul 2026")
    shoot(page, "2-saved")
    assert fits(page)
    page.get_by_role("link", name="Cleo Santos").click()
    expect(page.get_by_role("heading", name="Cleo Santos", exact=True)).to_be_visible()
    expect(page.get_by_text("Her mother died.").first).to_be_visible()
    shoot(page, "3-customer")
    assert fits(page)
    page.get_by_role("button", name="Take back this life event").click()
    expect(page.get_by_text("Nobody left a note.")).to_be_visible()
    page.goto(f"{site.address}/notes")
    expect(page.get_by_text("Taken back by Robin Agent")).to_be_visible()
    shoot(page, "4-notes")
    assert fits(page)


def test_a_note_is_left_by_keyboard_alone(open_page: OpenPage, site: Site) -> None:
    """Arrows choose the kind, and Enter on the button saves."""
    page = open_page()
    page.goto(f"{site.address}/notes/new?customer=cd-00311")
    page.get_by_role("radio", name="Complaint").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("She thanked us for the lamp.")
    page.get_by_role("button", name="Save the note").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved.")


def test_a_note_needs_no_script(open_page: OpenPage, site: Site) -> None:
    """Searched, written and saved with forms alone, on a phone."""
    page = open_page(PHONE, scripts=False)
    page.goto(f"{site.address}/notes/new")
    page.get_by_role("searchbox").fill("sant")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Cleo Santos").click()
    page.get_by_text("Not a good time", exact=True).click()
    page.get_by_label("In a few words").fill("Please not this week.")
    page.get_by_label("Everything waits for so many days").fill("7")
    page.get_by_role("button", name="Save the note").click()
    expect(page.get_by_role("status")).to_contain_text("Everything waits until Mon 8 Jun 2026")


@SIZES
def test_what_happened_is_filtered_and_goes_on(
    open_page: OpenPage, site: Site, db: Database, shoot: Shoot, size: dict[str, int]
) -> None:
    """Without loading the page anew, and the missing words are filled in where they are missed."""
    with db.writing() as session:
        ida = make_customer(session, external_id="cd-00900", first_name="Ida", last_name="Novak")
        happened(session, ida, "order_completed", NOW - 9 * HOUR)
        happened(session, ida, "ticket_opened", NOW - 8 * HOUR, ticket_id="4711", type="problem")
        happened(session, ida, "ticket_resolved", NOW - 7 * HOUR, ticket_id="4711")
    page = open_page(size)
    page.goto(f"{site.address}/customers/cd-00900")
    page.get_by_label("What we did").fill("We paid the second parcel back.")
    page.get_by_role("button", name="Keep it", exact=True).click()
    expect(page.locator("#problems .told")).to_contain_text("We paid the second parcel back.")
    page.get_by_role("link", name="What they did").click()
    expect(page.locator("#timeline .happened")).to_have_count(1)
    page.get_by_role("link", name="Problems").click()
    expect(page.locator("#timeline .happened")).to_have_count(3)
    expect(page.locator("#timeline .happened").first).to_contain_text("Robin Agent")
    shoot(page, "problems")
    assert fits(page)
