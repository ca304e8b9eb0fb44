"""Lets people in: who is signed in, what their role allows, and whether a POST comes from a form of ours."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlsplit
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Request

from engine import clock
from engine.errors import JubileeError, NotAllowed
from engine.people import visits
from engine.people.accounts import require
from engine.send.channels.call import NAME
from engine.storage.models import Person
from web.outside import is_from_outside
from web.place import Here, Place
from web.queries.house import House, house
from web.session import Visit

FORM_FIELD = "csrf_token"
HEADER = "x-csrf-token"
# What pages ask for by themselves while they are open.
ASKED_BY_PAGES = ("/live", "/queue/head")
ASKED_BY_PAGES_ABOUT_ONE = ("/taken", "/progress")


class SignInFirst(JubileeError):
    """You need to sign in first."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted


class ForeignForm(NotAllowed):
    """This form was not sent from a page of yours, or the page is too old. Nothing was changed; load it again."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person who is signed in, as plain values; `csrf_token` is for the forms they are shown, `visit` the word in
    their cookie."""

    id: UUID
    name: str
    email: str
    role: str
    zone: str
    csrf_token: str
    visit: str
    may_decide: bool
    may_audit: bool
    may_admit: bool

    @property
    def signs_as(self) -> str | None:
        """The name that would stand under a message: none where they may not let it go."""
        return self.name if self.may_decide else None


def signed_in(request: Request, place: Here, afterwards: BackgroundTasks) -> Visitor:
    """Who is here, by their cookie and by what their visit and account say now. Raises SignInFirst.

    That they were seen is written down after the answer, once a minute: reading a page waits for no lock.
    """
    visit = place.sessions.read(request)
    if visit is None:
        raise SignInFirst(_wanted(request))
    machine = clock.machine_now()
    with place.db.reading() as session:
        found = visits.visiting(session, visit.nonce, machine=machine)
        if found is None:
            raise SignInFirst(_wanted(request))
        person, stored = found
        visitor = _visitor(person, visit.nonce, place.sessions.csrf_token(visit))
        noted = visits.is_noted(stored, machine=machine)
        stands = house(session, now=clock.now(session))
    request.state.stopped = stands.stopped
    request.state.pauses = stands.pauses
    request.state.replies_waiting = stands.replies
    request.state.calls_waiting = _calls_waiting(stands, place)
    request.state.visitor = visitor
    if not noted and not _asks_by_itself(request):
        afterwards.add_task(_note, place, visit.nonce)
    return visitor


SignedIn = Annotated[Visitor, Depends(signed_in)]


def _deciding(visitor: SignedIn) -> Visitor:
    if not visitor.may_decide:
        raise NotAllowed(f"This needs the role agent; yours is {visitor.role}. You can read everything here.")
    return visitor


def auditing(visitor: SignedIn) -> Visitor:
    """Lets in those who answer for what goes out."""
    if not visitor.may_audit:
        raise NotAllowed(f"This needs the role marketing; yours is {visitor.role}.")
    return visitor


def admitting(visitor: SignedIn) -> Visitor:
    """Lets in those who let others in."""
    if not visitor.may_admit:
        raise NotAllowed(f"This needs the role admin; yours is {visitor.role}.")
    return visitor


Deciding = Annotated[Visitor, Depends(_deciding)]
Auditing = Annotated[Visitor, Depends(auditing)]
Admitting = Annotated[Visitor, Depends(admitting)]


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


def address_of(request: Request) -> str:
    """Where a request comes from, for counting tries."""
    return request.client.host if request.client else ""


def _asks_by_itself(request: Request) -> bool:
    """Whether an open page asks, and nobody did: that keeps no visit from ending."""
    path = request.url.path
    return path in ASKED_BY_PAGES or path.endswith(ASKED_BY_PAGES_ABOUT_ONE)


def _note(place: Place, visit_id: str) -> None:
    with place.db.writing() as session:
        visits.note(session, visit_id, machine=clock.machine_now())


def _visitor(person: Person, visit_id: str, csrf_token: str) -> Visitor:
    return Visitor(
        id=person.id,
        name=person.name,
        email=person.email,
        role=person.role,
        zone=person.zone,
        csrf_token=csrf_token,
        visit=visit_id,
        may_decide=_may(person, "agent"),
        may_audit=_may(person, "marketing"),
        may_admit=_may(person, "admin"),
    )


def _calls_waiting(stands: House, place: Place) -> int | None:
    """Calls to make now; None where the room has nothing to show: no channel, and no follow-up call."""
    if NAME in place.offered.names:
        return stands.calls + stands.follow_ups
    return stands.follow_ups or None


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
