"""A trigger goes live, is paused, goes on, or is retired: what follows is said before, and kept with a reason."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.definitions import publishing
from engine.definitions.states import pause, resume, retire, shown_in_shadow, waiting
from engine.definitions.store import definition_of
from engine.definitions.unspoken import unspoken
from engine.definitions.versions import ChangedMeanwhile, newest, trigger_named
from engine.errors import Conflict, InvalidInput, JubileeError
from engine.storage.models import Person, Trigger
from triggers.summary import in_a_sentence, summary
from web.comparing import compare_lines
from web.errors import status_of
from web.pages import show
from web.place import Here, Place, Reading
from web.queries.publishing import brake_forecast, nobody_has, overlapping, rehearsed, under_way, unheard
from web.queries.speaking import speaking
from web.queries.triggers import in_force
from web.visitors import Auditing, Visitor, auditing

router = APIRouter(prefix="/triggers")
Reason = Annotated[str, Form(max_length=1_000)]
Answer = Annotated[str, Form(max_length=5_000)]


@router.get("/{name}/publish", dependencies=[Depends(auditing)])
def show_checklist(request: Request, session: Reading, place: Here, name: str) -> Response:
    """What is about to come into force, what its runs found, and the questions to be answered."""
    trigger = trigger_named(session, name)
    version = newest(session, trigger)
    wish = publishing.Wish(version.number, _first_choice(trigger), publishing.last_answers(session, version))
    return _checklist(request, session, place, trigger, wish, {})


@router.post("/{name}/publish")
def publish(
    request: Request,
    place: Here,
    visitor: Auditing,
    name: str,
    number: Annotated[int, Form(ge=1)],
    goes: Annotated[str, Form(max_length=20)] = "",
    feeling: Answer = "",
    alternatives: Answer = "",
    evidence: Answer = "",
) -> Response:
    """Put the newest version in force, or ask for the second person."""
    answers = {"feeling": feeling, "alternatives": alternatives, "evidence": evidence}
    wish = publishing.Wish(number, goes, answers)
    try:
        with place.db.writing() as session:
            trigger = trigger_named(session, name)
            if faults := publishing.faults_of(session, wish, trigger, newest(session, trigger)):
                return _checklist(request, session, place, trigger, wish, faults, status=422)
            done = publishing.publish(session, name, wish, person=_person(session, visitor), now=clock.now(session))
    except (ChangedMeanwhile, Conflict) as error:
        with place.db.reading() as session:
            trigger = trigger_named(session, name)
            newer = publishing.Wish(newest(session, trigger).number, goes, answers)
            told = {"number": _newer(error)}
            return _checklist(request, session, place, trigger, newer, told, status=status_of(error))
    return RedirectResponse(f"/triggers/{name}?did={'asked' if done.state == 'asked' else 'published'}", 303)


@router.post("/{name}/second")
def second(place: Here, visitor: Auditing, name: str, agrees: Annotated[bool, Form()] = False) -> Response:
    """The second person's word."""

    def act(session: Session, person: Person, now: datetime) -> object:
        return publishing.second(session, name, agrees=agrees, person=person, now=now)

    return _done(place, visitor, name, act, "published" if agrees else "refused")


@router.post("/{name}/two-people")
def want_two_people(place: Here, visitor: Auditing, name: str, wanted: Annotated[bool, Form()] = False) -> Response:
    """Whether publishing takes two."""

    def act(session: Session, person: Person, now: datetime) -> object:
        publishing.want_two_people(session, name, wanted, person=person, now=now)
        return None

    return _done(place, visitor, name, act, "two" if wanted else "one")


@router.post("/{name}/pause")
def pause_it(place: Here, visitor: Auditing, name: str, reason: Reason = "") -> Response:
    """Nothing more is spotted, and nothing goes."""

    def act(session: Session, person: Person, now: datetime) -> object:
        return pause(session, name, reason, person=person, now=now)

    return _done(place, visitor, name, act, "paused")


@router.post("/{name}/resume")
def resume_it(place: Here, visitor: Auditing, name: str, reason: Reason = "") -> Response:
    """It goes on as before the pause."""

    def act(session: Session, person: Person, now: datetime) -> object:
        return resume(session, name, reason, person=person, now=now)

    return _done(place, visitor, name, act, "resumed")


@router.get("/{name}/retire", dependencies=[Depends(auditing)])
def ask_to_retire(request: Request, session: Reading, name: str) -> Response:
    """How much waits, and what becomes of it."""
    return _retiring(request, session, name)


@router.post("/{name}/retire")
def retire_it(request: Request, place: Here, visitor: Auditing, name: str, reason: Reason = "") -> Response:
    """End it for good."""
    try:
        with place.db.writing() as session:
            retire(session, name, reason, person=_person(session, visitor), now=clock.now(session))
    except InvalidInput:
        with place.db.reading() as session:
            return _retiring(request, session, name, wrong="Say in a few words why; it is kept.", status=422)
    return RedirectResponse(f"/triggers/{name}?did=retired", 303)


def _done(
    place: Place, visitor: Visitor, name: str, act: Callable[[Session, Person, datetime], object], did: str
) -> Response:
    """Do it and go back; without a reason the page asks for one."""
    try:
        with place.db.writing() as session:
            act(session, _person(session, visitor), clock.now(session))
    except InvalidInput:
        return RedirectResponse(f"/triggers/{name}?did=no_reason#state", 303)
    return RedirectResponse(f"/triggers/{name}?did={did}", 303)


def _checklist(
    request: Request,
    session: Session,
    place: Place,
    trigger: Trigger,
    wish: publishing.Wish,
    faults: Mapping[str, str],
    *,
    status: int = 200,
) -> Response:
    version, before = newest(session, trigger), in_force(session, trigger)
    definition = definition_of(session, version.id)
    ran, ahead = rehearsed(session, definition, "backtest"), rehearsed(session, definition, "forecast")
    is_new = version.id != trigger.version_id
    values: dict[str, Any] = {
        "trigger": trigger,
        "version": version,
        "definition": definition,
        "sentence": in_a_sentence(definition),
        "differs": compare_lines(summary(before), summary(definition)) if before and is_new else (),
        "is_new": is_new,
        "waiting": waiting(session, trigger),
        "shadow": shown_in_shadow(session, trigger),
        "ran": ran,
        "ahead": ahead,
        "under_way": {mode: under_way(session, definition, mode) for mode in ("backtest", "forecast")},
        "nobody_has": nobody_has(session, definition),
        "unheard": unheard(session, definition),
        "overlaps": overlapping(session, definition),
        "brake": brake_forecast(ahead, definition.brake),
        "speaking": speaking(session, definition.template, place.offered),
        "unspoken": unspoken(session, definition),
        "questions": publishing.QUESTIONS,
        "choices": publishing.choices(trigger),
        "wish": wish,
        "faults": faults,
    }
    return show(request, "trigger_publish.html", values, status=status)


def _first_choice(trigger: Trigger) -> str:
    """Watching first, except for what sends by now or is paused: there somebody has to choose."""
    return "shadow" if trigger.state in ("draft", "shadow") else ""


def _newer(error: JubileeError) -> str:
    if isinstance(error, ChangedMeanwhile):
        return "There is a newer version by now. Look at it below; your answers are still here."
    return str(error)


def _retiring(request: Request, session: Session, name: str, *, wrong: str = "", status: int = 200) -> Response:
    trigger = trigger_named(session, name)
    definition = in_force(session, trigger)
    values = {
        "trigger": trigger,
        "title": definition.title if definition else name,
        "waiting": waiting(session, trigger),
        "wrong": wrong,
    }
    return show(request, "trigger_retire.html", values, status=status)


def _person(session: Session, visitor: Visitor) -> Person:
    return session.get_one(Person, visitor.id)
