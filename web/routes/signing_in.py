"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.people.accounts import authenticate, end_sessions
from engine.people.audit import Doer, record
from engine.storage.models import Person
from web.pages import show
from web.place import Here
from web.session import COOKIE, Visit, new_visit
from web.visitors import SignedIn, local_path

router = APIRouter()
DOES_NOT_FIT = "This e-mail and this password do not fit together."
TOO_MANY = "That did not work too often. Please wait five minutes, then try again."
LONGEST = 300


@router.get("/sign-in")
def sign_in(request: Request, place: Here, next: str = "/queue") -> Response:  # noqa: A002 - the name in the address
    """The form. Its token belongs to a visit without a person."""
    return _form(request, place, wanted=local_path(next))


@router.post("/sign-in")
def enter(
    request: Request,
    place: Here,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/queue",  # noqa: A002
) -> Response:
    """Begin a session. Whether the e-mail is known makes no difference to the answer."""
    wanted, account = local_path(next), email.strip().lower()[:LONGEST]
    address = request.client.host if request.client else ""
    if not place.throttle.allows(account, address):
        return _form(request, place, wanted=wanted, email=email, complaint=TOO_MANY, status=429)
    visit = _authenticated(place, account, password)
    if visit is None:
        place.throttle.failed(account, address)
        return _form(request, place, wanted=wanted, email=email, complaint=DOES_NOT_FIT, status=401)
    place.throttle.succeeded(account, address)
    response = RedirectResponse(wanted, status_code=303)
    place.sessions.write(response, visit, request)
    return response


@router.post("/sign-out")
def leave(place: Here, visitor: SignedIn) -> Response:
    """End every session of this person, wherever it is open: a copied cookie must not outlive the sign-out."""
    with place.db.writing() as session:
        end_sessions(session, visitor.id, now=clock.now(session))
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


def _authenticated(place: Here, account: str, password: str) -> Visit | None:
    """A visit of the person with this password. Checking it takes long on purpose, so no lock is held meanwhile."""
    with place.db.reading() as session:
        person = authenticate(session, account, password)
        person_id = person.id if person is not None else None
    if person_id is None:
        return None
    with place.db.writing() as session:
        person = session.get_one(Person, person_id)
        record(session, Doer(person.name, person.id), "sign_in", person, now=clock.now(session))
        return new_visit(person.id, person.session_epoch)


def _form(
    request: Request, place: Here, *, wanted: str, email: str = "", complaint: str = "", status: int = 200
) -> Response:
    visit = place.sessions.read(request) or new_visit()
    token = place.sessions.csrf_token(visit)
    values = {"wanted": wanted, "email": email[:LONGEST], "complaint": complaint, "csrf_token": token}
    response = show(request, "sign_in.html", values, status=status)
    place.sessions.write(response, visit, request)
    return response
