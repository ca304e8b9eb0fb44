"""Customers: finding one, and the page that says what we know and why they did or did not hear from us."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from engine import clock
from engine.definitions.store import active_triggers
from engine.why import WhyLine, why
from triggers.table import KINDS
from web.pages import show
from web.phrases import capital
from web.place import Reading
from web.queries.customers import PAGE, coming_up, customer_view, search
from web.queries.heard import heard

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
    answers = by_moment(why(session, view.customer, now=now, triggers=active_triggers(session, KINDS)))
    values = {
        "view": view,
        "customer": view.customer,
        "why": answers,
        "heard": heard(session, view.customer.id),
        "now": now,
    }
    return show(request, "customer.html", values)


@dataclass(frozen=True, slots=True)
class Answer:
    """What happened to one moment, in time order, under what it is called."""

    title: str
    steps: Sequence[tuple[datetime, str]]


def by_moment(lines: Sequence[WhyLine]) -> list[Answer]:
    """The answers about one moment together; the moment that something happened to last comes first."""
    groups: dict[object, list[WhyLine]] = {}
    for line in lines:
        groups.setdefault(line.moment_id or id(line), []).append(line)
    return [_answer(group) for group in sorted(groups.values(), key=lambda group: group[-1].at, reverse=True)]


def _answer(group: Sequence[WhyLine]) -> Answer:
    """Every line begins with the moment's title, which is said once here."""
    title, colon, _ = group[0].text.partition(": ")
    shared = title + colon if colon and all(line.text.startswith(title + colon) for line in group) else ""
    steps = [(line.at, capital(line.text.removeprefix(shared))) for line in group]
    return Answer(title if shared else "", steps)
