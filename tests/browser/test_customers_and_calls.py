"""What customers choose on their page and what agents write down after a call, in a real browser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.ids import new_id
from engine.links import Links
from engine.storage.models import ContactPoint
from engine.storage.session import Database
from tests.browser.conftest import PHONE, OpenPage, Site
from tests.browser.test_main_story import SIZES, fits
from tests.engine.builders import make_customer
from tests.web.handed import hand_over

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]
Shoot = Callable[[Page, str], None]


@pytest.fixture(autouse=True)
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the site is served: the app's messages and calls are offered here."""
    monkeypatch.setenv("JUBILEE_INAPP", "on")
    monkeypatch.setenv("JUBILEE_CALL", "on")


@dataclass(frozen=True)
class Story:
    """The links in Ada's mail, in three languages, and a call to make."""

    preferences: dict[str, str]
    unsubscribe: str


@pytest.fixture
def story(switched_on: None, site: Site, db: Database) -> Story:
    links = Links("k" * 40, site.address)
    preferences = {}
    with db.writing() as session:
        for locale in ("en", "de", "es"):
            ada = make_customer(
                session, external_id=f"ada-{locale}", last_name="Marlowe", locale=locale, zone="America/New_York"
            )
            session.add(ContactPoint(customer_id=ada.id, channel="inapp", address="ada"))
            session.add(ContactPoint(customer_id=ada.id, channel="call", address="+15550142"))
            preferences[locale] = links.preferences(ada.id, new_id())
        hand_over(session, ada, "call", address="+15550142")
        return Story(preferences, links.unsubscribe(ada.id, new_id(), "birthday"))


@pytest.fixture
def visitor(chrome: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """A customer's browser: it has no cookie, and no script runs. What the console complains of fails the test."""
    contexts, complaints = [], []

    def opened(size: dict[str, int], *, dark: bool = False) -> Page:
        context = chrome.new_context(
            viewport=size, java_script_enabled=True, color_scheme="dark" if dark else "light", locale="en-GB"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        return page

    yield opened
    for context in contexts:
        assert context.cookies() == []
        context.close()
    assert complaints == []


@SIZES
def test_a_customer_chooses_and_takes_it_back(
    site: Site, story: Story, visitor: Callable[..., Page], shoot: Shoot, size: dict[str, int]
) -> None:
    """By keyboard and mouse alone: no birthday, calls first, quiet nights, and then everything as it was."""
    page = visitor(size)
    page.goto(story.preferences["en"])
    expect(page.get_by_role("heading", name="Hello Ada")).to_be_visible()
    shoot(page, "1-page")
    assert fits(page)
    page.get_by_label("Your birthday").uncheck()
    page.get_by_label("Phone call").select_option("First")
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_label("until").fill("07:30")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Your birthday: no")
    expect(page.get_by_role("status")).to_contain_text("Phone call, In our app")
    shoot(page, "2-saved")
    assert fits(page)
    expect(page.get_by_label("Your birthday")).not_to_be_checked()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Undone")
    expect(page.get_by_label("Your birthday")).to_be_checked()
    expect(page.get_by_label("Quiet from")).to_have_value("")


def test_a_customer_leaves_with_one_button(story: Story, visitor: Callable[..., Page], shoot: Shoot) -> None:
    """And finds the way to choose in detail, in their language."""
    page = visitor(PHONE)
    page.goto(story.unsubscribe)
    expect(page.get_by_role("button", name="Darme de baja")).to_be_visible()
    shoot(page, "1-asked")
    page.get_by_role("button", name="Darme de baja").click()
    expect(page.get_by_role("heading", name="Hecho")).to_be_visible()
    shoot(page, "2-left")
    page.get_by_role("link", name="Elegir con detalle").click()
    expect(page.get_by_label("Tu cumpleaños")).not_to_be_checked()
    shoot(page, "3-choices")
    assert fits(page)


def test_the_page_in_german_at_night(story: Story, visitor: Callable[..., Page], shoot: Shoot) -> None:
    """Longer words fit, and who prefers a dark screen gets one."""
    page = visitor(PHONE, dark=True)
    page.goto(story.preferences["de"])
    shoot(page, "page")
    assert fits(page)
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(28, 25, 23)"


@SIZES
def test_an_agent_calls_and_writes_down_what_came_of_it(
    story: Story, site: Site, open_page: OpenPage, shoot: Shoot, size: dict[str, int]
) -> None:
    """From the list to the form and back to an empty list."""
    page = open_page(size)
    page.get_by_role("link", name="Calls").click()
    expect(page.get_by_role("heading", name="Calls", exact=True)).to_be_visible()
    shoot(page, "1-list")
    assert fits(page)
    page.get_by_role("link", name="Ada Marlowe").click()
    expect(page.get_by_role("heading", name="What came of it?")).to_be_visible()
    shoot(page, "2-call")
    assert fits(page)
    page.get_by_role("radio", name="Reached").check()
    page.get_by_label("Note").fill("She laughed and thanked us.")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("status")).to_contain_text("Ada Marlowe: reached")
    expect(page.get_by_role("heading", name="No call to make")).to_be_visible()
