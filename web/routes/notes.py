"""Front-line notes: leaving one from a phone, and reading them where one may."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.definitions.store import active_triggers
from engine.errors import InvalidInput
from engine.ids import new_id
from engine.record.notes import (
    CATEGORIES,
    HOLDS_FOR,
    LONGEST_DAYS,
    LONGEST_TEXT,
    NewNote,
    customer_of,
    leave_note,
    withdraw_note,
)
from engine.record.wishes import occasions
from engine.storage.models import Customer, Note, Person
from triggers.table import KINDS
from web.pages import show
from web.place import Here, Reading
from web.queries.customers import name_of
from web.queries.finding import search
from web.queries.notes import PAGE, all_notes
from web.visitors import SignedIn, Visitor, local_path

router = APIRouter(prefix="/notes")
KINDS_OF_NOTES = ("complaint", "compliment", "life_event", "not_now", "other")
MOST_FOUND = 8


@router.get("")
def show_notes(
    request: Request,
    session: Reading,
    visitor: SignedIn,
    kind: Annotated[str, Query(max_length=20)] = "",
    holding: bool = False,
    after: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """One page of them: all that one may read, or for who only looks around here the ones they left."""
    if kind and kind not in KINDS_OF_NOTES:
        raise InvalidInput("There is no such kind of note.")
    now = clock.now(session)
    lines = all_notes(session, visitor, kind=kind, only_in_force=holding, after=after, now=now)
    values = {
        "lines": lines[:PAGE],
        "goes_on": lines[PAGE - 1].place if len(lines) > PAGE else None,
        "kind": kind,
        "kinds": KINDS_OF_NOTES,
        "holding": holding,
        "after": after,
        "now": now,
    }
    return show(request, "notes.html", values, block="more" if after else None)


@router.get("/new")
def show_new(
    request: Request,
    session: Reading,
    visitor: SignedIn,
    customer: Annotated[str, Query(max_length=200)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    done: UUID | None = None,
) -> Response:
    """Whom it is about, and then what it is."""
    if customer:
        return _form(request, session, visitor, customer_of(session, customer))
    wanted = q.strip()
    found = search(session, wanted, limit=MOST_FOUND) if wanted else []
    values = {
        "q": wanted,
        "found": found[:MOST_FOUND],
        "more": len(found) > MOST_FOUND,
        "done": _done(session, done, visitor) if done else None,
        "now": clock.now(session),
    }
    return show(request, "note_whom.html", values, block="found")


@router.post("")
def leave(
    request: Request,
    place: Here,
    visitor: SignedIn,
    id: Annotated[UUID, Form()],  # noqa: A002 - the name of the field
    customer: Annotated[str, Form(max_length=200)],
    kind: Annotated[str, Form(max_length=20)] = "",
    text: Annotated[str, Form(max_length=10_000)] = "",
    days: Annotated[str, Form(max_length=10)] = "",
    days_quiet: Annotated[str, Form(max_length=10)] = "",
    category: Annotated[str, Form(max_length=40)] = "",
    occasion: Annotated[str, Form(max_length=60)] = "",
    opens_problem: Annotated[bool, Form()] = False,
) -> Response:
    """Keep it. Whoever works here may: those at the front line seldom are agents."""
    written: dict[str, Any] = {"kind": kind, "text": text, "days": days, "days_quiet": days_quiet, "category": category}
    written |= {"occasion": occasion, "opens_problem": opens_problem, "id": id}
    try:
        with place.db.writing() as session:
            author, now = session.get_one(Person, visitor.id), clock.now(session)
            _leave(session, customer, written, author=author, now=now)
    except InvalidInput as error:
        with place.db.reading() as session:
            about = customer_of(session, customer)
            return _form(request, session, visitor, about, written=written, complaint=str(error), status=422)
    return RedirectResponse(f"/notes/new?done={id}", 303)


@router.post("/{note_id}/withdraw")
def take_back(
    place: Here, visitor: SignedIn, note_id: UUID, back: Annotated[str, Form(max_length=300)] = "/notes"
) -> Response:
    """It holds nothing and is not read any more."""
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        withdraw_note(session, note_id, person=person, now=now)
    return RedirectResponse(local_path(back), 303)


def _leave(session: Session, external_id: str, written: dict[str, Any], *, author: Person, now: datetime) -> Note:
    kind = written["kind"]
    if kind not in KINDS_OF_NOTES:
        raise InvalidInput("Choose what kind of note it is.")
    known = {one.name for one in occasions(session)}
    new = NewNote(
        id=written["id"],
        customer_id=customer_of(session, external_id).id,
        kind=kind,
        text=written["text"],
        days=_days(written["days_quiet" if kind == "not_now" else "days"]) if kind in HOLDS_FOR else None,
        category=written["category"] or None,
        occasion=written["occasion"] if written["occasion"] in known else None,
        opens_problem=written["opens_problem"],
    )
    triggers = active_triggers(session, KINDS, include_paused=True)
    return leave_note(session, new, author=author, triggers=triggers, now=now)


def _days(text: str) -> int | None:
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError:
        raise InvalidInput("For how many days: a whole number is needed.") from None


def _form(
    request: Request,
    session: Session,
    visitor: Visitor,
    about: Customer,
    *,
    written: dict[str, Any] | None = None,
    complaint: str = "",
    status: int = 200,
) -> Response:
    fresh: dict[str, Any] = {
        "kind": "",
        "text": "",
        "days": str(HOLDS_FOR["life_event"]),
        "days_quiet": str(HOLDS_FOR["not_now"]),
    }
    fresh |= {"category": "", "occasion": "", "opens_problem": visitor.may_decide, "id": new_id()}
    values = {
        "customer": about,
        "name": name_of(about),
        "written": written or fresh,
        "complaint": complaint,
        "kinds": KINDS_OF_NOTES,
        "categories": CATEGORIES,
        "occasions": occasions(session),
        "longest_days": LONGEST_DAYS,
        "longest_text": LONGEST_TEXT,
    }
    return show(request, "note_new.html", values, status=status)


def _done(session: Session, note_id: UUID, visitor: Visitor) -> dict[str, Any] | None:
    """What was just left, for the line at the top: to its author alone."""
    note = session.get(Note, note_id)
    if note is None or note.author_id != visitor.id:
        return None
    about = session.get_one(Customer, note.customer_id)
    return {"note": note, "name": name_of(about), "href": f"/customers/{quote(about.external_id)}"}
