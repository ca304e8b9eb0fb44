"""One question and its answer over HTTP, kept apart because every provider needs the same three things: a connection
that is used again, an end to the waiting whatever the other side does, and to know whether anything was sent.
"""

import contextlib
import math
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from queue import Empty, Full, LifoQueue
from threading import Timer
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from engine.errors import JubileeError

LONGEST_WAIT = 86_400.0
LONGEST_ANSWER = 64 * 1024
# What rests longer may have been forgotten on the way (by NAT, by a balancer) without a word to us: nobody would answer
# a question sent into it, and its message would be unconfirmed for nothing.
LONGEST_REST = 50.0
MOST_PLACES = 2


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
        self._tls = ssl.create_default_context() if self._secure else None
        self._idle: LifoQueue[tuple[float, HTTPConnection]] = LifoQueue(kept)

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send it once and wait for the answer. Raises NotReached or NoAnswer."""
        connection = self._connected()
        try:
            with _cut_after(self._patience.answer, connection):
                connection.request(
                    method,
                    f"{self._path}{path}" or "/",
                    body=body,
                    headers={"Host": self._name, "User-Agent": "Jubilee", **headers},
                    preload_content=False,
                )
                response = connection.getresponse()
                said = response.read(LONGEST_ANSWER, decode_content=False)
                if response.length_remaining and len(said) < LONGEST_ANSWER:
                    raise HTTPException("the answer is cut short")
                whole = response.closed or response.length_remaining == 0
        except (OSError, HTTPError, HTTPException, ValueError) as error:
            connection.close()
            raise NoAnswer(f"{self._name}: no whole answer ({type(error).__name__})") from error
        except BaseException:
            connection.close()
            raise
        self._put_back(connection, whole)
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, said)

    def reach(self) -> None:
        """Connect and say nothing, to see whether it can be done. Raises NotReached."""
        self._put_back(self._connected(), whole=True)

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait()[1].close()

    def _connected(self) -> HTTPConnection:
        """One that is open already and was not hung up, or a new one."""
        with contextlib.suppress(Empty):
            while True:
                since, connection = self._idle.get_nowait()
                if connection.is_connected and time.monotonic() - since < LONGEST_REST:
                    return connection
                connection.close()
        return self._reach()

    def _reach(self) -> HTTPConnection:
        failed: Exception | None = None
        try:
            places = self._at(self._host, self._port)[:MOST_PLACES] if self._at else [self._host]
        except OSError as error:
            places, failed = [], error
        for place in places:
            connection = self._new(place)
            try:
                connection.connect()
            except (OSError, HTTPError) as error:
                connection.close()
                failed = error
                continue
            if connection.sock is not None:
                connection.sock.settimeout(self._patience.answer)
            return connection
        raise NotReached(f"{self._name}: cannot be reached ({_short(failed)})") from failed

    def _new(self, place: str) -> HTTPConnection:
        if self._tls is None:
            return HTTPConnection(place, self._port, timeout=self._patience.connect)
        return HTTPSConnection(
            place, self._port, timeout=self._patience.connect, ssl_context=self._tls, server_hostname=self._host
        )

    def _put_back(self, connection: HTTPConnection, whole: bool) -> None:
        try:
            if whole:
                return self._idle.put_nowait((time.monotonic(), connection))
        except Full:
            pass
        connection.close()


@contextlib.contextmanager
def _cut_after(seconds: float, connection: HTTPConnection) -> Iterator[None]:
    """Hang up when the time is over: a timeout of the socket begins anew with every byte that drips in."""
    line = connection.sock
    if line is None:
        yield
        return
    watch = Timer(seconds, _hang_up, (line,))
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _until(date: str, now: datetime) -> float:
    instant = parsedate_to_datetime(date)
    return ((instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - now).total_seconds()


def _short(error: Exception | None) -> str:
    """Its kind and what it says, without the objects that urllib3 puts in front."""
    if error is None:
        return "its name leads nowhere"
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {str(cause).rpartition('>: ')[2]}"[:200]
