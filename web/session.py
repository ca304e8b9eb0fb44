"""Who is visiting: signed session cookies, the secret that signs them, and the CSRF token bound to each of them.

The cookie names a person and their session epoch; whether that still holds is looked up with every request.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from engine.settings import Settings

COOKIE = "jubilee_session"
LIFETIME = 12 * 60 * 60
SHORTEST_SECRET = 32


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


def open_secret(settings: Settings) -> str:
    """The configured secret, or one made once and kept in the home folder, readable by its owner alone."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.home / "secret"
    try:
        return _kept(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".secret.{secrets.token_hex(4)}")
    made.touch(mode=0o600)
    made.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    try:
        os.link(made, path)  # whoever comes first decides; another process reads what was made
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return _kept(path)


def _kept(path: Path) -> str:
    secret = path.read_text(encoding="utf-8").strip()
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"{path} holds no usable secret; remove it, and a new one is made")
    return secret
