"""What conditions say of the customer's country. It is stored as a code, so that any other word is true of nobody.

Asked of what somebody writes, never of what is stored: a version from before goes on being read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.calendar.countries import country_code

COUNTRY = "customer.country"
BY_VALUE = ("eq", "ne", "in", "not_in")
Path = tuple[str | int, ...]


def code_of(word: str) -> str | None:
    """The code that customers are stored by: DE of `Germany` and `de`, DE-BY of `de-by`; None of what is no country."""
    country, dash, part = word.strip().upper().partition("-")
    if dash and part.isascii() and part.isalnum() and len(part) <= 3 and country_code(country) == country:
        return f"{country}-{part}"
    return country_code(word)


def wrong_countries(plain: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The place of every value in these plain conditions that is no code of a country, and what is wrong with it."""
    waiting: list[tuple[Path, Any]] = [(path, plain)]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, Mapping):
            if value.get("field") == COUNTRY and value.get("op") in BY_VALUE:
                yield from _wrong((*at, "value"), value.get("value"))
            waiting += [((*at, name), inner) for name, inner in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [((*at, number), inner) for number, inner in enumerate(value)]


def _wrong(at: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from _wrong((*at, number), one)
    elif isinstance(value, str) and (code := code_of(value)) != value:
        yield at, f"“{value}” is no code of a country: write {code or 'two letters, such as DE'}"
