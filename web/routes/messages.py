"""One message, in the writing room: read it, change it, let it go, leave it out, and take that back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.definitions.store import active_triggers
from engine.errors import Conflict, InvalidInput, NotFound
from engine.record.problem_words import Added, add_words
from engine.review.decisions import approve, skip, undo, unskip
from engine.review.queue import queue
from engine.review.second_reads import approved_first_by
from engine.storage.models import Message, Person
from triggers.table import KINDS
from web.came_from import carried, filter_of, query_of
from web.errors import status_of
from web.forms import Attempt, Given, Version
from web.pages import show
from web.place import Here, Place, Reading
from web.queries.asked import asked_of
from web.visitors import Deciding, SignedIn
from web.writing import page_values, save_changes, tried

router = APIRouter(prefix="/messages")
Maybe = Annotated[str, Form(max_length=1_000)]


@router.get("/{message_id}")
def show_message(
    request: Request,
    session: Reading,
    visitor: SignedIn,
    message_id: UUID,
    done: UUID | None = None,
    view: str = "",
    restore: int | None = None,
    did: str = "",
) -> Response:
    """The page of one message; with an earlier wording in the editor, where one is to be restored."""
    values = page_values(request, session, visitor, message_id, done=done, restore=restore)
    return show(request, "message.html", {**values, "wanted_view": view, "did": did})


@router.post("/{message_id}")
def save(
    request: Request, place: Here, visitor: Deciding, message_id: UUID, version: Version, texts: Given
) -> Response:
    """Keep the changed texts as a new revision."""
    attempt = Attempt(request, place, visitor, message_id, texts)

    def act() -> str:
        save_changes(attempt, version)
        return f"/messages/{message_id}?did=saved"

    return tried(attempt, act)


@router.post("/{message_id}/approve")
def let_go(
    request: Request,
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    version: Version,
    texts: Given,
    then: Annotated[str, Form()] = "stay",
    seen: Annotated[tuple[str, ...], Form()] = (),
) -> Response:
    """Keep what was changed, then let the message go. The words are kept even where it may not go yet.

    `seen` are the texts that stood on the page: only these may go, whichever channel takes the message in the end.
    """
    attempt = Attempt(request, place, visitor, message_id, texts)

    def act() -> str:
        saved = save_changes(attempt, version)
        seconds = place.settings.release_seconds
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            message = approve(
                session, message_id, version=saved, person=person, now=now, release_seconds=seconds, seen=seen
            )
            waits = message.state != "approved"
        if then != "next":
            return f"/messages/{message_id}" + ("?did=first" if waits else "")
        return _next(request, place, message_id, visitor.id) + ("&did=first" if waits else "")

    return tried(attempt, act)


@router.post("/{message_id}/answer")
def answer_question(
    request: Request,
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    key: Annotated[UUID, Form()],
    known_at: Annotated[datetime, Form()],
    what_happened: Maybe = "",
    what_we_did: Maybe = "",
    next_step: Maybe = "",
) -> Response:
    """Keep with the problem what a draft that stopped asks for."""
    words = {"what_happened": what_happened, "what_we_did": what_we_did, "next_step": next_step}
    try:
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            asked = asked_of(session, message_id)
            if asked is None:
                raise NotFound("This message asks for nothing that can be answered here.")
            triggers = active_triggers(session, KINDS, include_paused=True)
            added = Added(key, known_at, words)
            add_words(session, asked.problem_id, added, person=person, triggers=triggers, now=now)
    except (Conflict, InvalidInput) as error:
        with place.db.reading() as session:
            values = page_values(request, session, visitor, message_id, complaint=str(error))
            return show(request, "message.html", {**values, "answers": words}, status=status_of(error))
    return RedirectResponse(carried(f"/messages/{message_id}?did=known", request), status_code=303)


@router.post("/{message_id}/skip")
def leave_out(
    request: Request,
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    version: Version,
    texts: Given,
    reason: Maybe = "",
    common: Maybe = "",
) -> Response:
    """Decide that this message shall not go: for one of the common reasons, or in words of one's own."""

    def act() -> str:
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            skip(session, message_id, version=version, reason=common or reason, person=person, now=now)
        return _next(request, place, message_id, visitor.id)

    return tried(Attempt(request, place, visitor, message_id, texts), act)


@router.post("/{message_id}/undo")
def take_back(request: Request, place: Here, visitor: Deciding, message_id: UUID, version: Version) -> Response:
    """Take an approval or a skip back."""

    def act() -> str:
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            message = session.get(Message, message_id)
            revert = unskip if message is not None and message.state == "skipped" else undo
            revert(session, message_id, version=version, person=person, now=now)
        return f"/messages/{message_id}"

    return tried(Attempt(request, place, visitor, message_id, {}), act)


def _next(request: Request, place: Place, message_id: UUID, person_id: UUID) -> str:
    """The most pressing text that still waits to be read by this person, in the part of the queue they came from; the
    queue where there is none. What they have approved and what somebody stopped waits for others, and what a colleague
    writes at is theirs."""
    wanted, whose = filter_of(request), {"person_id": person_id, "from_weight": place.settings.queue_from_weight}
    with place.db.reading() as session:
        waiting = queue(session, now=clock.now(session), limit=20, wanted=wanted, **whose)  # type: ignore[arg-type]
        passed = {message_id, *approved_first_by(session, person_id)}
    free = (item for item in waiting if item.held is None or item.held.by == person_id)
    mine = (item for item in free if not item.question and not item.stopped)
    to_read = next((item.message_id for item in mine if item.message_id not in passed), None)
    if to_read:
        return f"/messages/{to_read}?done={message_id}"
    return f"/queue?{query_of(wanted, done=str(message_id))}"
