"""What every form of the writing room does the same way: keep what was written, try something, and show the page again
with every word where it was refused.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.record.notes import notes_for_writing
from engine.review.decisions import ChangedMeanwhile, edit
from engine.review.handing import colleagues
from engine.review.page import one
from engine.review.views import MessageView
from engine.storage.models import Message, Person
from web.audit_words import TAKING
from web.came_from import carried
from web.diffs import word_diff
from web.errors import status_of
from web.forms import Act, Attempt, Texts
from web.happened import Told, said_of, what_became, who
from web.letters import EMAIL, changed, kept, views_of, written_draft
from web.pages import show
from web.place import Place, place_of
from web.queries.asked import asked_of
from web.queries.decided import just_decided
from web.remarks import remarks_on
from web.visitors import Visitor
from web.ways import wordings

# One key each, where the panel is open; the words stay on the customer's page.
COMMON_REASONS = (
    "we spoke with them already",
    "this is not the right moment for them",
    "they heard from us a short while ago",
    "what it is about is not worth a message",
    "we cannot say this well enough",
)


def save_changes(attempt: Attempt, version: int) -> int:
    """Store what was changed, if anything was; the version that the next decision is made upon."""
    with attempt.place.db.writing() as session:
        message = session.get(Message, attempt.message_id)
        stored = message is not None and message.version == version and message.state == "in_review"
        texts = written_draft(session, attempt.message_id).revision.texts if stored else {}
        fresh = changed(texts, attempt.texts)
        if message is not None and message.version == version and not fresh:
            return version
        person, now = session.get_one(Person, attempt.visitor.id), clock.now(session)
        return edit(
            session, attempt.message_id, fresh or attempt.texts, version=version, person=person, now=now
        ).version


def tried(attempt: Attempt, act: Act) -> Response:
    """Do it and go on; where it is refused, show the page again with every word that was written."""
    try:
        return RedirectResponse(carried(act(), attempt.request), status_code=303)
    except ChangedMeanwhile as error:
        return _both(attempt, error)
    except (InvalidInput, Conflict, NotAllowed) as error:
        with attempt.place.db.reading() as session:
            values = page_values(
                attempt.request,
                session,
                attempt.visitor,
                attempt.message_id,
                complaint=str(error),
                unsaved=attempt.texts,
            )
            return show(attempt.request, "message.html", values, status=status_of(error))


def page_values(
    request: Request,
    session: Session,
    visitor: Visitor,
    message_id: UUID,
    *,
    done: UUID | None = None,
    complaint: str = "",
    unsaved: Texts | None = None,
    restore: int | None = None,
) -> Mapping[str, Any]:
    """Everything the page shows."""
    place, now = place_of(request), clock.now(session)
    view = view_of(session, place, visitor, message_id, now=now)
    may_be_taken_back = done or (message_id if view.item.state in ("approved", "skipped") else None)
    restored = next((one for one in view.revisions if one.number == restore), None)
    given = unsaved or (restored.texts if restored else None) or {}
    texts = kept(view.texts, given)
    letters = "letter" in place.offered.names
    return {
        "view": view,
        "item": view.item,
        "texts": texts,
        "text": view.text,
        "wordings": wordings(view),
        "views": views_of(view.texts, "sms" if view.text not in (EMAIL, "letter") else EMAIL, letters=letters),
        "notes": notes_for_writing(session, view.customer_id, now),
        "remarks": remarks_on(view.findings, view.texts[view.text]) if view.texts else [],
        "complaint": complaint,
        "unsaved": bool(changed(view.texts, given)),
        "restored": restored,
        "decided": just_decided(session, may_be_taken_back, now=now, offered=place.offered),
        "colleagues": colleagues(session, visitor.id) if visitor.may_decide else [],
        "common_reasons": COMMON_REASONS,
        "word_diff": word_diff,
        "history": [Told(line.at, who(line), said_of(line)) for line in view.history if line.action not in TAKING],
        "asked": asked_of(session, message_id) if view.item.question else None,
        "answers": {},
        "wanted_view": "",
        "did": "",
        "now": now,
    }


def view_of(session: Session, place: Place, visitor: Visitor, message_id: UUID, *, now: datetime) -> MessageView:
    """The message as this visitor sees it."""
    person = session.get_one(Person, visitor.id) if visitor.may_decide else None
    return one(session, message_id, now=now, person=person, offered=place.offered)


def _both(attempt: Attempt, error: ChangedMeanwhile) -> Response:
    """Who comes second sees what is true now, both texts, and loses none."""
    with attempt.place.db.reading() as session:
        view = view_of(session, attempt.place, attempt.visitor, attempt.message_id, now=clock.now(session))
    values = {
        "view": view,
        "yours": attempt.texts,
        "theirs": error.theirs,
        "version": error.version,
        "became": what_became(view),
    }
    return show(attempt.request, "changed_meanwhile.html", values, status=409)
