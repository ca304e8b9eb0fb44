"""Replies: what customers wrote back, and that a person has dealt with it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.listen.replies import mark_handled, waiting
from engine.storage.models import Person
from web.pages import show
from web.place import Here, Reading
from web.queries.replies import PAGE, replies
from web.visitors import Deciding, SignedIn

router = APIRouter(prefix="/replies")


@router.get("")
def show_replies(
    request: Request,
    session: Reading,
    place: Here,
    visitor: SignedIn,
    handled: bool = False,
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
) -> Response:
    """One page of what waits for an answer, or of what was dealt with."""
    lines = replies(session, handled=handled, page=page)
    values = {
        "lines": lines[:PAGE],
        "more": len(lines) > PAGE,
        "page": page,
        "handled": handled,
        "waiting": waiting(session),
        "zone": visitor.zone,
        "live": place.settings.live,
        "now": clock.now(session),
    }
    return show(request, "replies.html", values)


@router.post("/{reply_id}/handled")
def handle(place: Here, visitor: Deciding, reply_id: UUID) -> Response:
    """A person has dealt with it."""
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        mark_handled(session, reply_id, person=person, now=now)
    return RedirectResponse("/replies", status_code=303)
