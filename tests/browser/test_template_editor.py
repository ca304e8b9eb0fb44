"""The page of a template while somebody writes: what the check says by itself, and what the preview shows."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Site

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]


def typed(page: Page, label: str, words: str) -> None:
    """Type at the end of a field, and wait for what the check answers."""
    page.locator(label).press("Control+End")
    with page.expect_response(lambda answer: answer.url.endswith("/check")):
        page.keyboard.type(words)


@pytest.mark.parametrize("name", ["birthday", "ticket_solved"])
def test_a_harmless_word_is_no_fault(open_page: OpenPage, site: Site, name: str) -> None:
    """The check knows which template is written, of whichever family: it finds nothing, and each piece has a place."""
    page = open_page(role="marketing")
    page.goto(f"{site.address}/templates/{name}")
    typed(page, "#en-email-1-body", " gladly")
    expect(page.locator("#made-from .made-of")).to_be_attached()
    expect(page.locator("#fault-count")).to_have_text("")
    expect(page.locator("#editor .field-error:not(:empty)")).to_have_count(0)


def test_a_real_fault_stands_beside_its_field(open_page: OpenPage, site: Site) -> None:
    """In a text and in a field of the description, and gone once it is mended."""
    page = open_page(role="marketing")
    page.goto(f"{site.address}/templates/birthday")
    typed(page, "#en-email-1-body", " {{ x() }}")
    expect(page.locator("#said-en-email-1 .field-error")).to_contain_text("Templates cannot call anything.")
    expect(page.locator("#fault-count")).to_have_text("1 thing cannot stay as it is")
    with page.expect_response(lambda answer: answer.url.endswith("/check")):
        page.locator("#occasion").fill("")
    expect(page.locator("#fault-occasion .field-error")).to_have_text("There is nothing here yet")
    expect(page.locator("#whole-faults .field-error")).to_have_count(0)
    with page.expect_response(lambda answer: answer.url.endswith("/check")):
        page.locator("#occasion").fill("birthday")
    expect(page.locator("#fault-occasion")).to_have_text("")
    expect(page.locator("#fault-count")).to_have_text("1 thing cannot stay as it is")


def test_the_preview_merges_another_celebration_than_its_own(open_page: OpenPage, site: Site) -> None:
    """What is not saved yet is shown with the line of another template, as the test mail has it."""
    page = open_page(role="marketing")
    page.goto(f"{site.address}/templates/birthday")
    typed(page, "#en-email-1-body", " gladly")
    page.get_by_label("With another celebration that day").check()
    letter = page.frame_locator("iframe[name=preview]").locator("body")
    expect(letter).to_contain_text("gladly")
    expect(letter).to_contain_text("And you have now been with us for")
    expect(letter).not_to_contain_text("is your day")
