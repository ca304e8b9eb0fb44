"""A receiver of signed documents, by Standard Webhooks: where it is, how it is asked, and what its answers mean.

Messages go to one and notices to another, each with settings of its own.
"""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from standardwebhooks import Webhook as Signer

from engine.clock import machine_now
from engine.errors import InvalidInput, JubileeError
from engine.send.addresses import NotPublic, Resolver, public_addresses, resolve
from engine.send.exchange import Answer, Line, NoAnswer, NotReached, Patience
from engine.send.outgoing import Accepted, Refused

SHORTEST_SECRET = 24  # bytes; Standard Webhooks asks for 24 to 64
PATIENCE = Patience(connect=3, answer=8)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a receiver is, by settings that begin with `prefix`."""

    url: str
    secret: str
    allow_private: bool
    prefix: str

    def check(self) -> None:
        """Raise InvalidInput, with the variable, where address or secret cannot be used."""
        try:
            parts = urlsplit(self.url)
            whole = bool(parts.hostname) and parts.port != 0 and self.url.isascii() and " " not in self.url
        except ValueError:
            whole = False
        if not whole or parts.scheme not in (("https", "http") if self.allow_private else ("https",)):
            raise InvalidInput(f"{self.prefix}URL: must be an address such as https://hooks.example.com/jubilee")
        if parts.username or parts.password or parts.fragment:
            raise InvalidInput(f"{self.prefix}URL: must hold no user, password or fragment; the signature proves us")
        try:
            written = self.secret.removeprefix("whsec_").rstrip("=")
            key = b64decode(written + "=" * (-len(written) % 4), validate=True)
        except ValueError:
            key = b""
        if len(key) < SHORTEST_SECRET:
            raise InvalidInput(f"{self.prefix}SECRET: must be whsec_ and at least {SHORTEST_SECRET} bytes in base64")


class Receiver:
    """Posts to one place. The name is resolved at each connection, and the connection goes to the very address that
    was found to be public; redirects are not followed."""

    def __init__(self, place: Place, *, resolver: Resolver = resolve, patience: Patience = PATIENCE) -> None:
        self._signer = Signer(place.secret)
        self._resolver, self._private, self._prefix = resolver, place.allow_private, place.prefix
        parts = urlsplit(place.url)
        self._host = parts.hostname
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._line = Line(f"{parts.scheme}://{parts.netloc}", patience=patience, at=self._addresses)

    def post(self, own_id: UUID, body: str) -> Accepted:
        """Post it once, under an id by which the receiver knows a repeat. Raises Refused or NoAnswer."""
        now = machine_now()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": str(own_id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(str(own_id), now, body),
        }
        try:
            answer = self._line.ask("POST", self._path, headers, body.encode())
        except NotPublic as error:
            raise Refused("not_public", permanent=False, whose="provider") from error
        except NotReached as error:
            raise Refused(f"unreachable: {error}", permanent=False, whose="provider") from error
        return read_answer(answer, own_id, now=now)

    def check(self) -> str:
        """Whether it can be reached and we may go there; posts nothing. Raises JubileeError, with the variable."""
        try:
            self._line.reach()
        except (NotPublic, NotReached) as error:
            raise JubileeError(f"{self._prefix}URL: {error}") from error
        return f"posts to {self._host}"

    def close(self) -> None:
        """Let go of connections."""
        self._line.close()

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        if self._private:
            return self._resolver(host, port)
        return public_addresses(host, port, resolver=self._resolver)


def read_answer(answer: Answer, own_id: UUID, *, now: datetime) -> Accepted:
    """The table. 2xx: taken. 410: no longer wanted; other 4xx: never will be. 401, 403 and 404: our configuration or
    theirs, it waits. 408, 425, 429 and 503: not now. Everything else says nothing certain: NoAnswer.
    """
    if 200 <= answer.status < 300:
        return Accepted(str(own_id))
    if answer.status in (408, 425, 429, 503):
        wait = answer.retry_after(now=now)
        raise Refused(f"http_{answer.status}", permanent=False, whose="provider", retry_after=wait)
    if answer.status in (401, 403, 404):
        raise Refused(f"http_{answer.status}", permanent=False, whose="provider")
    if 400 <= answer.status < 500:
        raise Refused("gone" if answer.status == 410 else f"http_{answer.status}", permanent=True)
    raise NoAnswer(f"the receiver answers {answer.status}")
