"""One application over one database, people of every role, and a browser without a screen for each of them."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from engine.settings import Settings
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.write.desk import COMPANY
from tests.web.office import PASSWORD, Office, furnish, hire
from web.app import make_app

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser(TestClient):
    """A visitor: follows no redirect by itself, and sends a form as the page gave it."""

    def token(self, page: str) -> str:
        """The CSRF token of the first form on this page."""
        found = TOKEN.search(self.get(page).text)
        assert found, f"{page} holds no form"
        return unescape(found[1])

    def submit(self, address: str, *, on: str = "/today", **fields: str) -> Response:
        """POST a form of the page `on`."""
        return self.post(address, data={"csrf_token": self.token(on), **fields})

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> Response:
        return self.submit("/sign-in", on="/sign-in", email=email, password=password, **fields)


NewBrowser = Callable[..., Browser]


@pytest.fixture(autouse=True)
def travel() -> Iterator[time_machine.Traveller]:
    """It is the Monday of the builders; `travel.shift(61)` lets a minute pass."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def app(db: Database, tmp_path: Path) -> Iterator[FastAPI]:
    app = make_app(Settings(home=tmp_path, database_url=db.url, secret_key="k" * 40, company_name=COMPANY))
    yield app
    app.state.place.db.dispose()


@pytest.fixture
def people(db: Database) -> None:
    with db.writing() as session:
        hire(session)


@pytest.fixture
def office(db: Database, people: None, app: FastAPI) -> Office:
    """Drafts, a question, and a letter that went out."""
    with db.writing() as session:
        return furnish(session, app.state.place.settings.postbox)


@pytest.fixture
def browser(app: FastAPI, people: None) -> NewBrowser:
    """`browser()` is signed out, `browser("agent")` is signed in with that role."""

    def opened(role: str | None = None) -> Browser:
        visitor = Browser(app, follow_redirects=False)
        if role:
            assert visitor.sign_in(f"{role}@example.com").status_code == 303
        return visitor

    return opened
