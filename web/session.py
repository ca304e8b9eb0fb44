"""Who is visiting: signed session cookies, and the CSRF token bound to each of them.

The cookie names a person and their session epoch; whether that still holds is looked up with every request.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "jubilee_session"
LIFETIME = 12 * 60 * 60


@dataclass(frozen=True, slots=True)
class Visit:
    """What a cookie says. `nonce` is new with every sign-in; no person means that nobody has signed in with it yet."""

    nonce: str
    person_id: UUID | None = None
    epoch: int = 0


class Sessions:
    """Reads and writes session cookies under one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._serializer = URLSafeTimedSerializer(secret, salt="jubilee.session")

    def read(self, request: Request) -> Visit | None:
        """The visit that the request's cookie tells of; None where it is missing, forged or too old."""
        try:
            nonce, person, epoch = self._serializer.loads(request.cookies.get(COOKIE, ""), max_age=LIFETIME)
            return Visit(nonce, UUID(person) if person else None, epoch)
        except (BadSignature, ValueError, TypeError):
            return None

    def write(self, response: Response, visit: Visit, request: Request) -> None:
        """Hand out the cookie; over https it travels over https alone."""
        person = str(visit.person_id) if visit.person_id else None
        response.set_cookie(
            COOKIE,
            str(self._serializer.dumps((visit.nonce, person, visit.epoch))),
            max_age=LIFETIME,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def csrf_token(self, visit: Visit) -> str:
        """What a form of this visit must carry. It cannot be worked out from another visit's cookie."""
        return hmac.new(self._secret, f"jubilee.csrf {visit.nonce}".encode(), hashlib.sha256).hexdigest()

    def owns(self, visit: Visit, token: str) -> bool:
        """Whether the token was made for this visit."""
        return hmac.compare_digest(self.csrf_token(visit).encode(), token.encode())


def new_visit(person_id: UUID | None = None, epoch: int = 0) -> Visit:
    """A visit that nobody can foresee; signing in starts a new one, so that a planted cookie is worth nothing."""
    return Visit(secrets.token_urlsafe(16), person_id, epoch)
