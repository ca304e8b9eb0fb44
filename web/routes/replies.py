"""Replies: what customers wrote back, what we answer, and whether it is a complaint."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine import clock
from engine.answer.deciding import say_arrived, say_lost
from engine.answer.writing import Words, withdraw, write_answer
from engine.errors import Conflict, InvalidInput, NotFound
from engine.listen.complaining import say_complaint, say_no_complaint, solve
from engine.listen.replies import mark_handled
from engine.record.complaints import Solution
from engine.storage.models import Answer, Person
from web.pages import show
from web.place import Here, Place, Reading
from web.queries.replies import PAGE, Which, counts, replies, unknown_answers
from web.queries.reply import reply_view
from web.reply_page import house_of, known_triggers, remarks_of, reply_page
from web.visitors import Deciding, SignedIn, Visitor

router = APIRouter(prefix="/replies")
Acting = Callable[[Session, Person], object]
Written = Annotated[str, Form(max_length=25_000)]
Short = Annotated[str, Form(max_length=1_000)]


@router.get("")
def show_replies(
    request: Request,
    session: Reading,
    place: Here,
    visitor: SignedIn,
    which: Annotated[Which, Query(alias="show")] = "all",
    after: UUID | None = None,
) -> Response:
    """One page of what waits for an answer, or of what was dealt with."""
    lines = replies(session, which, person_id=visitor.id, after=after)
    values = {
        "lines": lines[:PAGE],
        "more": lines[PAGE - 1].id if len(lines) > PAGE else None,
        "which": which,
        "counts": counts(session, person_id=visitor.id),
        "unknown": unknown_answers(session),
        "zone": visitor.zone,
        "live": place.settings.live,
        "now": clock.now(session),
    }
    return show(request, "replies.html", values)


@router.get("/{reply_id}")
def show_reply(request: Request, session: Reading, visitor: SignedIn, reply_id: UUID) -> Response:
    """One reply, with its thread and its customer."""
    return reply_page(request, session, visitor, reply_id)


@router.post("/{reply_id}/check")
def check(request: Request, session: Reading, visitor: SignedIn, reply_id: UUID, text: Written = "") -> HTMLResponse:
    """What the tone check says of an answer that was not sent yet. Changes nothing."""
    view = reply_view(session, reply_id)
    return show(request, "remarks.html", {"remarks": remarks_of(session, view, visitor, text), "text": "answer"})


@router.post("/{reply_id}/answer")
def answer(
    request: Request,
    place: Here,
    visitor: Deciding,
    reply_id: UUID,
    seen: Annotated[int, Form(ge=0)],
    text: Written = "",
) -> Response:
    """Keep the answer; it goes in a minute. Where it may not go, no word of it is lost."""
    try:
        with place.db.writing() as session:
            now, person = clock.now(session), session.get_one(Person, visitor.id)
            view = reply_view(session, reply_id)
            if any(remark.severity == "block" for remark in remarks_of(session, view, visitor, text)):
                raise InvalidInput("Something in it must not be said; the remarks say what. Nothing was sent.")
            write_answer(session, reply_id, Words(text, seen), person=person, house=house_of(place), now=now)
    except (Conflict, InvalidInput) as error:
        status = 409 if isinstance(error, Conflict) else 422
        with place.db.reading() as session:
            return reply_page(request, session, visitor, reply_id, complaint=str(error), text=text, status=status)
    return RedirectResponse(f"/replies/{reply_id}#answers", 303)


@router.post("/{reply_id}/handled")
def handle(place: Here, visitor: Deciding, reply_id: UUID) -> Response:
    """A person has dealt with it, without an answer."""
    with place.db.writing() as session:
        mark_handled(session, reply_id, person=session.get_one(Person, visitor.id), now=clock.now(session))
    return RedirectResponse("/replies", status_code=303)


@router.post("/{reply_id}/complaint")
def is_complaint(
    request: Request, place: Here, visitor: Deciding, reply_id: UUID, category: Short = "", severity: Short = "minor"
) -> Response:
    """A person hears a complaint in it."""

    def act(session: Session, person: Person) -> None:
        known, now = known_triggers(session), clock.now(session)
        say_complaint(session, reply_id, category=category, severity=severity, person=person, triggers=known, now=now)

    return _tried(request, place, visitor, reply_id, act)


@router.post("/{reply_id}/no-complaint")
def is_no_complaint(request: Request, place: Here, visitor: Deciding, reply_id: UUID) -> Response:
    """A person hears none."""

    def act(session: Session, person: Person) -> None:
        say_no_complaint(session, reply_id, person=person, triggers=known_triggers(session), now=clock.now(session))

    return _tried(request, place, visitor, reply_id, act)


@router.post("/{reply_id}/solved")
def is_solved(
    request: Request,
    place: Here,
    visitor: Deciding,
    reply_id: UUID,
    what_happened: Short = "",
    what_we_did: Short = "",
    next_step: Short = "",
) -> Response:
    """What they complained of is solved."""

    def act(session: Session, person: Person) -> None:
        solution = Solution(what_happened, what_we_did, next_step)
        solve(session, reply_id, solution, person=person, triggers=known_triggers(session), now=clock.now(session))

    return _tried(request, place, visitor, reply_id, act)


@router.post("/answers/{answer_id}/withdraw")
def take_back(place: Here, visitor: Deciding, answer_id: UUID) -> Response:
    """Take an answer back within its minute; its words stand in the form again."""
    return _of_answer(place, visitor, answer_id, withdraw)


@router.post("/answers/{answer_id}/arrived")
def arrived(place: Here, visitor: Deciding, answer_id: UUID) -> Response:
    """A person knows that the customer has it."""
    return _of_answer(place, visitor, answer_id, say_arrived)


@router.post("/answers/{answer_id}/lost")
def lost(place: Here, visitor: Deciding, answer_id: UUID) -> Response:
    """A person knows that the customer does not have it: it goes again."""
    return _of_answer(place, visitor, answer_id, say_lost)


def _of_answer(place: Place, visitor: Visitor, answer_id: UUID, act: Callable[..., object]) -> Response:
    with place.db.writing() as session:
        found = session.get(Answer, answer_id)
        if found is None:
            raise NotFound("There is no such answer.")
        act(session, answer_id, person=session.get_one(Person, visitor.id), now=clock.now(session))
        return RedirectResponse(f"/replies/{found.reply_id}", 303)


def _tried(request: Request, place: Place, visitor: Visitor, reply_id: UUID, act: Acting) -> Response:
    """Do it; where it is refused, the page says why."""
    try:
        with place.db.writing() as session:
            act(session, session.get_one(Person, visitor.id))
    except InvalidInput as error:
        with place.db.reading() as session:
            return reply_page(request, session, visitor, reply_id, complaint=str(error), status=422)
    return RedirectResponse(f"/replies/{reply_id}", 303)
