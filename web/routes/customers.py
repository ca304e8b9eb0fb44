"""Customers: finding one, the page that says what we know and why they did or did not hear from us, and what people add
to it by hand: what was done about a problem, and what they read into what was said.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.dates.zones import local_date
from engine.definitions.store import active_triggers
from engine.errors import Conflict, InvalidInput
from engine.ids import new_id
from engine.record.notes import customer_of
from engine.record.problem_words import Added, add_words, may_be_added_to, may_be_resolved_here
from engine.record.readings import add_reading, withdraw_reading
from engine.storage.models import Person
from engine.stories import stories
from engine.why import lines_without_moment
from triggers.table import KINDS
from web.pages import show
from web.place import Here, Place, Reading
from web.queries.customers import customer_view
from web.queries.empathy import empathy_map
from web.queries.finding import PAGE, coming_up, search
from web.queries.notes import notes_of
from web.queries.timeline import SORTS, timeline
from web.queries.timeline import Place as TimelinePlace
from web.visitors import Deciding, SignedIn, Visitor

router = APIRouter(prefix="/customers")
FEW, MANY = 5, 100
_NOTHING_WRITTEN: Mapping[str, Any] = {"problem": None, "quadrant": "", "text": ""}
Text = Annotated[str, Form(max_length=1_000)]


@router.get("")
def find(
    request: Request,
    session: Reading,
    q: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
) -> Response:
    """Who has this id, address or name; without a question, whom the next messages go to."""
    wanted = q.strip()
    found = search(session, wanted) if wanted else coming_up(session, page=page)
    more = len(found) > PAGE
    values = {"found": found[:PAGE], "more": more, "q": wanted, "page": page, "now": clock.now(session)}
    return show(request, "customers.html", values, block="found")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a customer's page asks for: which moments, and which part of what happened."""

    every_moment: bool = False
    sort: str = ""
    after: str = ""


@router.get("/{external_id:path}")
def show_customer(
    request: Request,
    session: Reading,
    place: Here,
    visitor: SignedIn,
    external_id: str,
    moments: Annotated[str, Query(max_length=10)] = "",
    sort: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """One customer; for htmx the part of what happened that was asked for."""
    asked = Asked(moments == "all", sort, after)
    if "hx-request" in request.headers and request.headers.get("hx-target", "").startswith("timeline"):
        customer = customer_of(session, external_id)
        values = {"customer": customer, **_happened(session, customer.id, visitor, asked)}
        return show(request, "customer.html", values, block="earlier" if after else "timeline")
    return _page(request, session, place, visitor, external_id, asked)


@router.post("/{external_id:path}/problems/{problem_id}")
def add_to_problem(
    request: Request,
    place: Here,
    visitor: Deciding,
    external_id: str,
    problem_id: UUID,
    key: Annotated[UUID, Form()],
    known_at: Annotated[datetime, Form()],
    what_happened: Text = "",
    what_we_did: Text = "",
    next_step: Text = "",
    resolved: Annotated[bool, Form()] = False,
) -> Response:
    """What was done about it, as an event whose source is this person."""
    words = {"what_happened": what_happened, "what_we_did": what_we_did, "next_step": next_step}

    def act(session: Session, person: Person, now: datetime) -> None:
        added = Added(key, known_at, words, resolved)
        triggers = active_triggers(session, KINDS, include_paused=True)
        add_words(session, problem_id, added, person=person, triggers=triggers, now=now)

    unsaved = {"problem": problem_id, **words}
    return _tried(request, place, visitor, external_id, act, anchor="problems", unsaved=unsaved)


@router.post("/{external_id:path}/readings")
def read_into(
    request: Request,
    place: Here,
    visitor: Deciding,
    external_id: str,
    quadrant: Annotated[str, Form(max_length=20)],
    text: Text = "",
) -> Response:
    """Somebody's reading of what this customer thinks or feels."""

    def act(session: Session, person: Person, now: datetime) -> None:
        customer = customer_of(session, external_id)
        add_reading(session, customer.id, quadrant, text, author=person, now=now)

    unsaved = {"quadrant": quadrant, "text": text}
    return _tried(request, place, visitor, external_id, act, anchor="empathy", unsaved=unsaved)


@router.post("/{external_id:path}/readings/{reading_id}/withdraw")
def take_back_reading(request: Request, place: Here, visitor: Deciding, external_id: str, reading_id: UUID) -> Response:
    """It is not read any more."""

    def act(session: Session, person: Person, now: datetime) -> None:
        withdraw_reading(session, reading_id, person=person, now=now)

    return _tried(request, place, visitor, external_id, act, anchor="empathy", unsaved={})


def _tried(
    request: Request,
    place: Place,
    visitor: Visitor,
    external_id: str,
    act: Callable[[Session, Person, datetime], None],
    *,
    anchor: str,
    unsaved: Mapping[str, Any],
) -> Response:
    """Do it and go back to the page; where it is refused, the page again with every word that was written."""
    try:
        with place.db.writing() as session:
            act(session, session.get_one(Person, visitor.id), clock.now(session))
    except (Conflict, InvalidInput) as error:
        status = 409 if isinstance(error, Conflict) else 422
        with place.db.reading() as session:
            return _page(
                request,
                session,
                place,
                visitor,
                external_id,
                Asked(),
                complaint=str(error),
                unsaved=unsaved,
                status=status,
            )
    return RedirectResponse(f"/customers/{quote(external_id)}#{anchor}", 303)


def _page(
    request: Request,
    session: Session,
    place: Place,
    visitor: Visitor,
    external_id: str,
    asked: Asked,
    *,
    complaint: str = "",
    unsaved: Mapping[str, Any] = MappingProxyType({}),
    status: int = 200,
) -> Response:
    now = clock.now(session)
    view = customer_view(session, external_id)
    customer, triggers = view.customer, active_triggers(session, KINDS)
    today = local_date(now, customer.zone)
    told = stories(session, customer, now=now, limit=MANY if asked.every_moment else FEW)
    shown = MANY if asked.every_moment else FEW
    values = {
        "view": view,
        "customer": customer,
        "stories": told[:shown],
        "more_stories": len(told) > shown,
        "every_moment": asked.every_moment,
        "unspotted": lines_without_moment(session, customer, triggers) if asked.every_moment else [],
        "marks": view.marks_ahead(triggers, today),
        "days": view.days_ahead(triggers, today),
        "today": today,
        "empathy": empathy_map(session, customer.id),
        "notes": notes_of(session, customer.id, visitor, now=now),
        "may_be_added_to": may_be_added_to,
        "may_be_resolved_here": may_be_resolved_here,
        "key": new_id(),
        "live": place.settings.live,
        "complaint": complaint,
        "unsaved": {**_NOTHING_WRITTEN, **unsaved},
        "now": now,
        **_happened(session, customer.id, visitor, asked),
    }
    return show(request, "customer.html", values, status=status)


def _happened(session: Session, customer_id: UUID, visitor: Visitor, asked: Asked) -> dict[str, Any]:
    after = TimelinePlace.read(asked.after) if asked.after else None
    happened = timeline(session, customer_id, viewer=visitor.role, sort=asked.sort, after=after)
    return {"happened": happened, "sorts": SORTS, "sort": asked.sort, "after": asked.after, "visitor": visitor}
