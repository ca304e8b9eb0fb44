"""Setting a password: by the link of an invitation or a reset, and asking for such a link when it was forgotten.

GET changes nothing, as mail scanners follow links; the POST sets the password, once.
"""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Form, Request
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import InvalidInput
from engine.people import access, tries
from engine.people.access import DeadLink, Holder
from engine.people.passwords import check_password, hash_of
from web.doorstep import show_outside
from web.place import Here, Place
from web.routes.signing_in import LONGEST
from web.visitors import address_of

router = APIRouter()
NOT_THE_SAME = "The two do not agree. Please type the password twice."
TOO_MANY = "That was asked for too often from here. Please wait an hour, then try again."


@router.get("/access/{secret}")
def show_access(request: Request, place: Here, secret: str) -> Response:
    """The form for a new password, or the friendly page that says that the link does not work any more."""
    return _form(request, place, secret)


@router.post("/access/{secret}")
def set_password(
    request: Request,
    place: Here,
    secret: str,
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Set the password and ask for the sign-in: nobody is signed in by a link. Every visit of the account ends."""
    try:
        person = _holder(place, secret)
        if password != again:
            raise InvalidInput(NOT_THE_SAME)
        check_password(password, name=person.name, email=person.email)
    except DeadLink:
        return _dead(request, place)
    except InvalidInput as error:
        return _form(request, place, secret, complaint=str(error), status=422)
    kept = hash_of(password)  # takes long on purpose, so before anything is locked
    try:
        with place.db.writing() as session:
            access.use_link(session, secret, kept, now=clock.now(session), machine=clock.machine_now())
    except DeadLink:
        return _dead(request, place)
    return RedirectResponse("/sign-in?set=1", status_code=303)


@router.get("/forgot-password")
def forgot(request: Request, place: Here) -> Response:
    """Asks for the e-mail."""
    return show_outside(request, place, "forgot.html", {"asked": False, "email": "", "complaint": ""})


@router.post("/forgot-password")
def ask_again(
    request: Request, place: Here, afterwards: BackgroundTasks, email: Annotated[str, Form()] = ""
) -> Response:
    """Have a link sent. The answer, and how long it takes, are the same whether the e-mail is known or not: what
    differs is done after it."""
    account = email.strip().lower()[:LONGEST]
    with place.db.writing() as session:
        allowed = tries.take(session, tries.FORGOT, account, address_of(request), machine=clock.machine_now())
    if not allowed:
        values = {"asked": False, "email": email[:LONGEST], "complaint": TOO_MANY}
        return show_outside(request, place, "forgot.html", values, status=429)
    afterwards.add_task(_ask, place, account)
    return show_outside(request, place, "forgot.html", {"asked": True, "email": "", "complaint": ""})


def _ask(place: Place, account: str) -> None:
    with place.db.writing() as session:
        access.ask_by_email(session, account, now=clock.now(session))


def _holder(place: Place, secret: str) -> Holder:
    with place.db.reading() as session:
        return access.holder(session, secret, machine=clock.machine_now())


def _form(request: Request, place: Place, secret: str, *, complaint: str = "", status: int = 200) -> Response:
    try:
        person = _holder(place, secret)
    except DeadLink:
        return _dead(request, place)
    values = {"person": person, "complaint": complaint}
    return show_outside(request, place, "access.html", values, status=status)


def _dead(request: Request, place: Place) -> Response:
    return show_outside(request, place, "access_dead.html", {}, status=404)
