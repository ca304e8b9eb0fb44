"""Every page there is, found from the application's own routes, so that a new one is visited without being asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from tests.servers.visitor import Visitor


@dataclass(frozen=True)
class PageName:
    """One page to open, and what its pictures are called."""

    path: str
    name: str


def routes_of(app: FastAPI) -> list[str]:
    """The paths of everything that answers a GET, with `{parameters}` in them."""
    return sorted(dict.fromkeys(_walk(app.routes)))


def pages_of(app: FastAPI, parameters: Mapping[str, Sequence[str]], visitor: Visitor) -> list[PageName]:
    """What this visitor may open as a page. `parameters` says what to put into a path: by the path, else by the name.

    A page with a parameter that nobody knows of is a fault: say there which of them to open.
    """
    found = [page for path in routes_of(app) for page in _filled(path, parameters)]
    return [page for page in found if visitor.finds_page(page.path)]


def _filled(path: str, parameters: Mapping[str, Sequence[str]]) -> Iterator[PageName]:
    """A path with its parameter filled in, once for each example."""
    begin, brace, rest = path.partition("{")
    if not brace:
        yield PageName(path, _slug(path) or "front")
        return
    parameter, _, end = rest.partition("}")
    parameter = parameter.partition(":")[0]
    examples = parameters.get(path) or parameters.get(parameter)
    assert examples, f"which {parameter} of the page {path} shall the browser tests open? say so in EXAMPLES"
    for number, example in enumerate(examples):
        yield PageName(f"{begin}{example}{end}", f"{_slug(begin + 'one' + end)}-{number + 1}")


def _slug(path: str) -> str:
    return path.strip("/").replace("/", "-")


def _walk(routes: Sequence[Any]) -> Iterator[str]:
    """FastAPI keeps an included router as one route that knows its own."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _walk(included.routes)
        elif "GET" in (getattr(route, "methods", None) or ()):
            yield route.path
