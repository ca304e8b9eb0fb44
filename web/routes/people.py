"""The people who work here, for admins: invite, change, disable, enable, and send a link to set a password."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.people import access, roster, visits
from engine.people.accounts import NewPerson, create_person
from engine.people.audit import Doer, record
from engine.people.everybody import everybody, member, substitutes
from engine.storage.models import Person
from engine.storage.models.person import ROLES
from web.errors import status_of
from web.pages import show
from web.person_form import Admin, AdminFields, Invite, InviteFields
from web.place import Here, Place, Reading
from web.visitors import Admitting, Visitor, admitting

router = APIRouter(prefix="/people", dependencies=[Depends(admitting)])
REFUSED = (Conflict, InvalidInput, NotAllowed)


@router.get("")
def show_people(request: Request, session: Reading, place: Here) -> Response:
    """Everybody, with the form that invites one more."""
    return _list(request, session, place, InviteFields(zone=place.settings.team_zone))


@router.post("")
def invite(request: Request, place: Here, visitor: Admitting, fields: Invite) -> Response:
    """Make the account and have its link sent; where no mail can go, show the link, this once."""
    try:
        with place.db.writing() as session:
            new = NewPerson(fields.email, fields.name, fields.role, None, fields.zone, fields.duties)
            person = create_person(session, new, now=clock.now(session), doer=_doer(visitor))
            secret = _link(session, place, person, visitor)
    except REFUSED as error:
        with place.db.reading() as session:
            return _list(request, session, place, fields, complaint=error)
    return _told(request, place, person, secret)


@router.get("/{person_id}")
def show_person(request: Request, session: Reading, person_id: UUID, sent: bool = False) -> Response:
    """One account, to be changed. `sent`: a link just went."""
    return _page(request, session, person_id, sent=sent)


@router.post("/{person_id}")
def change(request: Request, place: Here, visitor: Admitting, person_id: UUID, fields: Admin) -> Response:
    """Keep what the form says."""
    try:
        with place.db.writing() as session:
            roster.change(session, person_id, fields.terms(), doer=_doer(visitor), now=clock.now(session))
    except REFUSED as error:
        with place.db.reading() as session:
            return _page(request, session, person_id, fields=fields, complaint=error)
    return RedirectResponse("/people", 303)


@router.post("/{person_id}/disable")
def disable(request: Request, place: Here, visitor: Admitting, person_id: UUID) -> Response:
    """Shut somebody out, at once."""
    try:
        with place.db.writing() as session:
            now, machine = clock.now(session), clock.machine_now()
            roster.disable(session, person_id, doer=_doer(visitor), now=now, machine=machine)
    except REFUSED as error:
        with place.db.reading() as session:
            return _page(request, session, person_id, complaint=error)
    return RedirectResponse(f"/people/{person_id}", 303)


@router.post("/{person_id}/enable")
def enable(place: Here, visitor: Admitting, person_id: UUID) -> Response:
    """Let somebody in again."""
    with place.db.writing() as session:
        roster.enable(session, person_id, doer=_doer(visitor), now=clock.now(session))
    return RedirectResponse(f"/people/{person_id}", 303)


@router.post("/{person_id}/link")
def send_link(request: Request, place: Here, visitor: Admitting, person_id: UUID) -> Response:
    """A new link to set a password: of an invitation, or a reset."""
    with place.db.writing() as session:
        person = roster.held(session, person_id, doer=_doer(visitor))
        secret = _link(session, place, person, visitor)
    return _told(request, place, person, secret)


@router.post("/{person_id}/sign-out")
def sign_out(place: Here, visitor: Admitting, person_id: UUID) -> Response:
    """End every sign-in of somebody."""
    with place.db.writing() as session:
        person = roster.held(session, person_id, doer=_doer(visitor))
        visits.end_all(session, person_id, machine=clock.machine_now())
        record(session, _doer(visitor), "end_visits", person, now=clock.now(session))
    return RedirectResponse(f"/people/{person_id}", 303)


def _doer(visitor: Visitor) -> Doer:
    return Doer(visitor.name, visitor.id)


def _link(session: Session, place: Place, person: Person, visitor: Visitor) -> str | None:
    """The secret where nothing carries it, else None: then it is made when the mail goes."""
    if not person.active:
        roster.refuse_disabled()
    if place.mails:
        access.ask_for_link(session, person, doer=_doer(visitor), now=clock.now(session))
        return None
    purpose = access.purpose_for(person)
    record(session, _doer(visitor), "show_link", person, now=clock.now(session), purpose=purpose)
    return access.make_link(session, person.id, purpose, machine=clock.machine_now(), created_by=visitor.id)


def _told(request: Request, place: Place, person: Person, secret: str | None) -> Response:
    """A link is shown in the answer itself, so that no address and no cookie ever holds it."""
    if secret is None:
        return RedirectResponse(f"/people/{person.id}?sent=1", 303)
    link = access.address_of(place.settings.public_url, secret)
    return show(request, "link_once.html", {"person": person, "link": link, "purpose": access.purpose_for(person)})


def _list(
    request: Request, session: Session, place: Place, fields: InviteFields, *, complaint: Exception | None = None
) -> Response:
    people = everybody(session, machine=clock.machine_now())
    values = {"people": people, "mails": place.mails, **_said(fields, complaint)}
    return show(request, "people.html", values, status=_status(complaint))


def _page(
    request: Request,
    session: Session,
    person_id: UUID,
    *,
    fields: AdminFields | None = None,
    complaint: Exception | None = None,
    sent: bool = False,
) -> Response:
    one = member(session, person_id, machine=clock.machine_now())
    values = {
        "one": one,
        "sent": sent,
        "substitutes": substitutes(session, but=person_id),
        "now": clock.now(session),
        **_said(fields or AdminFields.of(one.person), complaint),
    }
    return show(request, "person.html", values, status=_status(complaint))


def _said(fields: AdminFields, complaint: Exception | None) -> Mapping[str, Any]:
    return {"fields": fields, "roles": ROLES, "complaint": str(complaint) if complaint else ""}


def _status(complaint: Exception | None) -> int:
    return status_of(complaint) if isinstance(complaint, REFUSED) else 200
