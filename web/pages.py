"""Shows a page, or one block of it where htmx asked for that block alone. HTML comes from the templates only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block
from starlette.responses import HTMLResponse

from web import phrases
from web.came_from import carrying, query_to
from web.customer_words import Words
from web.day_words import what_words, when_words, whom_words
from web.rooms import groups_for, room_of
from web.security import CUSTOMER_POLICY, PAGE_POLICY
from web.static_files import ROOT

TEMPLATES = Path(__file__).parent / "templates"
_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(phrases.FILTERS)
_environment.filters.update(whom_words=whom_words, what_words=what_words, when_words=when_words)
_environment.globals["static"] = ROOT
_FOR_CUSTOMERS = {
    "content-security-policy": CUSTOMER_POLICY,
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "vary": "Accept-Language",
}


def is_fragment(request: Request) -> bool:
    """Whether htmx asked, and will put the answer into a page that is there already."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def show(
    request: Request, template: str, values: Mapping[str, Any], *, block: str | None = None, status: int = 200
) -> HTMLResponse:
    """The whole page, or `block` of it where htmx asked for a fragment."""
    place = request.app.state.place
    visitor = getattr(request.state, "visitor", None)
    context = {
        "visitor": visitor,
        "groups": groups_for(visitor.role, request.app.state.pages) if visitor else (),
        "room": room_of(request.url.path),
        "request_path": request.url.path,
        "company": place.settings.company_name,
        "replies_waiting": getattr(request.state, "replies_waiting", 0),
        "calls_waiting": getattr(request.state, "calls_waiting", None),
        "pauses": getattr(request.state, "pauses", ()),
        "from_queue": (query := query_to(request)),
        "came": carrying(query),
        "stopped": not place.settings.sending or getattr(request.state, "stopped", False),
        **values,
    }
    if block and is_fragment(request):
        body = render_block(_environment, template, block, context)
    else:
        body = _environment.get_template(template).render(context)
    return HTMLResponse(body, status, {"vary": "HX-Request, Cookie", "content-security-policy": PAGE_POLICY})


def show_customer(request: Request, template: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page for customers: no script, kept out of search engines, and telling no other page where one came from."""
    response = show(request, template, values, status=status)
    response.headers.update(_FOR_CUSTOMERS)
    return response


def customer_notice(request: Request, words: Words, name: str, status: int = 200) -> HTMLResponse:
    """A page that only says something: the texts `<name>_title` and `<name>`."""
    values = {"words": words, "heading": words(f"{name}_title"), "sentence": words(name)}
    return show_customer(request, "customers_notice.html", values, status=status)


def frame(template: str, text: str) -> str:
    """A text for a frame of its own, in one of the small pages that are nothing else."""
    return _environment.get_template(template).render(text=text)
