"""The one table of what the engine's errors mean in HTTP, and the friendly pages that say so."""

from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.errors import Conflict, InvalidInput, JubileeError, NotAllowed, NotFound
from engine.insight.bounded import TakesTooLong
from web.customer_words import words_accepted
from web.machines import KeyNeeded, TooManyTries
from web.outside import is_for_machines, is_from_outside
from web.pages import customer_notice, is_fragment, show
from web.visitors import SignInFirst

STATUS: Mapping[type[JubileeError], int] = {
    KeyNeeded: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    InvalidInput: 422,
    TooManyTries: 429,
    TakesTooLong: 503,
}
HEADINGS: Mapping[int, str] = {
    403: "That is not yours to do",
    404: "There is nothing here",
    405: "That cannot be done here",
    409: "Something changed in the meantime",
    413: "That is too long",
    422: "That cannot be used",
    429: "Too many tries",
    500: "Something went wrong on our side",
    503: "That takes too long",
}
log = structlog.get_logger()


def handle_errors(app: FastAPI) -> None:
    """Give the application its error pages."""
    app.add_exception_handler(JubileeError, _of_the_domain)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_the_form)
    app.add_exception_handler(Exception, _of_ours)


def status_of(error: JubileeError) -> int:
    """The HTTP status of an error: that of the nearest class in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _of_the_domain(request: Request, error: Exception) -> Response:
    if isinstance(error, SignInFirst):
        return _to_sign_in(request, error.wanted)
    status = status_of(error) if isinstance(error, JubileeError) else 500
    return _page(request, status, str(error))


def _of_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = "The address may be mistyped, or what was here has gone." if status == 404 else ""
    if isinstance(error, HTTPException) and is_for_machines(request):  # they are told what we raised it with
        return JSONResponse({"error": sentence or error.detail}, status, error.headers)
    return _page(request, status, sentence)


def _of_the_form(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    if any(fault["loc"][:1] == ("path",) for fault in faults):
        return _page(request, 404, "The address may be mistyped, or what was here has gone.")
    return _page(request, 422, "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in faults))


def _of_ours(request: Request, error: Exception) -> Response:
    log.error("page_failed", path=request.url.path, error=type(error).__name__)
    return _page(request, 500, "It was not your doing, and nothing was half saved. Please try again in a moment.")


def _to_sign_in(request: Request, wanted: str) -> Response:
    place = str(request.url_for("sign_in").include_query_params(next=wanted).replace(scheme="", netloc=""))
    if is_fragment(request):
        return Response(status_code=401, headers={"hx-redirect": place})
    return RedirectResponse(place, status_code=303)


def _page(request: Request, status: int, sentence: str) -> Response:
    heading = HEADINGS.get(status, "That did not work")
    if is_for_machines(request):
        headers = {"www-authenticate": "Bearer"} if status == 401 else None
        return JSONResponse({"error": sentence or heading}, status, headers)
    if is_from_outside(request):
        return customer_notice(request, words_accepted(request.headers.get("accept-language", "")), "failed", status)
    return show(request, "error.html", {"heading": heading, "sentence": sentence}, status=status)
