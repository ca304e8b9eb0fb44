"""The calls after trouble: whom to call, what to say and what not, and what came of it."""

from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import Conflict, InvalidInput
from engine.record.complaints import Solution
from engine.send.follow_up_calls import follow_up, settle_follow_up
from engine.storage.models import Person
from web.call_form import Given, Said, Short, answered, solve, status_after, written
from web.pages import show
from web.place import Here, Place, Reading
from web.visitors import Deciding, SignedIn, Visitor

router = APIRouter(prefix="/calls/follow-up")


@router.get("/{call_id}")
def show_follow_up(request: Request, session: Reading, place: Here, visitor: SignedIn, call_id: UUID) -> Response:
    """Whom to call after trouble, what to say and what not."""
    return _page(request, session, place, visitor, call_id)


@router.post("/{call_id}")
def write_follow_up_down(request: Request, place: Here, visitor: Deciding, call_id: UUID, said: Given) -> Response:
    """What came of a call after trouble."""

    def act(session: Session, person: Person) -> None:
        settle_follow_up(session, call_id, said.checked(visitor), person=person, now=clock.now(session))

    refused = written(place, visitor, call_id, said, act)
    if refused is None:
        return RedirectResponse(f"/calls?done_after={call_id}", 303)
    with place.db.reading() as session:
        return _page(request, session, place, visitor, call_id, refused=refused, said=said)


@router.post("/{call_id}/solved")
def follow_up_solved(
    place: Here, visitor: Deciding, call_id: UUID, what_happened: Short, what_we_did: Short, next_step: Short = ""
) -> Response:
    """What they were unhappy about on the phone is solved."""
    solve(place, visitor, call_id, Solution(what_happened, what_we_did, next_step))
    return RedirectResponse(f"/calls/follow-up/{call_id}", 303)


def _page(
    request: Request,
    session: Session,
    place: Place,
    visitor: Visitor,
    call_id: UUID,
    *,
    refused: Conflict | InvalidInput | None = None,
    said: Said | None = None,
) -> Response:
    now = clock.now(session)
    values = {
        "call": follow_up(session, call_id, now=now, law=place.settings.text_hours),
        **answered(session, visitor, call_id, said, refused),
    }
    return show(request, "follow_up.html", values, status=status_after(refused))
