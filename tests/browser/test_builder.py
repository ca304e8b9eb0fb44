"""Somebody who has never seen it makes a trigger live: with scripts on a desk, by forms alone on a phone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from engine.definitions.store import definition_of
from engine.definitions.writing import plain
from engine.storage.models import Publication, Trigger
from engine.storage.session import Database
from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Site
from tests.browser.test_main_story import Shoot, fits
from tests.web.definitions import FIVE_YEARS
from triggers.table import KINDS

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]
FIVE_MINUTES = 300.0
# How long a person takes, as the keystroke-level model reckons it: an average typist's key, pointing and pressing with
# making up one's mind before it, and reading a page that one has never seen.
KEY, PRESS, PAGE = 0.28, 1.1 + 0.2 + 1.35, 20.0
ANSWERS = {
    "How will our customers feel": "Seen, I hope: five years is long, and we say so without asking for anything.",
    "Which situations need": "Whoever has an open ticket is left out. Mourning and disputes wait anyway.",
    "What evidence": "None yet beyond ten calls. The forecast counts them, and we look again in a month.",
}


@dataclass
class Newcomer:
    """Does what a person does, and keeps count of how long that would have taken them."""

    page: Page
    seconds: float = PAGE

    def press(self, what: Locator, *, leads_to: Locator | None = None) -> None:
        """`leads_to` is what only the next page has."""
        what.click()
        self.seconds += PRESS
        if leads_to is not None:
            expect(leads_to).to_be_visible()
            self.seconds += PAGE

    def choose(self, what: Locator, value: str) -> None:
        what.select_option(label=value)
        self.seconds += 2 * PRESS

    def write(self, where: Locator, text: str) -> None:
        """Letter by letter, in place of what stands there."""
        where.press("ControlOrMeta+a")
        where.press_sequentially(text, delay=3)
        self.seconds += PRESS + KEY * len(text)


def make_it_live(page: Page, shot: Callable[[str], None], *, scripts: bool) -> float:
    """The whole walk; how many seconds it takes a person."""
    person, status = Newcomer(page), page.get_by_role("status")
    triggers = page.get_by_role("link", name="Triggers", exact=True).locator("visible=true")
    if not triggers.count():
        person.press(page.locator(".bar summary"))
    person.press(triggers.first, leads_to=page.get_by_role("heading", name="Triggers", exact=True))
    shot("1-triggers")
    person.press(
        page.get_by_role("link", name="New trigger"), leads_to=page.get_by_role("heading", name="A new trigger")
    )
    shot("2-beginning")
    person.press(
        page.get_by_role("link", name="An anniversary"), leads_to=page.get_by_role("heading", name="A new anniversary")
    )
    person.write(page.get_by_label("Title"), "5th anniversary")
    person.write(page.get_by_label("Occasion"), "first order anniversary")
    person.write(page.get_by_label("Which years"), "5")
    audience = page.locator("#audience")
    person.choose(audience.get_by_label("What to ask about"), "Has an open ticket")
    person.press(audience.get_by_role("button", name="Add condition"))
    expect(audience.get_by_role("group", name="Has an open ticket").get_by_role("combobox")).to_have_value("no")
    person.choose(page.get_by_label("Template", exact=True), "First order anniversary")
    if scripts:
        expect(page.get_by_role("complementary")).to_contain_text("To the postbox")
    shot("3-form")
    person.press(page.get_by_role("button", name="Keep as a draft"), leads_to=status.filter(has_text="Saved."))
    shot("4-draft")
    person.press(page.get_by_role("link", name="Publish"), leads_to=page.get_by_role("heading", name="Publish version"))
    for question, answer in ANSWERS.items():
        person.write(page.get_by_label(question), answer)
    person.press(page.get_by_label("Go live"))
    shot("5-checklist")
    person.press(
        page.get_by_role("button", name="Publish"),
        leads_to=status.filter(has_text="Published: this version is in force."),
    )
    shot("6-live")
    return person.seconds


def stored(db: Database) -> tuple[str, dict[str, Any], dict[str, str]]:
    """The state of the new trigger, what it says, and the answers it was published with."""
    with db.reading() as session:
        trigger = session.scalars(select(Trigger).where(Trigger.name == "trigger_5th_anniversary")).one()
        publication = session.scalars(select(Publication)).one()
        assert trigger.version_id == publication.version_id
        assert trigger.active_from is not None
        return trigger.state, plain(definition_of(session, trigger.version_id), KINDS), publication.answers


@pytest.mark.parametrize(("size", "scripts"), [(DESKTOP, True), (PHONE, False)], ids=["desk", "phone-without-scripts"])
def test_a_newcomer_makes_a_trigger_live_in_five_minutes(
    open_page: OpenPage, site: Site, db: Database, shoot: Shoot, size: dict[str, int], scripts: bool
) -> None:
    """The fifth anniversary, only for people with no open ticket: from the queue to live, and stored as meant."""
    page = open_page(size, scripts=scripts, role="marketing")

    def shot(name: str) -> None:
        shoot(page, name)
        assert fits(page), name

    seconds = make_it_live(page, shot, scripts=scripts)
    assert seconds < FIVE_MINUTES, f"a person takes {seconds:.0f} seconds"
    state, definition, answers = stored(db)
    assert (state, definition) == ("active", FIVE_YEARS)
    assert list(answers.values()) == list(ANSWERS.values())


def test_what_it_says_and_for_how_many_stands_beside_the_form(open_page: OpenPage, site: Site, shoot: Shoot) -> None:
    """While one writes, without a press of any button."""
    page = open_page(role="marketing")
    page.goto(f"{site.address}/triggers/birthday/edit")
    look = page.get_by_role("complementary", name="What it says so far")
    expect(look).to_contain_text("5 of 5 customers")
    page.get_by_label("Not before").fill("18:00")
    page.get_by_label("Not after").fill("20:00")
    expect(look).to_contain_text("at 18 to 20 in the customer's evening")
    page.locator("#audience").get_by_label("What to ask about").select_option(label="Time zone")
    page.locator("#audience").get_by_role("button", name="Add condition").click()
    page.get_by_label("Value of Time zone").fill("America/New_York")
    expect(look).to_contain_text("1 of 5 customers")
    shoot(page, "look")
