"""What is done from the queue: take, give back, snooze, approve light ones together; filters and breathers."""

from collections.abc import Callable
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import Conflict, InvalidInput, NotFound
from engine.review import care
from engine.review.bulk import approve_several, remember, undo_several
from engine.review.filters import Filter, forget, keep
from engine.review.items import items_of
from engine.review.sharing import share_out
from engine.review.snoozing import latest_wake, snooze, unsnooze, wake_time
from engine.review.taking import give_back, take
from engine.storage.models import Message, Person
from web.came_from import query_of
from web.pages import is_fragment, show
from web.place import Here, Place, Reading
from web.teams import team_of
from web.visitors import Deciding, SignedIn, Visitor, local_path

router = APIRouter(prefix="/queue")
Back = Annotated[str, Form(max_length=1_000)]


@router.post("/approve")
def approve_chosen(
    place: Here, visitor: Deciding, chosen: Annotated[tuple[str, ...], Form()] = (), back: Back = "/queue"
) -> Response:
    """Let the chosen light celebrations go, each in the version that was read."""
    if not chosen:
        raise InvalidInput("Choose at least one draft.")
    pairs = [_pair(one) for one in chosen]
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        done = approve_several(session, pairs, person=person, now=now, release_seconds=place.settings.release_seconds)
        batch = remember(session, done, person=person, now=now)
    where = local_path(back)
    return _to(f"{where}{'&' if '?' in where else '?'}batch={batch}")


@router.post("/batches/{batch_id}/undo")
def take_batch_back(
    request: Request, place: Here, visitor: Deciding, batch_id: UUID, back: Back = "/queue"
) -> Response:
    """Take all of them back."""
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        done = undo_several(session, batch_id, person=person, now=now)
    if not done.refused:
        return _to(local_path(back))
    sentence = f"{len(done.went)} came back. {len(done.refused)} did not: {done.refused[0][1]}"
    return show(request, "error.html", {"heading": "Not all of them came back", "sentence": sentence}, status=409)


@router.post("/filters")
async def keep_filter(request: Request, place: Here, visitor: Deciding) -> Response:
    """Keep the filter under a name."""
    form = await request.form()
    wanted = Filter.read(dict(form))
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        keep(session, person, str(form.get("name", "")), wanted, shared=bool(form.get("shared")), now=now)
    return _to(f"/queue?{query_of(wanted)}")


@router.post("/filters/{filter_id}/forget")
def forget_filter(place: Here, visitor: Deciding, filter_id: UUID, back: Back = "/queue") -> Response:
    """Let a kept filter go."""
    with place.db.writing() as session:
        forget(session, session.get_one(Person, visitor.id), filter_id)
    return _to(local_path(back))


@router.post("/share")
def share(place: Here, visitor: Deciding) -> Response:
    """Give what is nobody's to whoever is there and can."""
    with place.db.writing() as session:
        done = share_out(session, person=session.get_one(Person, visitor.id), now=clock.now(session))
    return _to(f"/queue?whose=nobody&shared={done.given}&left={done.left}&more={done.more}")


@router.post("/pause")
def begin_breather(place: Here, visitor: Deciding, back: Back = "/queue") -> Response:
    """Ten minutes; what they hold goes back."""
    with place.db.writing() as session:
        care.pause(session, session.get_one(Person, visitor.id), now=clock.now(session))
    return _to(local_path(back))


@router.post("/go-on")
def go_on(place: Here, visitor: Deciding, back: Back = "/queue") -> Response:
    """No breather, or no more of it."""
    with place.db.writing() as session:
        care.decline(session, session.get_one(Person, visitor.id), now=clock.now(session))
    return _to(local_path(back))


@router.get("/{message_id}/taken")
def show_taken(request: Request, session: Reading, visitor: SignedIn, message_id: UUID, version: int = 0) -> Response:
    """Who writes at it now, and whether it is still the version that a page shows."""
    return _taken(request, session, visitor, message_id, version=version)


@router.post("/{message_id}/take")
def take_draft(
    request: Request,
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    version: Annotated[int, Form(ge=0)] = 0,
    over: Annotated[UUID | None, Form()] = None,
    back: Back = "/queue",
) -> Response:
    """Take it, or go on holding it; `over` is from whom it is taken deliberately."""

    def act(session: Session, person: Person) -> None:
        take(session, message_id, person=person, now=clock.now(session), over=over)

    return _tried(request, place, visitor, message_id, act, version=version, back=back)


@router.post("/{message_id}/give-back")
def give_draft_back(
    request: Request,
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    version: Annotated[int, Form(ge=0)] = 0,
    back: Back = "/queue",
) -> Response:
    """Let others take it."""

    def act(session: Session, person: Person) -> None:
        give_back(session, message_id, person=person, now=clock.now(session))

    return _tried(request, place, visitor, message_id, act, version=version, back=back)


@router.post("/{message_id}/snooze")
def snooze_draft(
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    until: Annotated[str, Form(max_length=20)],
    on: Annotated[str, Form(max_length=20)] = "",
    back: Back = "/queue",
) -> Response:
    """Put it off."""
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        message = session.get(Message, message_id)
        wake = wake_time(until, team_of(place.settings), now=now, on=_day(on))
        if message is not None and message.deadline_at <= wake:
            latest = latest_wake(message.deadline_at, person.zone)
            raise InvalidInput(f"It must be decided before {latest}, your time. Choose an earlier time, or decide now.")
        snooze(session, message_id, wake, person=person, now=now)
    return _to(local_path(back))


@router.post("/{message_id}/unsnooze")
def wake_draft(place: Here, visitor: Deciding, message_id: UUID, back: Back = "/queue") -> Response:
    """Bring it back into the queue."""
    with place.db.writing() as session:
        unsnooze(session, message_id, person=session.get_one(Person, visitor.id), now=clock.now(session))
    return _to(local_path(back))


Act = Callable[[Session, Person], object]


def _tried(
    request: Request, place: Place, visitor: Visitor, message_id: UUID, act: Act, *, version: int, back: str
) -> Response:
    """Do it and go back; where a page asked for the banner alone, that says what came of it."""
    refused = ""
    try:
        with place.db.writing() as session:
            act(session, session.get_one(Person, visitor.id))
    except Conflict as conflict:
        if not is_fragment(request):
            raise
        refused = str(conflict)
    if not is_fragment(request):
        return _to(local_path(back))
    with place.db.reading() as session:
        return _taken(request, session, visitor, message_id, version=version, refused=refused)


def _taken(
    request: Request, session: Session, visitor: Visitor, message_id: UUID, *, version: int, refused: str = ""
) -> Response:
    now = clock.now(session)
    item = items_of(session, [message_id], now=now, person_id=visitor.id).get(message_id)
    if item is None:
        raise NotFound("There is no such message.")
    reason = session.get_one(Message, message_id).reason
    values = {"item": item, "seen": version or item.version, "reason": reason, "refused": refused, "fragment": True}
    return show(request, "taken.html", values)


def _pair(chosen: str) -> tuple[UUID, int]:
    name, _, version = chosen.partition("~")
    try:
        return UUID(name), int(version)
    except ValueError:
        raise InvalidInput(f"chosen: {chosen[:60]!r} is no draft.") from None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("on: give a date, such as 2026-06-03.") from None


def _to(address: str) -> Response:
    return RedirectResponse(address, status_code=303)
