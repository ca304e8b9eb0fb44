"""The calls to make: the list of both kinds, and messages by phone, what to say to whom and what came of it."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import Conflict, InvalidInput
from engine.record.complaints import Solution
from engine.review.items import items_of
from engine.send.call_outcomes import settle_call
from engine.send.call_tasks import call_task, is_open_call, open_calls, script_of, tries_of
from engine.send.follow_up_calls import follow_up, open_follow_ups
from engine.storage.models import FollowUpCall, Person
from web.call_form import Given, Said, Short, answered, solve, status_after, written
from web.pages import show
from web.place import Here, Place, Reading
from web.visitors import Deciding, SignedIn, Visitor

router = APIRouter(prefix="/calls")
MOST = 100


@router.get("")
def show_calls(
    request: Request,
    session: Reading,
    place: Here,
    visitor: SignedIn,
    done: UUID | None = None,
    done_after: UUID | None = None,
) -> Response:
    """Both lists, those that have been due the longest first."""
    now, law = clock.now(session), place.settings.text_hours
    tasks = open_calls(session, now=now, limit=MOST, law=law)
    just = _done(session, done, visitor, now) if done else None
    values = {
        "tasks": tasks,
        "follow_ups": open_follow_ups(session, now=now, limit=MOST, law=law),
        "items": items_of(session, [task.message_id for task in tasks], now=now),
        "done": just or (_done_after(session, done_after, visitor, now) if done_after else None),
        "now": now,
        "my_zone": visitor.zone,
        "offered": "call" in place.offered.names,
    }
    return show(request, "calls.html", values)


@router.get("/{delivery_id}")
def show_call(request: Request, session: Reading, place: Here, visitor: SignedIn, delivery_id: UUID) -> Response:
    """Whom to call, why, and what to say."""
    return _page(request, session, place, visitor, delivery_id)


@router.post("/{delivery_id}")
def write_down(request: Request, place: Here, visitor: Deciding, delivery_id: UUID, said: Given) -> Response:
    """What came of the call. Two agents at once: the second is told what the first wrote, and loses no word."""

    def act(session: Session, person: Person) -> None:
        outcome, now = said.checked(visitor), clock.now(session)
        settle_call(session, delivery_id, outcome, person=person, offered=place.offered, now=now)

    refused = written(place, visitor, delivery_id, said, act)
    if refused is None:
        return RedirectResponse(f"/calls?done={delivery_id}", 303)
    with place.db.reading() as session:
        return _page(request, session, place, visitor, delivery_id, refused=refused, said=said)


@router.post("/{delivery_id}/solved")
def call_solved(
    place: Here, visitor: Deciding, delivery_id: UUID, what_happened: Short, what_we_did: Short, next_step: Short = ""
) -> Response:
    """What they were unhappy about on the phone is solved."""
    solve(place, visitor, delivery_id, Solution(what_happened, what_we_did, next_step))
    return RedirectResponse(f"/calls/{delivery_id}", 303)


def _done(session: Session, delivery_id: UUID, visitor: Visitor, now: datetime) -> dict[str, object] | None:
    """What was written down last, for the line at the top; nothing where it was not just now and by this person."""
    tries = tries_of(session, delivery_id)
    if not tries or tries[-1].person != visitor.name or (now - tries[-1].made_at).total_seconds() > 60:
        return None
    task = call_task(session, delivery_id, now=now)
    last = tries[-1]
    return {"customer": task.customer_name or task.external_id, "outcome": last.outcome, "again_at": last.again_at}


def _done_after(session: Session, call_id: UUID, visitor: Visitor, now: datetime) -> dict[str, object] | None:
    """The same of a call after trouble."""
    stored = session.get(FollowUpCall, call_id)
    if stored is None or stored.outcome is None or (stored.ended_by and stored.ended_by != visitor.id):
        return None
    call = follow_up(session, call_id, now=now)
    return {
        "customer": call.customer_name or call.external_id,
        "outcome": stored.outcome,
        "again_at": stored.again_at if stored.state == "open" else None,
    }


def _page(
    request: Request,
    session: Session,
    place: Place,
    visitor: Visitor,
    delivery_id: UUID,
    *,
    refused: Conflict | InvalidInput | None = None,
    said: Said | None = None,
) -> Response:
    now = clock.now(session)
    task = call_task(session, delivery_id, now=now, law=place.settings.text_hours)
    house = place.settings
    values = {
        "task": task,
        "item": items_of(session, [task.message_id], now=now)[task.message_id],
        "script": script_of(session, delivery_id, company=house.company_name, team=house.team_name),
        "tries": tries_of(session, delivery_id),
        "open": is_open_call(session, delivery_id),
        **answered(session, visitor, delivery_id, said, refused),
    }
    return show(request, "call.html", values, status=status_after(refused))
