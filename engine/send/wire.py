"""A connection each use of which ends at a deadline, however slowly the other side takes or gives: a timeout of the
socket alone begins anew with every byte that drips in.
"""

import io
import select
import socket
import time
from typing import Any


class Wire:
    """What `http.client` wants of a socket. `deadline` is a time of `time.monotonic`."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.deadline = 0.0

    def sendall(self, said: bytes) -> None:
        """Send all of it. Raises TimeoutError at the deadline."""
        rest = memoryview(said)
        while rest:
            self.line.settimeout(self.left())
            rest = rest[self.line.send(rest) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        """What comes, to be read; closing it leaves the connection open."""
        del mode  # it is always "rb"
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """Hang up."""
        self.line.close()

    def left(self) -> float:
        """The seconds that are left. Raises TimeoutError where none are."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the other side takes too long")
        return left

    @property
    def rests(self) -> bool:
        """Whether nothing came since the last answer: neither words that nobody asked for, nor the end."""
        poll = select.poll()
        poll.register(self.line, select.POLLIN)
        return not poll.poll(0)


class _Reader(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, place: Any) -> int:
        self._wire.line.settimeout(self._wire.left())
        return self._wire.line.recv_into(place)
