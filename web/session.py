"""Who is visiting: signed session cookies, and the CSRF token bound to each of them.

The cookie holds one unguessable word. Whose it is, if anybody's, stands in the database (engine/people/visits.py): it
is looked up with every request.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from engine.people.visits import LONGEST
from web.masking import masked, unmasked

COOKIE = "jubilee_session"
LIFETIME = round(LONGEST.total_seconds())


@dataclass(frozen=True, slots=True)
class Visit:
    """What a cookie says. `nonce` is new with every sign-in, and signed in where it names a visit that is open."""

    nonce: str


class Sessions:
    """Reads and writes session cookies under one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._serializer = URLSafeTimedSerializer(secret, salt="jubilee.session")

    def read(self, request: Request) -> Visit | None:
        """The visit that the request's cookie tells of; None where it is missing, forged or too old."""
        try:
            nonce = self._serializer.loads(request.cookies.get(COOKIE, ""), max_age=LIFETIME)
        except BadSignature:
            return None
        return Visit(nonce) if isinstance(nonce, str) else None

    def write(self, response: Response, visit: Visit, request: Request) -> None:
        """Hand out the cookie; over https it travels over https alone."""
        response.set_cookie(
            COOKIE,
            str(self._serializer.dumps(visit.nonce)),
            max_age=LIFETIME,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def csrf_token(self, visit: Visit) -> str:
        """What a form of this visit must carry, masked anew with every call. No other visit's cookie tells of it."""
        return masked(self._token(visit))

    def owns(self, visit: Visit, token: str) -> bool:
        """Whether the token was made for this visit."""
        return hmac.compare_digest(self._token(visit), unmasked(token))

    def _token(self, visit: Visit) -> bytes:
        return hmac.new(self._secret, f"jubilee.csrf {visit.nonce}".encode(), hashlib.sha256).digest()


def new_visit() -> Visit:
    """A visit that nobody can foresee; signing in starts a new one, so that a planted cookie is worth nothing."""
    return Visit(secrets.token_urlsafe(16))
