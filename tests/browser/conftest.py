"""A served application and a real browser in front of it. Screenshots go where JUBILEE_SCREENSHOTS says.

A press that leads to another page does not wait for it: what looks next must expect something that only the new page
has. JUBILEE_SLOW_PAGES=0.7 makes every page come so many seconds late, which finds a look that does not.
"""

import asyncio
import os
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import time_machine
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright

from engine.settings import Settings
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.write.desk import COMPANY
from tests.web.office import PASSWORD, Office, furnish, hire
from web.app import make_app

FLAGS = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A loaded machine takes its time; a page that never comes is still found.
expect.set_options(timeout=30_000)
SLOW_PAGES = float(os.environ.get("JUBILEE_SLOW_PAGES") or 0)
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Site:
    """The served application and what lies in its office."""

    address: str
    office: Office
    app: FastAPI

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.address.rpartition(":")[2])


@contextmanager
def serve(db: Database, home: Path) -> Iterator[Site]:
    """An office over this database, served on a free port by this process."""
    settings = Settings(home=home, database_url=db.url, secret_key="k" * 40, company_name=COMPANY)
    with db.writing() as session:
        hire(session)
        office = furnish(session, settings.postbox)
    app = make_app(settings)
    server = uvicorn.Server(uvicorn.Config(_slowly(app) if SLOW_PAGES else app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", office, app)
    server.should_exit = True
    thread.join(timeout=10)


def _slowly(app: FastAPI) -> Callable[..., Awaitable[None]]:
    """The same, but whoever goes to another page waits for it."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        if (b"sec-fetch-mode", b"navigate") in scope.get("headers", ()):
            await asyncio.sleep(SLOW_PAGES)
        await app(scope, receive, send)

    return served


def whole(page: Page) -> Page:
    """The page once all of it is there, with its scripts: what a person sees who presses a key."""
    page.wait_for_load_state()
    return page


@pytest.fixture
def site(db: Database, tmp_path: Path) -> Iterator[Site]:
    """A served office. It is the Monday of the builders there, and time runs."""
    with time_machine.travel(NOW, tick=True), serve(db, tmp_path) as served:
        yield served


@pytest.fixture(scope="session")
def chrome(chromium: str) -> Iterator[Browser]:
    """One running browser for all tests of this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chrome: Browser, site: Site) -> Iterator[OpenPage]:
    """`open_page(width and height)` is a signed-in agent, or `role`, at the queue. What the console says is a fault."""
    contexts, complaints = [], []

    def opened(
        viewport: dict[str, int] = DESKTOP,
        *,
        scripts: bool = True,
        dark: bool = False,
        touch: bool = False,
        role: str = "agent",
    ) -> Page:
        context = chrome.new_context(
            viewport=viewport,
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            has_touch=touch,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{site.address}/queue")
        page.get_by_label("E-mail").fill(f"{role}@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Queue")).to_be_visible()
        return whole(page)

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def shoot(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keeps a picture of the whole page."""
    folder = Path(os.environ.get("JUBILEE_SCREENSHOTS") or tmp_path).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    test = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")

    def shot(page: Page, name: str) -> None:
        before = whole(page).viewport_size
        # As tall as the page, so that what sticks to an edge of the window stands where it does at the end of it.
        page.set_viewport_size({"width": before["width"], "height": page.evaluate("document.body.scrollHeight")})
        page.screenshot(path=folder / f"{test}--{name}.png")
        page.set_viewport_size(before)

    return shot
