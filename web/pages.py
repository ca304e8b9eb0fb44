"""Shows a page, or one block of it where htmx asked for that block alone. HTML comes from the templates only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block
from starlette.responses import HTMLResponse

from web import phrases
from web.security import PAGE_POLICY
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
_environment.globals["static"] = ROOT


def is_fragment(request: Request) -> bool:
    """Whether htmx asked, and will put the answer into a page that is there already."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def show(
    request: Request, template: str, values: Mapping[str, Any], *, block: str | None = None, status: int = 200
) -> HTMLResponse:
    """The whole page, or `block` of it where htmx asked for a fragment."""
    place = request.app.state.place
    context = {
        "visitor": getattr(request.state, "visitor", None),
        "path": request.url.path,
        "company": place.settings.company_name,
        "stopped": not place.settings.sending or getattr(request.state, "stopped", False),
        **values,
    }
    if block and is_fragment(request):
        body = render_block(_environment, template, block, context)
    else:
        body = _environment.get_template(template).render(context)
    return HTMLResponse(body, status, {"vary": "HX-Request, Cookie", "content-security-policy": PAGE_POLICY})


def short_text(text: str) -> str:
    """A text message for a frame of its own."""
    return _environment.get_template("short_text.html").render(text=text)
