""" "Not now": what it would touch, the button, and its end."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.calendar.asking import ask_for_pause
from engine.calendar.coming import countries_here
from engine.calendar.countries import by_name
from engine.calendar.pauses import LONGEST_REASON, begin_pause, end_pause, take_turns
from engine.calendar.reach import Reach, concerns_nobody, reach_of
from engine.calendar.scope import SORTS, NotNow, WrongPlace
from engine.errors import Conflict, InvalidInput
from engine.storage.models import Person
from web.pages import show
from web.pause_form import FIELDS, OPS, PauseForm, read_form
from web.place import Here, Place, Reading
from web.queries.pauses import pause_lines
from web.visitors import Auditing, Deciding, SignedIn, Visitor

router = APIRouter(prefix="/not-now")
_FRESH = PauseForm()


async def _written(request: Request) -> PauseForm:
    return read_form(await request.form())


Written = Annotated[PauseForm, Depends(_written)]


@router.get("")
def show_not_now(
    request: Request,
    session: Reading,
    visitor: SignedIn,
    did: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """What is in force, and what pressing it for everybody would touch."""
    return _page(request, session, visitor, _FRESH, did=did)


@router.post("")
def press(
    request: Request,
    place: Here,
    visitor: Auditing,
    written: Written,
    step: Annotated[str, Form(max_length=10)] = "begin",
) -> Response:
    """Begin it, or only look what it would touch."""
    try:
        with place.db.reading() as session:
            meant = _as_if(written, visitor, clock.now(session))
            if step == "look":
                nobody = _is_nobody(place, meant)
                return _page(request, session, visitor, written, looked=True, nobody=nobody)
        _begin(place, visitor, written)
    except (InvalidInput, Conflict) as error:
        with place.db.reading() as session:
            status = 409 if isinstance(error, Conflict) else 422
            return _page(request, session, visitor, written, complaint=str(error), fault=_field(error), status=status)
    return RedirectResponse(f"/not-now?did={'nobody' if _is_nobody(place, meant) else 'began'}", 303)


@router.post("/ask")
def ask(place: Here, visitor: Deciding, reason: Annotated[str, Form(max_length=1_000)] = "") -> Response:
    """Tell marketing that somebody believes it is time."""
    with place.db.writing() as session:
        ask_for_pause(session, reason, person=session.get_one(Person, visitor.id), now=clock.now(session))
    return RedirectResponse("/not-now?did=asked", 303)


@router.post("/{pause_id}/end")
def end(place: Here, visitor: Auditing, pause_id: UUID) -> Response:
    """End it. Who comes second is told that it is over already."""
    with place.db.writing() as session:
        was_on = end_pause(session, pause_id, person=session.get_one(Person, visitor.id), now=clock.now(session))
    return RedirectResponse(f"/not-now?did={'ended' if was_on else 'over'}", 303)


def _begin(place: Place, visitor: Visitor, written: PauseForm) -> None:
    wanted = written.wanted(visitor.zone)
    with place.db.writing() as session:
        take_turns(session)
        begin_pause(session, wanted, person=session.get_one(Person, visitor.id), now=clock.now(session))


def _is_nobody(place: Place, meant: NotNow) -> bool:
    with place.db.reading() as session:
        return concerns_nobody(session, meant)


def _as_if(written: PauseForm, visitor: Visitor, now: datetime) -> NotNow:
    """What stands in the fields, also before there is a reason."""
    return replace(written.wanted(visitor.zone), reason="a look").checked(now=now)


def _page(
    request: Request,
    session: Session,
    visitor: Visitor,
    written: PauseForm,
    *,
    did: str = "",
    looked: bool = False,
    nobody: bool = False,
    complaint: str = "",
    fault: str = "reason",
    status: int = 200,
) -> Response:
    now = clock.now(session)
    standing, over = pause_lines(session, now=now)
    values = {
        "standing": standing,
        "over": over,
        "written": written,
        "reach": _reach(session, visitor, written, complaint),
        "did": did,
        "looked": looked,
        "nobody": nobody,
        "complaint": complaint,
        "fault": fault if complaint else "",
        "countries": by_name(countries_here(session)),
        "sorts": SORTS,
        "ops": OPS,
        "fields": FIELDS,
        "longest": LONGEST_REASON,
        "tomorrow": now + timedelta(days=1),
        "now": now,
    }
    return show(request, "not_now.html", values, status=status)


def _field(error: Exception) -> str:
    """Where it is to be mended."""
    if isinstance(error, WrongPlace):
        return "places"
    return "reason" if "why" in str(error) or isinstance(error, Conflict) else "other"


def _reach(session: Session, visitor: Visitor, written: PauseForm, complaint: str) -> Reach | None:
    """For what stands in the fields, also before there is a reason; nothing where they cannot be used."""
    if complaint:
        return None
    now = clock.now(session)
    return reach_of(session, _as_if(written, visitor, now), now=now)
