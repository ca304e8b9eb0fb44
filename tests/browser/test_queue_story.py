"""Two agents at one queue, in two real browsers: who takes what, and what the other sees without asking."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Site, whole
from tests.browser.test_main_story import SIZES, Shoot, fits
from tests.web.office import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]
SOON = 60_000  # a look of the pulse, and a slow machine


def colleague(page: Page, site: Site) -> None:
    """The same browser window, signed in as another; signing out would end the first one's session too."""
    page.context.clear_cookies()
    page.goto(f"{site.address}/sign-in")
    page.get_by_label("E-mail").fill("marketing@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    page.goto(f"{site.address}/queue")


@SIZES
def test_two_agents_see_at_once_what_the_other_does(
    open_page: OpenPage, site: Site, shoot: Shoot, size: dict[str, int]
) -> None:
    """Taken by opening it, seen in the queue, taken over deliberately, and skipped under the eyes of the first."""
    mine, theirs = open_page(size), open_page(size)
    colleague(theirs, site)
    mine.get_by_role("link", name="Ada Marlowe").click()
    expect(mine.get_by_text("You have taken this")).to_be_visible(timeout=SOON)
    row = theirs.locator(f"[data-row='{site.office.orders}']")
    expect(row.get_by_text("Robin Agent is writing at this since")).to_be_visible(timeout=SOON)
    shoot(theirs, "1-held")
    assert fits(theirs)
    theirs.get_by_role("link", name="Ada Marlowe").click()
    expect(theirs.get_by_role("button", name="Take it over")).to_be_visible(timeout=SOON)
    expect(theirs.get_by_text("Robin Agent is writing at this since")).to_be_visible(timeout=SOON)
    shoot(theirs, "2-second-agent")
    theirs.get_by_role("button", name="Take it over").click()
    expect(theirs.get_by_text("You have taken this")).to_be_visible(timeout=SOON)
    expect(mine.get_by_text("Robin Marketing is writing at this since")).to_be_visible(timeout=SOON)
    shoot(mine, "3-taken-over")
    theirs.get_by_text("Skip this message").click()
    theirs.get_by_label("Why shall it not go?").fill("we spoke on the phone")
    theirs.get_by_role("button", name="Skip with this reason").click()
    expect(mine.get_by_text("Skipped in the meantime.")).to_be_visible(timeout=SOON)
    shoot(mine, "4-skipped-meanwhile")
    assert fits(mine)


def test_the_queue_is_worked_by_keys(open_page: OpenPage, site: Site, shoot: Shoot) -> None:
    """Walk, take, snooze, choose, approve the chosen, undo, find, and the list of keys."""
    page = open_page()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    shoot(page, "keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    for _ in range(4):
        page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Approve the chosen (1)")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("Approved: 1 message.")).to_be_visible()
    shoot(page, "approved-together")
    page.get_by_role("button", name="Undo all").click()
    expect(page.get_by_role("link", name="Ben Okafor")).to_be_visible()
    whole(page).keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("t")
    expect(page.get_by_text("You have taken this since")).to_be_visible()
    expect(page.get_by_role("link", name="Ada Marlowe")).to_be_focused()
    whole(page).keyboard.press("z")
    expect(page.get_by_role("button", name="For an hour").locator("visible=true")).to_be_focused()
    shoot(page, "snooze")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Snoozed 1")).to_be_visible()
    expect(page.get_by_role("link", name="Ada Marlowe")).to_have_count(0)
    whole(page).keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("cleo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Cleo Santos")).to_be_visible()
    expect(page.get_by_role("link", name="Ben Okafor")).to_have_count(0)


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (DESKTOP, True), (PHONE, False), (PHONE, True)])
def test_the_queue_fits_and_opens(
    open_page: OpenPage, site: Site, shoot: Shoot, size: dict[str, int], dark: bool
) -> None:
    """With its filters open, a light draft read, and nothing to be done in a tab."""
    page = open_page(size, dark=dark)
    page.locator("summary", has_text="Read it here").click()
    page.locator("summary", has_text="Filters").click()
    shoot(page, "filters")
    assert fits(page)
    page.goto(f"{site.address}/queue?whose=mine&family=recover")
    shoot(page, "nothing")
    assert fits(page)


def test_without_scripts_all_of_it_works(open_page: OpenPage, site: Site) -> None:
    """Take, give back, snooze, bring back, filter, keep a filter, approve light ones together and take them back."""
    page = open_page(scripts=False)
    row = page.locator(f"[data-row='{site.office.orders}']")
    row.get_by_role("button", name="Take").click()
    expect(row.get_by_text("You have taken this since")).to_be_visible()
    row.get_by_role("button", name="Give back").click()
    expect(row.get_by_role("button", name="Take the draft")).to_be_visible()
    row.get_by_text("Snooze").click()
    row.get_by_role("button", name="For an hour").click()
    expect(page.get_by_role("link", name="Snoozed 1")).to_be_visible()
    expect(row).to_have_count(0)
    page.get_by_role("link", name="Snoozed").click()
    row.get_by_role("button", name="Bring it back now").click()
    expect(page.get_by_role("link", name="Snoozed 0")).to_be_visible()
    page.goto(f"{site.address}/queue")
    expect(row).to_have_count(1)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Family").select_option("recover")
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("link", name="Ben Okafor")).to_have_count(0)
    page.get_by_label("Keep these filters as").fill("Trouble")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("link", name="Trouble")).to_be_visible()
    page.goto(f"{site.address}/queue")
    page.get_by_label("Choose the draft for Ben Okafor").check()
    page.get_by_role("button", name="Approve the chosen").click()
    page.get_by_role("button", name="Undo all").click()
    expect(page.get_by_role("link", name="Ben Okafor")).to_be_visible()
    page.goto(f"{site.address}/queue/keys")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
