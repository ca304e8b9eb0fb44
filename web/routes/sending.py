"""How sending stands, and what only a person can decide: the switch, what nobody knows, what could not go."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import InvalidInput
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.review.decisions import bring_back
from engine.send.channels import ask, close, open_channels
from engine.send.deciding import say_arrived, say_lost
from engine.send.switch import sending_stopped, stop_sending
from engine.storage.models import Person
from web.pages import show
from web.place import Here, Place, Reading
from web.queries.replies import unknown_answers
from web.queries.sending import channel_lines, given_up, unconfirmed
from web.visitors import Deciding

router = APIRouter(prefix="/sending")
# Whoever sees something wrong may stop everything; starting again is for those who answer for what goes out.
MAY_START = "marketing"


@router.get("")
def show_sending(request: Request, session: Reading, place: Here) -> Response:
    """How the channels stand, and what waits for a person."""
    return _page(request, session, place)


@router.get("/providers")
def ask_providers(request: Request, session: Reading, place: Here) -> Response:
    """The same page, with what each provider answers now. Nothing is sent."""
    try:
        channels = open_channels(place.settings)
    except InvalidInput as error:
        return _page(request, session, place, fault=str(error))
    try:
        answers = {one.channel: f"Fault: {one.said}" if one.fault else one.said for one in ask(channels)}
    finally:
        close(channels)
    return _page(request, session, place, answers=answers)


@router.post("/stop")
def stop(place: Here, visitor: Deciding) -> Response:
    """Pull the switch."""
    with place.db.writing() as session:
        _switch(session, session.get_one(Person, visitor.id), stopped=True)
    return RedirectResponse("/sending", 303)


@router.post("/start")
def start(place: Here, visitor: Deciding) -> Response:
    """Put the switch back."""
    with place.db.writing() as session:
        person = session.get_one(Person, visitor.id)
        require(person, MAY_START)
        _switch(session, person, stopped=False)
    return RedirectResponse("/sending", 303)


@router.post("/deliveries/{delivery_id}/arrived")
def arrived(place: Here, visitor: Deciding, delivery_id: UUID) -> Response:
    """A person knows that the customer has it."""
    with place.db.writing() as session:
        say_arrived(session, delivery_id, person=session.get_one(Person, visitor.id), now=clock.now(session))
    return RedirectResponse("/sending", 303)


@router.post("/deliveries/{delivery_id}/lost")
def lost(place: Here, visitor: Deciding, delivery_id: UUID) -> Response:
    """A person knows that the customer does not have it."""
    with place.db.writing() as session:
        say_lost(session, delivery_id, person=session.get_one(Person, visitor.id), now=clock.now(session))
    return RedirectResponse("/sending", 303)


@router.post("/messages/{message_id}/again")
def again(place: Here, visitor: Deciding, message_id: UUID, version: Annotated[int, Form(ge=1)]) -> Response:
    """Bring a message that could not be handed over back to its draft page."""
    with place.db.writing() as session:
        person = session.get_one(Person, visitor.id)
        bring_back(session, message_id, version=version, person=person, now=clock.now(session))
    return RedirectResponse(f"/messages/{message_id}", 303)


def _page(
    request: Request,
    session: Session,
    place: Place,
    *,
    answers: dict[str, str] | None = None,
    fault: str | None = None,
) -> Response:
    """The channels are those that the pages knew when they started: looking at them opens none."""
    now = clock.now(session)
    names = () if place.fault else place.offered.names
    values = {
        "lines": channel_lines(session, names, now=now, machine=clock.machine_now()),
        "offered": names,
        "fault": fault or place.fault,
        "answers": answers or {},
        "unconfirmed": unconfirmed(session),
        "unknown": unknown_answers(session),
        "given_up": given_up(session, now=now),
        "by_switch": sending_stopped(session),
        "settings": place.settings,
        "now": now,
    }
    return show(request, "sending.html", values)


def _switch(session: Session, person: Person, *, stopped: bool) -> None:
    stop_sending(session, stopped)
    action = "stop_sending" if stopped else "start_sending"
    record(session, Doer(person.name, person.id), action, person, now=clock.now(session))
