"""One application over one database, people of every role, and a browser without a screen for each of them."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from engine.people.accounts import NewPerson, create_person
from engine.people.audit import Doer
from engine.settings import Settings
from engine.storage.session import Database
from tests.engine.builders import NOW
from web.app import make_app

PASSWORD = "a long enough password"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser(TestClient):
    """A visitor: follows no redirect by itself, and sends a form as the page gave it."""

    def token(self, page: str = "/sign-in") -> str:
        found = TOKEN.search(self.get(page).text)
        assert found, f"{page} holds no form"
        return unescape(found[1])

    def submit(self, address: str, *, on: str = "/today", **fields: str):
        """POST a form of the page `on`."""
        return self.post(address, data={"csrf_token": self.token(on), **fields})

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str):
        return self.submit("/sign-in", on="/sign-in", email=email, password=password, **fields)


@pytest.fixture
def app(db: Database, tmp_path: Path) -> Iterator[FastAPI]:
    app = make_app(Settings(home=tmp_path, database_url=db.url, secret_key="k" * 40))
    yield app
    app.state.place.db.dispose()


@pytest.fixture
def people(db: Database) -> None:
    """One person of each role: viewer@example.com and so on."""
    with db.writing() as session:
        for role in ("viewer", "agent", "marketing", "admin"):
            new = NewPerson(f"{role}@example.com", f"Robin {role.title()}", role, PASSWORD)
            create_person(session, new, now=NOW, doer=Doer("test"))


NewBrowser = Callable[..., Browser]


@pytest.fixture
def browser(app: FastAPI, people: None) -> NewBrowser:
    """`browser()` is signed out, `browser("agent")` is signed in with that role."""

    def opened(role: str | None = None) -> Browser:
        visitor = Browser(app, follow_redirects=False)
        if role:
            assert visitor.sign_in(f"{role}@example.com").status_code == 303
        return visitor

    return opened
