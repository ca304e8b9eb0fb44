"""One message: read it, change it, let it go, leave it out, and take that back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine import clock
from engine.errors import InvalidInput
from engine.review.decisions import ChangedMeanwhile, approve, edit, skip, undo, unskip
from engine.review.queue import one, queue
from engine.review.views import MessageView
from engine.storage.models import Message, Person
from web.letters import changed, in_frame, plain_text, preview, written_draft
from web.pages import show
from web.place import Here, Place, Reading, place_of
from web.queries.decided import just_decided
from web.remarks import remarks_on
from web.visitors import Deciding, SignedIn, Visitor
from web.ways import wordings

router = APIRouter(prefix="/messages")
FIELD = "text."
Version = Annotated[int, Form(ge=1)]
Texts = Mapping[str, Mapping[str, str | None]]


async def _texts(request: Request) -> Texts:
    """The fields `text.<name>.subject` and `text.<name>.body` of the form, by the text's name."""
    texts: dict[str, dict[str, str | None]] = {}
    for field, value in (await request.form()).items():
        name, _, part = field.removeprefix(FIELD).partition(".")
        if field.startswith(FIELD) and part in ("subject", "body") and isinstance(value, str):
            texts.setdefault(name, {"subject": None, "body": ""})[part] = value
    return texts


Given = Annotated[Texts, Depends(_texts)]


@dataclass(frozen=True)
class Attempt:
    """What somebody tried on the message's page: who, where, and with which texts."""

    request: Request
    place: Place
    visitor: Visitor
    message_id: UUID
    texts: Texts


@router.get("/{message_id}")
def show_message(
    request: Request, session: Reading, visitor: SignedIn, message_id: UUID, done: UUID | None = None
) -> Response:
    """The page of one message."""
    return _page(request, session, visitor, message_id, done=done)


@router.get("/{message_id}/preview")
def show_preview(session: Reading, place: Here, visitor: SignedIn, message_id: UUID) -> Response:
    """The letter as it would go, for the frame."""
    company = place.settings.company_name
    return in_frame(preview(session, message_id, sender=visitor.signs_as, company=company))


@router.post("/{message_id}/preview")
def preview_unsaved(session: Reading, place: Here, visitor: SignedIn, message_id: UUID, texts: Given) -> Response:
    """The letter with what was not saved yet. Changes nothing; a POST because it carries a text."""
    company = place.settings.company_name
    return in_frame(preview(session, message_id, sender=visitor.signs_as, company=company, unsaved=texts))


@router.post("/{message_id}/check")
def check_unsaved(
    request: Request, session: Reading, visitor: SignedIn, message_id: UUID, texts: Given
) -> HTMLResponse:
    """What the tone check says of a text that was not saved yet. Changes nothing."""
    draft = written_draft(session, message_id)
    whole = {**draft.revision.texts, **changed(draft.revision.texts, texts)}
    remarks = remarks_on(draft.findings_in(whole, visitor.signs_as), whole[draft.channel_text])
    return show(request, "remarks.html", {"remarks": remarks, "text": draft.channel_text})


@router.post("/{message_id}")
def save(
    request: Request, place: Here, visitor: Deciding, message_id: UUID, version: Version, texts: Given
) -> Response:
    """Keep the changed texts as a new revision."""

    def act() -> str:
        _save(place, visitor, message_id, version, texts)
        return f"/messages/{message_id}"

    return _tried(Attempt(request, place, visitor, message_id, texts), act)


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

    def act() -> str:
        saved = _save(place, visitor, message_id, version, texts)
        seconds = place.settings.release_seconds
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            approve(session, message_id, version=saved, person=person, now=now, release_seconds=seconds, seen=seen)
        return _next(place, message_id) if then == "next" else f"/messages/{message_id}"

    return _tried(Attempt(request, place, visitor, message_id, texts), act)


@router.post("/{message_id}/skip")
def leave_out(
    request: Request,
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    version: Version,
    reason: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """Decide that this message shall not go."""

    def act() -> str:
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            skip(session, message_id, version=version, reason=reason, person=person, now=now)
        return _next(place, message_id)

    return _tried(Attempt(request, place, visitor, message_id, {}), act)


@router.post("/{message_id}/undo")
def take_back(place: Here, visitor: Deciding, message_id: UUID, version: Version) -> Response:
    """Take an approval or a skip back."""
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        message = session.get(Message, message_id)
        revert = unskip if message is not None and message.state == "skipped" else undo
        revert(session, message_id, version=version, person=person, now=now)
    return RedirectResponse(f"/messages/{message_id}", status_code=303)


def _save(place: Place, visitor: Visitor, message_id: UUID, version: int, texts: Texts) -> int:
    """Store what was changed, if anything was; the version that the next decision is made upon."""
    with place.db.writing() as session:
        stored = written_draft(session, message_id).revision.texts
        fresh = changed(stored, texts)
        message = session.get_one(Message, message_id)
        if not fresh and message.version == version:
            return version
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        return edit(session, message_id, fresh or texts, version=version, person=person, now=now).version


def _tried(attempt: Attempt, act: Callable[[], str]) -> Response:
    """Do it and go on; where it is refused, show the page again with every word that was written."""
    request, visitor = attempt.request, attempt.visitor
    try:
        return RedirectResponse(act(), status_code=303)
    except ChangedMeanwhile as error:
        with attempt.place.db.reading() as session:
            view = _view(session, attempt.place, visitor, attempt.message_id)
        both = {"view": view, "yours": attempt.texts, "theirs": error.theirs, "version": error.version}
        return show(request, "changed_meanwhile.html", both, status=409)
    except InvalidInput as error:
        with attempt.place.db.reading() as session:
            return _page(
                request, session, visitor, attempt.message_id, complaint=str(error), unsaved=attempt.texts, status=422
            )


def _page(
    request: Request,
    session: Session,
    visitor: Visitor,
    message_id: UUID,
    *,
    done: UUID | None = None,
    complaint: str = "",
    unsaved: Texts | None = None,
    status: int = 200,
) -> Response:
    now = clock.now(session)
    view = _view(session, place_of(request), visitor, message_id)
    texts = {**view.texts, **changed(view.texts, unsaved or {})}
    remarks = remarks_on(view.findings, view.texts[view.text]) if view.texts else []
    as_text = plain_text(view.text, view.preview[view.text]) if view.texts else ""
    values = {
        "view": view,
        "item": view.item,
        "texts": texts,
        "text": view.text,
        "wordings": wordings(view),
        "remarks": remarks,
        "as_text": as_text,
        "complaint": complaint,
        "decided": just_decided(session, done or message_id, now=now),
        "now": now,
    }
    return show(request, "message.html", values, status=status)


def _view(session: Session, place: Place, visitor: Visitor, message_id: UUID) -> MessageView:
    person = session.get_one(Person, visitor.id) if visitor.may_decide else None
    return one(session, message_id, now=clock.now(session), person=person, offered=place.offered)


def _next(place: Place, message_id: UUID) -> str:
    """The most pressing text that still waits to be read; the queue where there is none."""
    with place.db.reading() as session:
        waiting = queue(session, now=clock.now(session), limit=20)
    to_read = next((item.message_id for item in waiting if not item.question), None)
    return f"/messages/{to_read}?done={message_id}" if to_read else f"/queue?done={message_id}"
