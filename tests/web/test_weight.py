"""What goes over the wire: compressed pages and files, and a form token that no compression can tell."""

import gzip

import pytest

from tests.web.conftest import TOKEN, NewBrowser
from tests.web.office import Office
from web.masking import masked, unmasked
from web.session import Sessions, Visit
from web.static_files import ROOT

pytestmark = pytest.mark.databases("sqlite")


def test_pages_come_compressed_where_a_browser_takes_that(browser: NewBrowser, office: Office) -> None:
    """And whole where it does not, so caches in between must tell the two apart."""
    agent = browser("agent")
    squeezed = agent.get("/queue", headers={"accept-encoding": "gzip"})
    plain = agent.get("/queue", headers={"accept-encoding": "identity"})
    assert squeezed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert "Accept-Encoding" in squeezed.headers["vary"]
    assert "Cookie" in squeezed.headers["vary"]
    assert "Ada Marlowe" in squeezed.text
    assert "Ada Marlowe" in plain.text


@pytest.mark.parametrize("file", ["jubilee.css", "jubilee.js", "icon.svg"])
def test_files_come_compressed_and_stay_for_a_year(browser: NewBrowser, file: str) -> None:
    """The compressed file is the file."""
    visitor = browser()
    squeezed = visitor.get(f"{ROOT}/{file}", headers={"accept-encoding": "gzip"})
    plain = visitor.get(f"{ROOT}/{file}", headers={"accept-encoding": "identity"})
    assert squeezed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert squeezed.content == plain.content
    assert squeezed.headers["content-type"] == plain.headers["content-type"]
    assert int(squeezed.headers["content-length"]) == len(gzip.compress(plain.content, 9, mtime=0))
    for answer in (squeezed, plain):
        assert "immutable" in answer.headers["cache-control"]
        assert "Accept-Encoding" in answer.headers["vary"]


def test_the_token_looks_different_on_every_page(browser: NewBrowser, office: Office) -> None:
    """And each of them is taken, in any order."""
    agent = browser("agent")
    first, second = agent.token("/today"), agent.token("/today")
    assert first != second
    for token in (second, first):
        answer = agent.post(f"/messages/{office.orders}/preview", data={"csrf_token": token})
        assert answer.status_code == 200


def test_one_page_holds_no_token_twice_as_it_is(browser: NewBrowser, office: Office) -> None:
    """The token under the mask is nowhere in the page."""
    agent = browser("agent")
    page = agent.get("/queue").text
    secrets = {unmasked(found).hex() for found in TOKEN.findall(page)}
    assert len(secrets) == 1
    assert secrets.pop() not in page


def test_a_token_of_another_visit_is_worth_nothing() -> None:
    """Nor is one that was cut, guessed or never masked."""
    sessions = Sessions("k" * 40)
    mine, other = Visit("a"), Visit("b")
    assert sessions.owns(mine, sessions.csrf_token(mine))
    for token in (sessions.csrf_token(other), sessions.csrf_token(mine)[:-4], "", "ä", "x", "AAAA", masked(b"")):
        assert not sessions.owns(mine, token)
