"""Somebody is let in and out again, in two real browsers at once."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, whole
from tests.browser.test_main_story import SIZES, fits
from tests.web.office import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]
Shoot = Callable[[Page, str], None]
NewPage = Callable[..., Page]


@pytest.fixture
def new_page(chrome: Browser, site: Site) -> Iterator[NewPage]:
    """A page in a browser of its own. What the console complains of fails the test."""
    contexts, complaints = [], []

    def opened(size: dict[str, int], *, dark: bool = False, scripts: bool = True) -> Page:
        context = chrome.new_context(
            viewport=size, color_scheme="dark" if dark else "light", java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        wrong = lambda line: line.type == "error" and "404" not in line.text  # noqa: E731 - a dead link is a 404
        page.on("console", lambda line: complaints.append(line.text) if wrong(line) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page, site: Site, email: str, password: str = PASSWORD) -> Page:
    page.goto(f"{site.address}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    return whole(page)


def enter(page: Page, room: str) -> None:
    """By the frame's link to it; on a phone that may lie under the last entry of the bar."""
    link = whole(page).get_by_role("link", name=room, exact=True).locator("visible=true")
    if not link.count():
        page.locator(".bar summary").click()
    link.first.click()


@SIZES
def test_an_admin_lets_somebody_in_and_out_again(
    site: Site, new_page: NewPage, shoot: Shoot, size: dict[str, int]
) -> None:
    """Invited, password set by the link, signed in; disabled, and the next click leads to the sign-in."""
    admin = sign_in(new_page(size), site, "admin@example.com")
    enter(admin, "People")
    expect(admin.get_by_role("heading", name="People")).to_be_visible()
    admin.get_by_label("Name", exact=True).fill("Mia Keller")
    admin.get_by_label("E-mail").fill("mia@example.com")
    admin.get_by_label("Role").select_option("agent")
    admin.get_by_label("Time zone").fill("Europe/Berlin")
    shoot(admin, "1-people")
    assert fits(admin)
    admin.get_by_role("button", name="Invite").click()
    expect(admin.get_by_role("heading", name="A link for Mia Keller")).to_be_visible()
    link = admin.get_by_label("The link").input_value()
    shoot(admin, "2-link")
    assert fits(admin)

    mia = new_page(size)
    mia.goto(re.sub(r"^https?://[^/]+", site.address, link))
    expect(mia.get_by_role("heading", name="Welcome, Mia Keller")).to_be_visible()
    mia.get_by_label("New password").fill("a horse in the rain")
    mia.get_by_label("The same once more").fill("a horse in the rain")
    shoot(mia, "3-password")
    assert fits(mia)
    mia.get_by_role("button", name="Set password").click()
    expect(mia.get_by_role("status")).to_contain_text("Your password is set")
    shoot(mia, "4-sign-in")
    mia.get_by_label("E-mail").fill("mia@example.com")
    mia.get_by_label("Password").fill("a horse in the rain")
    mia.get_by_role("button", name="Sign in").click()
    expect(mia.get_by_role("heading", name="Queue")).to_be_visible()
    enter(mia, "Mia Keller")
    expect(mia.get_by_role("heading", name="Your account")).to_be_visible()
    shoot(mia, "5-account")
    assert fits(mia)

    admin.get_by_role("link", name="Done").click()
    expect(admin.get_by_role("heading", name="People")).to_be_visible()
    admin.get_by_role("link", name="Mia Keller").click()
    expect(admin.get_by_role("button", name="Disable this account")).to_be_visible()
    shoot(admin, "6-person")
    assert fits(admin)
    admin.get_by_role("button", name="Disable this account").click()
    expect(admin.get_by_role("button", name="Enable this account")).to_be_visible()
    shoot(admin, "7-disabled")
    enter(mia, "Customers")
    expect(mia.get_by_role("heading", name="Good to see you")).to_be_visible()
    admin.get_by_role("link", name="What they did").click()
    expect(admin.get_by_role("cell", name="set their password by a link")).to_be_visible()
    shoot(admin, "8-trail")
    assert fits(admin)


@SIZES
def test_the_trail_is_read_and_filtered(site: Site, new_page: NewPage, shoot: Shoot, size: dict[str, int]) -> None:
    """By what was done, from one list; and it fits the screen."""
    page = sign_in(new_page(size, dark=True), site, "marketing@example.com")
    page.goto(f"{site.address}/audit")
    page.get_by_label("Did", exact=True).select_option("sign_in")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile("sign_in"))
    expect(page.get_by_role("cell", name="signed in")).to_have_count(1)
    shoot(page, "trail")
    assert fits(page)
    page.goto(f"{site.address}/notices")
    shoot(page, "notices")
    assert fits(page)


@SIZES
def test_a_forgotten_password_is_asked_for_without_scripts(
    site: Site, new_page: NewPage, shoot: Shoot, size: dict[str, int]
) -> None:
    """Two pages and one form."""
    page = new_page(size, scripts=False)
    page.goto(f"{site.address}/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    expect(page.get_by_role("button", name="Send me a link")).to_be_visible()  # the page before has a field E-mail too
    page.get_by_label("E-mail").fill("agent@example.com")
    shoot(page, "1-forgot")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading", name="Have a look at your mail")).to_be_visible()
    shoot(page, "2-asked")
    assert fits(page)
    page.goto(f"{site.address}/access/nothing")
    shoot(page, "3-dead")
    assert fits(page)
