"""The calls to make: the list, what to say to whom, and what came of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.dates.zones import first_instant
from engine.errors import Conflict, InvalidInput
from engine.review.items import items_of
from engine.send.call_outcomes import Outcome, settle_call
from engine.send.call_tasks import call_task, is_open_call, open_calls, script_of, tries_of
from engine.storage.models import Person
from web.pages import show
from web.place import Here, Place, Reading
from web.visitors import Deciding, SignedIn, Visitor

router = APIRouter(prefix="/calls")
MOST = 100


@router.get("")
def show_calls(
    request: Request, session: Reading, place: Here, visitor: SignedIn, done: UUID | None = None
) -> Response:
    """The list, those that have been due the longest first."""
    now = clock.now(session)
    tasks = open_calls(session, now=now, limit=MOST, law=place.settings.text_hours)
    values = {
        "tasks": tasks,
        "items": items_of(session, [task.message_id for task in tasks], now=now),
        "done": _done(session, done, visitor, now) if done else None,
        "now": now,
        "my_zone": visitor.zone,
        "offered": "call" in place.offered.names,
    }
    return show(request, "calls.html", values)


@router.get("/{delivery_id}")
def show_call(request: Request, session: Reading, place: Here, visitor: SignedIn, delivery_id: UUID) -> Response:
    """Whom to call, why, and what to say."""
    return _page(request, session, place, visitor, delivery_id)


@router.post("/{delivery_id}")
def write_down(
    request: Request,
    place: Here,
    visitor: Deciding,
    delivery_id: UUID,
    outcome: Annotated[str, Form()],
    tries: Annotated[int, Form(ge=0)],
    note: Annotated[str, Form(max_length=2_000)] = "",
    again: Annotated[str, Form(max_length=30)] = "",
) -> Response:
    """What came of the call. Two agents at once: the second is told what the first wrote, and loses no word."""
    try:
        with place.db.writing() as session:
            person = session.get_one(Person, visitor.id)
            said = Outcome(outcome, tries, note.strip() or None, _again(again, visitor))
            settle_call(session, delivery_id, said, person=person, offered=place.offered, now=clock.now(session))
    except (Conflict, InvalidInput) as error:
        status = 409 if isinstance(error, Conflict) else 422
        written = {"outcome": outcome, "note": note, "again": again}
        with place.db.reading() as session:
            return _page(
                request, session, place, visitor, delivery_id, complaint=str(error), written=written, status=status
            )
    return RedirectResponse(f"/calls?done={delivery_id}", 303)


def _again(text: str, visitor: Visitor) -> datetime | None:
    """On the agent's own clock, as the field of the form shows it."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput("Try again at: this is no day and time.") from None
    return first_instant(at.date(), at.time().replace(tzinfo=None), visitor.zone)


def _done(session: Session, delivery_id: UUID, visitor: Visitor, now: datetime) -> dict[str, object] | None:
    """What was written down last, for the line at the top; nothing where it was not just now and by this person."""
    tries = tries_of(session, delivery_id)
    if not tries or tries[-1].person != visitor.name or (now - tries[-1].made_at).total_seconds() > 60:
        return None
    return {"task": call_task(session, delivery_id, now=now), "try": tries[-1]}


def _page(
    request: Request,
    session: Session,
    place: Place,
    visitor: Visitor,
    delivery_id: UUID,
    *,
    complaint: str = "",
    written: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    now = clock.now(session)
    task = call_task(session, delivery_id, now=now, law=place.settings.text_hours)
    house = place.settings
    values = {
        "task": task,
        "item": items_of(session, [task.message_id], now=now)[task.message_id],
        "script": script_of(session, delivery_id, company=house.company_name, team=house.team_name),
        "tries": tries_of(session, delivery_id),
        "open": is_open_call(session, delivery_id),
        "written": written or {"outcome": "", "note": "", "again": ""},
        "complaint": complaint,
        "now": now,
        "my_zone": visitor.zone,
    }
    return show(request, "call.html", values, status=status)
