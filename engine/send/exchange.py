"""One question and its answer over HTTP, kept apart because every provider needs the same three things: a connection
that is used again, an end to the waiting whatever the other side does, and to know whether anything was sent.
"""

import contextlib
import math
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from queue import Empty, Full, LifoQueue
from typing import cast
from urllib.parse import urlsplit

from engine.errors import JubileeError
from engine.send.wire import Wire

LONGEST_WAIT = 86_400.0
LONGEST_ANSWER = 64 * 1024
# What rests longer may have been forgotten on the way (by NAT, by a balancer) without a word to us: nobody would answer
# a question sent into it, and its message would be unconfirmed for nothing.
LONGEST_REST = 50.0
MOST_PLACES = 2
_NOT_IN_A_HEAD = re.compile(r"[\x00-\x1f\x7f]")


class NotReached(JubileeError):
    """No connection could be made, so nothing was sent."""


class NoAnswer(JubileeError):
    """The question went out and no whole answer came back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case; of a long body only the beginning is kept."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def retry_after(self, *, now: datetime) -> float | None:
        """The seconds to wait that the other side asked for, as a number or a date; a day at the most."""
        said = self.headers.get("retry-after", "").strip()
        try:
            seconds = float(said) if said[:1].isdecimal() else _until(said, now)
        except (ValueError, TypeError, OverflowError):
            return None
        return min(max(seconds, 0.0), LONGEST_WAIT) if math.isfinite(seconds) else None


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for a connection to be made, and for the answer to be there as a whole, however slowly it comes."""

    connect: float = 5.0
    answer: float = 15.0


class Line:
    """Connections to one server that are used again, by any number of threads. Asks once: who asks decides on more.

    `at` gives the numeric addresses to connect to, one after the other, and is asked at each new connection; the
    certificate is still that of the name in `url`. Redirects are answers like others.
    """

    def __init__(
        self,
        url: str,
        *,
        patience: Patience | None = None,
        kept: int = 32,
        at: Callable[[str, int], Sequence[str]] | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._name = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._patience = patience or Patience()
        self._at = at
        self._tls = _tls() if self._secure else None
        self._idle: LifoQueue[tuple[float, Wire]] = LifoQueue(kept)

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send it once and wait for the answer. Raises NotReached or NoAnswer."""
        wire = self._connected()
        try:
            wire.deadline = time.monotonic() + self._patience.answer
            wire.sendall(self._question(method, path, headers, body))
            response = HTTPResponse(cast(socket.socket, wire), method=method)
            response.begin()
            said = response.read(LONGEST_ANSWER)
            if response.length and len(said) < LONGEST_ANSWER:
                raise HTTPException("the answer is cut short")
            whole = response.isclosed() and not response.will_close
        except (OSError, HTTPException, ValueError) as error:
            wire.close()
            raise NoAnswer(f"{self._name}: no whole answer ({type(error).__name__})") from error
        except BaseException:
            wire.close()
            raise
        self._put_back(wire, whole)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, said)

    def reach(self) -> None:
        """Connect and say nothing, to see whether it can be done. Raises NotReached."""
        self._put_back(self._connected(), whole=True)

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait()[1].close()

    def _question(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        """Head and body as one, which saves a packet. A head that would hold a line more than ours is a ValueError."""
        lines = {"Host": self._name, "User-Agent": "Jubilee", "Accept-Encoding": "identity", **headers}
        if body is not None or method != "GET":
            lines["Content-Length"] = str(len(body or b""))
        target = f"{self._path}{path}" or "/"
        head = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items())]
        if " " in target or any(map(_NOT_IN_A_HEAD.search, head)):
            raise ValueError("the head of a question holds what would end its line")
        return "\r\n".join([*head, "", ""]).encode("latin-1") + (body or b"")

    def _connected(self) -> Wire:
        """One that is open already and was not hung up, or a new one."""
        with contextlib.suppress(Empty):
            while True:
                since, wire = self._idle.get_nowait()
                if time.monotonic() - since < LONGEST_REST and wire.rests:
                    return wire
                wire.close()
        return self._reach()

    def _reach(self) -> Wire:
        failed: Exception | None = None
        try:
            places = self._at(self._host, self._port)[:MOST_PLACES] if self._at else [self._host]
        except OSError as error:
            places, failed = [], error
        for place in places:
            try:
                return self._new(place)
            except (OSError, ValueError) as error:
                failed = error
        raise NotReached(f"{self._name}: cannot be reached ({_short(failed)})") from failed

    def _new(self, place: str) -> Wire:
        line = socket.create_connection((place, self._port), self._patience.connect)
        try:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return Wire(self._tls.wrap_socket(line, server_hostname=self._host) if self._tls else line)
        except BaseException:
            line.close()
            raise

    def _put_back(self, wire: Wire, whole: bool) -> None:
        try:
            if whole:
                return self._idle.put_nowait((time.monotonic(), wire))
        except Full:
            pass
        wire.close()


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _until(date: str, now: datetime) -> float:
    instant = parsedate_to_datetime(date)
    return ((instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - now).total_seconds()


def _short(error: Exception | None) -> str:
    """Its kind and what it says."""
    return "its name leads nowhere" if error is None else f"{type(error).__name__}: {error}"[:200]
