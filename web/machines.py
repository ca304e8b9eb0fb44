"""Lets programs in: a key in `Authorization: Bearer`, with the scope that the route asks for."""

from collections.abc import Callable

from fastapi import Request

from engine import clock
from engine.errors import JubileeError, NotAllowed
from engine.people.keys import Machine, machine_of, note_use, prefix_of, use_is_noted
from web.place import Here, Place

SCHEME = "bearer"


class KeyNeeded(JubileeError):
    """This needs a key that is in force: `Authorization: Bearer jub_...`, made with `jubilee keys add`."""


class TooManyTries(JubileeError):
    """Too many tries with something that does not fit. Wait five minutes, then try again."""


def machine(scope: str) -> Callable[[Request, Place], Machine]:
    """A dependency: the program whose key came along, if that may do `scope`.

    Raises KeyNeeded for a missing, wrong or revoked key alike, NotAllowed for another scope, TooManyTries for guessing.
    """

    def let_in(request: Request, place: Here) -> Machine:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip() if scheme.lower() == SCHEME else ""
        known = _known(request, place, key)
        if scope not in known.scopes:
            raise NotAllowed(f"This key may not do that: it needs the scope `{scope}`.")
        return known

    return let_in


def _known(request: Request, place: Place, key: str) -> Machine:
    """Wrong keys are counted apart from wrong passwords, so that neither shuts out who comes with the other."""
    account, address = f"key {prefix_of(key)}", f"keys from {request.client.host if request.client else ''}"
    if not place.throttle.allows(account, address):
        raise TooManyTries
    with place.db.reading() as session:
        found = machine_of(session, key)
        noted = found is None or use_is_noted(session, found.id, now=clock.now(session))
    if found is None:
        place.throttle.failed(account, address)
        raise KeyNeeded
    if not noted:
        with place.db.writing() as session:
            note_use(session, found.id, now=clock.now(session))
    return found
