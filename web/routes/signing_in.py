"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.people import tries, visits
from engine.people.accounts import authenticate
from engine.people.audit import Doer, record
from engine.storage.models import Person
from web.browsers import browser_words
from web.doorstep import show_outside
from web.place import Here, Place
from web.session import COOKIE, Visit, new_visit
from web.visitors import SignedIn, address_of, local_path

router = APIRouter()
DOES_NOT_FIT = "This e-mail and this password do not fit together."
TOO_MANY = "That did not work too often. Please wait five minutes, then try again."
LONGEST = 300


@router.get("/sign-in")
def sign_in(request: Request, place: Here, next: str = "/queue", set: bool = False) -> Response:  # noqa: A002 - names in the address
    """The form. Its token belongs to a visit without a person. `set`: they come from setting their password."""
    return _form(request, place, wanted=local_path(next), just_set=set)


@router.post("/sign-in")
def enter(
    request: Request,
    place: Here,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/queue",  # noqa: A002
) -> Response:
    """Begin a visit. Whether the e-mail is known makes no difference to the answer."""
    wanted, account = local_path(next), email.strip().lower()[:LONGEST]
    with place.db.writing() as session:
        allowed = tries.take(session, tries.SIGN_IN, account, address_of(request), machine=clock.machine_now())
    if not allowed:
        return _form(request, place, wanted=wanted, email=email, complaint=TOO_MANY, status=429)
    visit = _entered(request, place, account, password)
    if visit is None:
        return _form(request, place, wanted=wanted, email=email, complaint=DOES_NOT_FIT, status=401)
    response = RedirectResponse(wanted, status_code=303)
    place.sessions.write(response, visit, request)
    return response


@router.post("/sign-out")
def leave(place: Here, visitor: SignedIn) -> Response:
    """End this visit, wherever its cookie was copied to. Visits in other browsers go on: /account ends those."""
    with place.db.writing() as session:
        visits.end(session, visitor.visit, machine=clock.machine_now())
        person = session.get_one(Person, visitor.id)
        record(session, Doer(person.name, person.id), "sign_out", person, now=clock.now(session))
    return signed_out()


def signed_out() -> Response:
    """To the sign-in, without the cookie."""
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


def _entered(request: Request, place: Place, account: str, password: str) -> Visit | None:
    """A visit of the person with this password. Checking it takes long on purpose, so no lock is held meanwhile. The
    visit that this browser had before ends."""
    with place.db.reading() as session:
        person = authenticate(session, account, password)
        known = (person.id, person.session_epoch) if person is not None else None
    if known is None:
        return None
    visit, before, machine = new_visit(), place.sessions.read(request), clock.machine_now()
    browser = browser_words(request.headers.get("user-agent", ""))
    with place.db.writing() as session:
        begun = visits.begin(session, visit.nonce, known[0], epoch=known[1], browser=browser, machine=machine)
        if begun is None:
            return None
        if before is not None:
            visits.end(session, before.nonce, machine=machine)
        tries.take_off(session, tries.SIGN_IN, account, address_of(request))
        record(session, Doer(begun.name, begun.id), "sign_in", begun, now=clock.now(session))
    return visit


def _form(
    request: Request,
    place: Place,
    *,
    wanted: str,
    email: str = "",
    complaint: str = "",
    just_set: bool = False,
    status: int = 200,
) -> Response:
    values = {"wanted": wanted, "email": email[:LONGEST], "complaint": complaint, "just_set": just_set}
    return show_outside(request, place, "sign_in.html", values, status=status)
