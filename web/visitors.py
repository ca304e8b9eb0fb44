"""Lets people in: who is signed in, what their role allows, and whether a POST comes from a form of ours."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlsplit
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import select

from engine import clock
from engine.errors import JubileeError, NotAllowed
from engine.listen.replies import waiting
from engine.people.accounts import require
from engine.send.call_tasks import calls_waiting
from engine.send.channels.call import NAME
from engine.send.switch import sending_stopped
from engine.storage.models import Person
from web.outside import is_from_outside
from web.place import Here
from web.session import Visit

FORM_FIELD = "csrf_token"
HEADER = "x-csrf-token"


class SignInFirst(JubileeError):
    """You need to sign in first."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted


class ForeignForm(NotAllowed):
    """This form was not sent from a page of yours, or the page is too old. Nothing was changed; load it again."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person who is signed in, as plain values; `csrf_token` is for the forms they are shown."""

    id: UUID
    name: str
    email: str
    role: str
    zone: str
    csrf_token: str
    may_decide: bool

    @property
    def signs_as(self) -> str | None:
        """The name that would stand under a message: none where they may not let it go."""
        return self.name if self.may_decide else None


def signed_in(request: Request, place: Here) -> Visitor:
    """Who is here, by their cookie and by what their account says now. Raises SignInFirst."""
    visit = place.sessions.read(request)
    if visit is None or visit.person_id is None:
        raise SignInFirst(_wanted(request))
    with place.db.reading() as session:
        person = session.scalar(select(Person).where(Person.id == visit.person_id))
        if person is None or not person.active or person.session_epoch != visit.epoch:
            raise SignInFirst(_wanted(request))
        visitor = _visitor(person, place.sessions.csrf_token(visit))
        request.state.stopped = sending_stopped(session)
        request.state.replies_waiting = waiting(session)
        if NAME in place.offered.names:
            request.state.calls_waiting = calls_waiting(session, now=clock.now(session))
    request.state.visitor = visitor
    return visitor


SignedIn = Annotated[Visitor, Depends(signed_in)]


def _deciding(visitor: SignedIn) -> Visitor:
    if not visitor.may_decide:
        raise NotAllowed(f"This needs the role agent; yours is {visitor.role}. You can read everything here.")
    return visitor


Deciding = Annotated[Visitor, Depends(_deciding)]


async def own_form(request: Request, place: Here) -> None:
    """Refuse whatever may change something and does not carry the token of the visitor's own session.

    Routes that are marked as called from outside are left to prove themselves, with their body unread.
    """
    if request.method in ("GET", "HEAD", "OPTIONS") or is_from_outside(request):
        return
    visit = place.sessions.read(request)
    token = request.headers.get(HEADER) or str((await request.form()).get(FORM_FIELD, ""))
    if visit is None or not _owns(place, visit, token):
        raise ForeignForm


def local_path(wanted: str) -> str:
    """`wanted` where it is a path of ours, else the queue: nobody is sent elsewhere from the sign-in."""
    parts = urlsplit(wanted)
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return quote(wanted, safe="/?&=%-._~:@!$'()*+,;") if local and wanted.isprintable() else "/queue"


def _visitor(person: Person, csrf_token: str) -> Visitor:
    return Visitor(
        id=person.id,
        name=person.name,
        email=person.email,
        role=person.role,
        zone=person.zone,
        csrf_token=csrf_token,
        may_decide=_may(person, "agent"),
    )


def _owns(place: Here, visit: Visit, token: str) -> bool:
    return place.sessions.owns(visit, token)


def _may(person: Person, role: str) -> bool:
    try:
        require(person, role)
    except NotAllowed:
        return False
    return True


def _wanted(request: Request) -> str:
    """Where to go after the sign-in. What a POST wanted is lost: it may not be repeated unseen."""
    if request.method != "GET":
        return "/queue"
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")
