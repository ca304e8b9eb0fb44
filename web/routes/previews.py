"""The message as it would go, and what the tone check says, while somebody writes. Nothing here changes anything."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from engine.review.page import refusal_of
from engine.send.previewing import as_it_would_go
from engine.write.approval import free_part_of
from engine.write.free_parts import free_parts
from engine.write.parts import outline
from engine.write.revisions import first_draft_of
from web.forms import Given
from web.letters import DESK, kept, letterhead_of, looked, signing_person, written_draft
from web.pages import show
from web.place import Here, Reading
from web.remarks import remarks_on
from web.visitors import SignedIn

router = APIRouter(prefix="/messages")
VIEWS = "^(desktop|phone|dark|text|sms|whatsapp|inapp|call|letter)$"


@router.get("/{message_id}/preview")
def show_preview(
    session: Reading,
    place: Here,
    visitor: SignedIn,
    message_id: UUID,
    view: Annotated[str, Query(pattern=VIEWS)] = DESK,
) -> Response:
    """The message as it would go, for the frame."""
    return looked(session, place, visitor, message_id, view)


@router.post("/{message_id}/preview")
def preview_unsaved(
    session: Reading,
    place: Here,
    visitor: SignedIn,
    message_id: UUID,
    texts: Given,
    view: Annotated[str, Form(pattern=VIEWS)] = DESK,
) -> Response:
    """The same with what was not saved yet. A POST because it carries a text."""
    return looked(session, place, visitor, message_id, view, texts)


@router.post("/{message_id}/check")
def check_unsaved(
    request: Request, session: Reading, place: Here, visitor: SignedIn, message_id: UUID, texts: Given
) -> Response:
    """What the tone check says of a text that was not saved yet, what of it is still empty, and what it costs."""
    stored = written_draft(session, message_id)
    message = stored.material.message
    draft = stored.saying(kept(stored.revision.texts, texts))
    name, person = draft.channel_text, signing_person(session, message, visitor)
    text = draft.revision.texts[name]
    first = first_draft_of(session, message).texts.get(name) or {}
    letterhead = letterhead_of(place)
    short = {
        one: as_it_would_go(session, draft, one, letterhead, person=person).text
        for one in ("sms", "whatsapp")
        if one in draft.revision.texts
    }
    values = {
        "remarks": remarks_on(draft.findings_in(draft.revision.texts, person.name if person else None), text),
        "text": name,
        "parts": outline(str(first.get("body") or ""), str(text["body"])),
        "hints": [part.hint for part in free_parts(str(text["body"]))],
        "refusal": refusal_of(session, draft, person) if message.state == "in_review" else None,
        "free_part": free_part_of(session, stored.revision),
        "short": short,
    }
    return show(request, "checked.html", values)
