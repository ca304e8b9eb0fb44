"""One's own account: name, password, who stands in, where one is signed in; and what one was told."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import InvalidInput, JubileeError, NotFound
from engine.people import roster, tries, visits
from engine.people.audit import Doer, record
from engine.people.everybody import substitutes
from engine.people.passwords import check_password, fits, hash_of
from engine.storage.models import Person
from web.errors import status_of
from web.machines import TooManyTries
from web.pages import show
from web.person_form import Own, OwnFields
from web.place import Here, Place, Reading
from web.queries.notices import notices_of
from web.routes.access import NOT_THE_SAME
from web.routes.signing_in import signed_out
from web.visitors import SignedIn, Visitor, address_of

router = APIRouter()


@router.get("/account")
def show_account(request: Request, place: Here, visitor: SignedIn, done: str = "") -> Response:
    """The page."""
    return _page(request, place, visitor, done=done)


@router.post("/account")
def change(request: Request, place: Here, visitor: SignedIn, fields: Own) -> Response:
    """Keep name, zone, substitute and absence; nothing else, whatever the form holds."""
    try:
        with place.db.writing() as session:
            roster.change_own(session, visitor.id, fields.profile(), now=clock.now(session))
    except InvalidInput as error:
        return _page(request, place, visitor, fields=fields, complaint=error)
    return RedirectResponse("/account?done=saved", 303)


@router.post("/account/password")
def change_password(
    request: Request,
    place: Here,
    visitor: SignedIn,
    current: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Set another password, knowing the present one. Every other sign-in ends."""
    try:
        _change_password(request, place, visitor, current, password, again)
    except (InvalidInput, TooManyTries) as error:
        return _page(request, place, visitor, password_complaint=error)
    return RedirectResponse("/account?done=password", 303)


@router.post("/account/visits/{wanted}/end")
def end_visit(place: Here, visitor: SignedIn, wanted: str) -> Response:
    """Sign out in one browser, of one's own."""
    with place.db.writing() as session:
        if not visits.end_by_reference(session, visitor.id, wanted, machine=clock.machine_now()):
            raise NotFound("That sign-in has ended already.")
        _record(session, visitor, "end_visit")
    return signed_out() if wanted == visits.reference(visitor.visit) else RedirectResponse("/account?done=ended", 303)


@router.post("/account/sign-out-everywhere")
def end_everywhere(place: Here, visitor: SignedIn) -> Response:
    """Sign out in every browser, this one too."""
    with place.db.writing() as session:
        visits.end_all(session, visitor.id, machine=clock.machine_now())
        _record(session, visitor, "end_visits")
    return signed_out()


@router.get("/notices")
def show_notices(request: Request, session: Reading, visitor: SignedIn) -> Response:
    """What one was told lately."""
    return show(request, "notices.html", {"notices": notices_of(session, visitor.id), "now": clock.now(session)})


def _change_password(request: Request, place: Place, visitor: Visitor, current: str, password: str, again: str) -> None:
    """Counted like a sign-in: whoever sits down at a forgotten screen shall not guess here instead."""
    address, machine = address_of(request), clock.machine_now()
    with place.db.writing() as session:
        if not tries.take(session, tries.SIGN_IN, visitor.email, address, machine=machine):
            raise TooManyTries
    with place.db.reading() as session:
        known = session.get_one(Person, visitor.id).password_hash
    if not fits(current, known):
        raise InvalidInput("That is not your present password.")
    if password != again:
        raise InvalidInput(NOT_THE_SAME)
    check_password(password, name=visitor.name, email=visitor.email)
    kept = hash_of(password)
    with place.db.writing() as session:
        visits.end_all(session, visitor.id, machine=machine, but=visitor.visit)
        person = session.get_one(Person, visitor.id)
        if person.password_hash != known:
            raise InvalidInput("Your password was changed elsewhere in this moment.")
        person.password_hash = kept
        tries.take_off(session, tries.SIGN_IN, visitor.email, address)
        _record(session, visitor, "change_password")


def _record(session: Session, visitor: Visitor, action: str) -> None:
    person = session.get_one(Person, visitor.id)
    record(session, Doer(person.name, person.id), action, person, now=clock.now(session))


def _page(
    request: Request,
    place: Place,
    visitor: Visitor,
    *,
    fields: OwnFields | None = None,
    complaint: JubileeError | None = None,
    password_complaint: JubileeError | None = None,
    done: str = "",
) -> Response:
    fault = complaint or password_complaint
    with place.db.reading() as session:
        person = session.get_one(Person, visitor.id)
        values = {
            "fields": fields or OwnFields.of(person),
            "person": person,
            "substitutes": substitutes(session, but=visitor.id),
            "visits": visits.open_visits(session, visitor.id, machine=clock.machine_now(), here=visitor.visit),
            "complaint": str(complaint or ""),
            "password_complaint": str(password_complaint or ""),
            "done": done,
            "machine": clock.machine_now(),
        }
        return show(request, "account.html", values, status=status_of(fault) if fault else 200)
