"""`jubilee not-now`: for the hour when nobody has a browser."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal

Written = Callable[[str, str], Path]
EMAIL = "kim@example.com"
# No customer can live there, so that nobody would be held.
NOWHERE = ("Atlantis", "XX", "ZZ", "XX-YY", "US-ZZ", "UK-ENG", "Europe/Berln")


@pytest.fixture
def office(ready: Terminal) -> Terminal:
    """With somebody of marketing, and an agent."""
    for role, email in (("marketing", EMAIL), ("agent", "lee@example.com")):
        words = ("--name", role.title(), "--role", role, "--password", "a horse in the rain")
        ready.run("people", "add", email, *words)
    return ready


def test_it_is_begun_listed_and_ended(office: Terminal, file: Written) -> None:
    """For a country and a segment, until a date; and a second end does nothing."""
    segment = str(file("gold.yaml", "field: trait.plan\nop: eq\nvalue: gold\n"))
    begun = office.ask(
        *("not-now", "begin", "a storm", "--as", EMAIL, "--place", "de", "--segment", segment, "--yes"),
        *("--until", "2999-01-01T00:00:00Z"),
    )
    (one,) = office.ask("not-now", "list")
    assert (one["id"], one["reason"], one["places"], one["touches"]) == (
        begun["id"],
        "a storm",
        ["DE"],
        ["celebrate", "marketing"],
    )
    assert one["segment"] == {"field": "trait.plan", "op": "eq", "value": "gold"}
    assert office.ask("not-now", "end", begun["id"], "--as", EMAIL) == {"ended": True}
    assert office.ask("not-now", "end", begun["id"], "--as", EMAIL) == {"ended": False}
    assert "Nothing is held" in office.run("not-now", "list").stdout


def test_one_that_concerns_nobody_says_so(office: Terminal, file: Written) -> None:
    """It holds all the same; one for everybody is not asked."""
    segment = str(file("foo.yaml", "field: trait.foo\nop: eq\nvalue: x\n"))
    begin = ("not-now", "begin", "a storm", "--as", EMAIL, "--yes")
    assert "it concerns nobody at present" in office.run(*begin, "--segment", segment).stderr
    assert "nobody" not in office.run(*begin).stderr


def test_places_are_named_as_people_name_them(office: Terminal) -> None:
    """As on the page, and once for all its names."""
    places = ("Germany", "Deutschland", "us-tx", "United Kingdom", "UK", "Europe/Madrid")
    office.run("not-now", "begin", "a storm", "--as", EMAIL, "--yes", *(w for one in places for w in ("--place", one)))
    (one,) = office.ask("not-now", "list")
    assert one["places"] == ["DE", "Europe/Madrid", "GB", "US-TX"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--as", "lee@example.com"), "needs the role marketing"),
        (("--as", "nobody@example.com"), "nobody here"),
        (("--as", EMAIL, "--until", "tomorrow"), "--until"),
        *((("--as", EMAIL, "--place", place), f"“{place}” is no place") for place in NOWHERE),
    ],
)
def test_what_cannot_be_is_refused(office: Terminal, more: tuple[str, ...], why: str) -> None:
    """In one line, and nothing is held."""
    assert why in office.run("not-now", "begin", "a storm", "--yes", *more, code=1).stderr
    assert office.ask("not-now", "list") == []


def test_it_says_how_much_waits_before_it_asks(office: Terminal) -> None:
    """Whoever says no has begun nothing."""
    said = office.run("not-now", "begin", "a storm", "--as", EMAIL, stdin="n\n", code=1)
    assert "0 messages wait already" in said.stdout
    assert office.ask("not-now", "list") == []
