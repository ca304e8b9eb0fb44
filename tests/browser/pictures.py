"""`python -m tests.browser.pictures` makes the pictures of the README anew: the queue and the writing room, as
furnished for the tests, in Debian's chromium.
"""

import sys
import tempfile
from pathlib import Path

import time_machine
from playwright.sync_api import Browser, expect, sync_playwright

from engine.storage.migrate import upgrade
from engine.storage.session import Database
from tests.browser.conftest import FLAGS, serve
from tests.engine.builders import NOW
from tests.servers.chromium import find_chromium
from tests.web.office import PASSWORD

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
WINDOW = {"width": 1360, "height": 820}
LARGEST = 200_000


def main() -> None:
    """Serve a furnished office for a moment, and keep two pictures of it."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("no chromium on this machine (apt-get install chromium)")
    with tempfile.TemporaryDirectory(prefix="jubilee-pictures-") as home, time_machine.travel(NOW, tick=True):
        db = Database(f"sqlite:///{home}/pictures.db")
        upgrade(db.url)
        with serve(db, Path(home)) as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
            _shoot(browser, site.address, {"queue": "/queue", "writing-room": f"/messages/{site.office.orders}"})
            browser.close()
        db.dispose()


def _shoot(browser: Browser, address: str, pages: dict[str, str]) -> None:
    page = browser.new_page(viewport=WINDOW, color_scheme="light", reduced_motion="reduce")  # type: ignore[arg-type]
    page.goto(f"{address}/queue")
    page.get_by_label("E-mail").fill("agent@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    for name, path in pages.items():
        page.goto(f"{address}{path}", wait_until="load")
        file = FOLDER / f"{name}.png"
        page.screenshot(path=file)
        size = file.stat().st_size
        print(f"{file.relative_to(FOLDER.parents[1])}: {size:,} bytes{' TOO LARGE' if size > LARGEST else ''}")  # noqa: T201


if __name__ == "__main__":
    main()
