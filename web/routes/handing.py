"""Handing a draft over to a colleague or the team, and sending oneself a test of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from engine import clock
from engine.errors import InvalidInput
from engine.review.handing import hand_over
from engine.send.switch import sending_stopped
from engine.send.trial import prepare_test, send_test
from engine.storage.models import Person
from web.forms import Attempt, Given, Version
from web.letters import letterhead_of, written_draft
from web.place import Here
from web.visitors import Deciding
from web.writing import save_changes, tried

router = APIRouter(prefix="/messages")
TEAM = "team"


@router.post("/{message_id}/hand-over")
def give_away(
    request: Request,
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    version: Version,
    texts: Given,
    to: Annotated[str, Form(max_length=40)] = TEAM,
    note: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Keep what was written, and give the draft to a colleague, or to the team, with a note."""
    attempt = Attempt(request, place, visitor, message_id, texts)

    def act() -> str:
        save_changes(attempt, version)
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            hand_over(session, message_id, to=person_of(to), note=note, person=person, now=now)
        return f"/messages/{message_id}?did=handed"

    return tried(attempt, act)


@router.post("/{message_id}/test")
def test_it(request: Request, place: Here, visitor: Deciding, message_id: UUID, texts: Given) -> Response:
    """Send the message as it stands on the page to the agent's own address. What was not saved stays unsaved."""
    attempt = Attempt(request, place, visitor, message_id, texts)

    def act() -> str:
        with place.db.writing() as session:
            person, draft = session.get_one(Person, visitor.id), written_draft(session, message_id)
            outgoing = prepare_test(
                session, draft, letterhead_of(place), person=person, unsaved=texts, now=clock.now(session)
            )
            stopped = not place.settings.sending or sending_stopped(session)
        tested = send_test(place.settings, outgoing, stopped=stopped)
        if tested.channel == "postbox":
            return f"/postbox/{outgoing.message_id}?of={message_id}"
        return f"/messages/{message_id}?did=tested"

    return tried(attempt, act)


def person_of(chosen: str) -> UUID | None:
    """Whom a form chose among the colleagues; None for the team, or for anybody."""
    if chosen in ("", TEAM):
        return None
    try:
        return UUID(chosen)
    except ValueError:
        raise InvalidInput("to: choose a colleague, or the team.") from None
