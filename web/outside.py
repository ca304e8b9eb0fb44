"""Routes that no page of ours posts to: what a customer, their mail provider, a machine or a provider calls.

They know no session, so the form token that `visitors.own_form` asks of everything else says nothing about them. Each
proves itself by what it carries: a signed link, a key, a provider's signature. Routers say so with
`APIRouter(route_class=FromOutside)`; a test lists every address that does.
"""

from fastapi import Request
from fastapi.routing import APIRoute

FOR_MACHINES = ("/api/", "/hooks/")


class FromOutside(APIRoute):
    """Called without a session, and so without a form token."""


class ForMachines(FromOutside):
    """The same for programs, which are told in JSON what went wrong."""


def is_from_outside(request: Request) -> bool:
    """Whether the route that serves this request is called from outside."""
    return isinstance(request.scope.get("route"), FromOutside)


def is_for_machines(request: Request) -> bool:
    """Whether the route that serves this request answers programs; where there is none, whether one would have."""
    return isinstance(request.scope.get("route"), ForMachines) or request.url.path.startswith(FOR_MACHINES)
