"""Pages before the sign-in that hold a form: the form's token belongs to a visit without a person."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.responses import Response

from web.pages import show
from web.place import Place
from web.session import new_visit


def show_outside(
    request: Request, place: Place, template: str, values: Mapping[str, Any], *, status: int = 200
) -> Response:
    """The page, with a cookie where there was none. No other page learns of its address, which may open an account."""
    visit = place.sessions.read(request) or new_visit()
    response = show(request, template, {**values, "csrf_token": place.sessions.csrf_token(visit)}, status=status)
    response.headers["referrer-policy"] = "no-referrer"
    place.sessions.write(response, visit, request)
    return response
