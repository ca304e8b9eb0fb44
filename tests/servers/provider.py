"""A provider of email, texts and webhooks as a real process that does as it is told while it runs, and keeps a list of
what it took that outlives every crash.

    with Provider() as stub:
        stub.behave("accept_then_close", times=1)      # the next one, then as before
        stub.behave(429, retry_after=5)                # until told otherwise
        stub.behave("accept_then_hang", only="c07@")   # whatever mentions this, in path, id or body
        ...
        assert stub.accepted() == [str(message_id)]
"""

import contextlib
import json
import signal
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.server import Server

PROGRAM = Path(__file__).with_name("provider_process.py")
BEHAVIOURS = (
    "accept",  # SendGrid 202 with X-Message-Id, Twilio 201 with a sid, webhook 200
    "accept_then_hang",  # takes it, never answers
    "accept_then_close",  # takes it, closes the connection
    "reset",  # takes nothing, resets the connection
    "silent",  # takes nothing, never answers
    "drip",  # takes it, answers one byte a second
    "garbage",  # takes it, answers the right status and a body that cannot be read (deep=True: no HTTP at all)
    "no_id",  # takes it, answers without an id of its own
)


@dataclass(frozen=True)
class Request:
    """One request as the stub saw it. `id` is our message id, `did` how it behaved, `at` seconds since 1970."""

    id: str
    kind: str
    did: str
    taken: bool
    at: float


class Provider(Server):
    """`POST {url}/v3/mail/send`, `POST {url}/2010-04-01/Accounts/SID/Messages.json`, and any other path as a webhook;
    `GET` on any path answers 200, for checks of the key."""

    name = "provider"
    polite = signal.SIGTERM
    port_taken = "already in use"

    @property
    def url(self) -> str:
        """Its base address: what JUBILEE_SENDGRID_URL, JUBILEE_TWILIO_URL or JUBILEE_WEBHOOK_URL shall say."""
        return f"http://127.0.0.1:{self.port}"

    def behave(
        self,
        what: str | int,
        *,
        retry_after: object = None,
        times: int = -1,
        only: str = "",
        taken: bool | None = None,
        body: str | None = None,
        deep: bool = False,
    ) -> None:
        """From now on behave so (a number is a status: 429, 500, 401 ...): the next `times`, or for ever; with `only`
        those requests alone that contain it, in path, message id or body. `taken=True` on a status: it took it all the
        same. What is said without `times` and without `only` replaces everything said before."""
        if not isinstance(what, int) and what not in BEHAVIOURS:
            raise ValueError(f"{what!r} is none of {', '.join(BEHAVIOURS)}")
        rule = {
            "do": str(what),
            "retry_after": retry_after,
            "left": times,
            "only": only,
            "taken": taken,
            "body": body,
            "deep": deep,
            "anew": times < 0 and not only,
        }
        self._control("/_behave", json.dumps(rule).encode())

    def accepted(self) -> list[str]:
        """The message id of everything it took, in order, doubles too; readable when it is dead as well."""
        return [request.id for request in self.requests() if request.taken]

    def requests(self) -> list[Request]:
        """Every request it got, taken or not, in order; questions (GET) have the kind `asked`."""
        log = self.home / "requests.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [Request(**json.loads(line)) for line in lines]

    def received(self) -> list[dict[str, Any]]:
        """The last thousand requests whole: method, path, headers (names in lower case), body, id."""
        return list(json.loads(self._control("/_received", b"")))

    def command(self) -> list[str | Path]:
        """The stub's own program."""
        return [sys.executable, "-P", PROGRAM, str(self.port), self.home]

    def answers(self) -> bool:
        """Whether it is this one that listens."""
        with contextlib.suppress(urllib.error.URLError, OSError, ValueError):
            return int(json.loads(self._control("/_pid", b""))["pid"]) == self.pid
        return False

    def _control(self, path: str, body: bytes) -> bytes:
        with urllib.request.urlopen(f"{self.url}{path}", data=body, timeout=60) as answer:
            said: bytes = answer.read()
        return said
