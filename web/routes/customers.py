"""Customers: finding one, and the page that says what we know and why they did or did not hear from us."""

from typing import Annotated

from engine.why import why
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from engine import clock
from web.pages import show
from web.place import Reading
from web.queries.customers import PAGE, coming_up, customer_view, search

router = APIRouter(prefix="/customers")


@router.get("")
def find(
    request: Request,
    session: Reading,
    q: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
) -> Response:
    """Who has this id, name or e-mail; without a question, whom the next messages go to."""
    wanted = q.strip()
    found = search(session, wanted, page=page) if wanted else coming_up(session, page=page)
    more = len(found) > PAGE
    values = {"found": found[:PAGE], "more": more, "q": wanted, "page": page, "now": clock.now(session)}
    return show(request, "customers.html", values, block="found")


@router.get("/{external_id:path}")
def show_customer(request: Request, session: Reading, external_id: str) -> Response:
    """One customer."""
    now = clock.now(session)
    view = customer_view(session, external_id)
    answers = why(session, view.customer, now=now)
    return show(request, "customer.html", {"view": view, "customer": view.customer, "why": answers, "now": now})
