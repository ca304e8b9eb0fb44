""" "This feels wrong": stopping a message with words, and the list of what marketing has to answer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import InvalidInput
from engine.review.flags import Answer, answer_flag, raise_flag
from engine.review.items import items_of
from engine.review.story import all_flags
from engine.storage.models import Person
from engine.storage.models.person import ROLES
from web.forms import Attempt, Given, Version
from web.pages import show
from web.place import Here, Reading
from web.visitors import Auditing, Deciding, SignedIn, Visitor
from web.writing import save_changes, tried

router = APIRouter()
Words = Annotated[str, Form(max_length=2_000)]
MARKETING = "marketing"


@router.post("/messages/{message_id}/flag")
def stop_it(
    request: Request,
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    version: Version,
    texts: Given,
    wrong: Words = "",
    pause: Annotated[bool, Form()] = False,
) -> Response:
    """Keep what was written, and stop the message until marketing has answered."""
    attempt = Attempt(request, place, visitor, message_id, texts)

    def act() -> str:
        saved = save_changes(attempt, version) if texts else version
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            raise_flag(session, message_id, version=saved, text=wrong, pause=pause, person=person, now=now)
        return f"/messages/{message_id}?did=flagged"

    return tried(attempt, act)


@router.get("/flags")
def show_flags(request: Request, session: Reading, visitor: SignedIn) -> Response:
    """What was stopped: the open ones first, the oldest of them on top, then what was answered last."""
    return _page(request, session, visitor)


@router.post("/flags/{flag_id}")
def answer(
    request: Request,
    place: Here,
    visitor: Auditing,
    flag_id: UUID,
    outcome: Annotated[str, Form(max_length=20)] = "",
    words: Words = "",
    resume: Annotated[bool, Form()] = False,
) -> Response:
    """Marketing's answer, which whoever stopped it is told."""
    try:
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            answer_flag(session, flag_id, Answer(outcome, words, resume), person=person, now=now)
    except InvalidInput as error:
        written = {"id": flag_id, "outcome": outcome, "words": words, "complaint": str(error)}
        with place.db.reading() as session:
            return _page(request, session, visitor, written=written, status=422)
    return RedirectResponse(f"/flags#{flag_id}", status_code=303)


def _page(
    request: Request,
    session: Session,
    visitor: Visitor,
    *,
    written: dict[str, object] | None = None,
    status: int = 200,
) -> Response:
    now = clock.now(session)
    flags = all_flags(session)
    values = {
        "flags": flags,
        "items": items_of(session, [flag.message_id for flag in flags], now=now),
        "may_answer": ROLES.index(visitor.role) >= ROLES.index(MARKETING),
        "written": written or {"id": None, "outcome": "", "words": "", "complaint": ""},
        "now": now,
    }
    return show(request, "flags.html", values, status=status)
