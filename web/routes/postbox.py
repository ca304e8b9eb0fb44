"""The postbox: what would have been sent, shown like a mailbox."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from engine import clock
from engine.channel_terms import POSTBOX
from engine.errors import NotFound
from engine.send.channels.postbox import Letter
from web.letters import in_frame
from web.pages import show
from web.place import Here, Place, Reading
from web.queries.postbox import PAGE, posted, posted_letter

router = APIRouter(prefix="/postbox")


@router.get("")
def show_postbox(request: Request, session: Reading, place: Here, before: UUID | None = None) -> Response:
    """One page of the mailbox, newest first."""
    lines = posted(session, before=before)
    more = lines[PAGE - 1].place if len(lines) > PAGE else None
    values = {
        "lines": lines[:PAGE],
        "more": more,
        "before": before,
        "elsewhere": [name for name in place.offered.names if name != POSTBOX],
        "now": clock.now(session),
    }
    return show(request, "postbox.html", values, block="lines")


@router.get("/{letter_id}")
def show_letter(request: Request, session: Reading, place: Here, letter_id: UUID, of: UUID | None = None) -> Response:
    """One letter as it was posted; `of` is the message that somebody sent themselves a test of."""
    letter = _letter(place, letter_id)
    return show(request, "letter.html", {"letter": letter, "line": posted_letter(session, letter_id), "of": of})


@router.get("/{letter_id}/letter")
def show_html(place: Here, letter_id: UUID) -> Response:
    """The letter's HTML, for the frame."""
    return in_frame(_letter(place, letter_id).html)


def _letter(place: Place, letter_id: UUID) -> Letter:
    letter = place.postbox.letter(letter_id)
    if letter is None:
        raise NotFound("The postbox holds no such letter.")
    return letter
