"""A mail server and a provider that cost as little as they can, so that a benchmark measures who sends. Each answers
every command of its protocol, keeps nothing of a message but its id, and misbehaves never: tests have others for that.

    python -P benchmarks/_taker_process.py smtp|http PORT FOLDER

What it took is in FOLDER/taken.log, a line of time and id for each, written before the answer.
"""

import asyncio
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

LONGEST_LINE = 2_048
HELLO = b"250-sink.test\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 HELP\r\n"
OUT_OF_ORDER = b"503 bad sequence of commands\r\n"
TAKEN = b"250 taken\r\n"
MAIL_ID = re.compile(rb"^message-id:[ \t]*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)
ADDRESS = re.compile(rb"(?:from|to): ?<[^<>\r\n]*>( \S+)*", re.IGNORECASE)
OUR_ID = re.compile(rb'"message_id": ?"([0-9a-f-]{36})"')
LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)


class Taker(asyncio.Protocol):
    """One connection, and the list of what all of them took."""

    def __init__(self, log: int) -> None:
        self._log = log
        self._read = bytearray()
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def note(self, found: re.Match[bytes] | None) -> None:
        """Written before anything is answered."""
        os.write(self._log, b"%.6f %s\n" % (time.time(), found[1] if found else b"-"))


class Mail(Taker):
    """A conversation by SMTP (RFC 5321): hello, then for each mail MAIL, RCPT and DATA in this order."""

    def __init__(self, log: int) -> None:
        super().__init__(log)
        self._step = "hello"
        self._seen = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.write(b"220 sink.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._read += data
        while self._take_text() if self._step == "text" else self._take_line():
            pass

    def _take_text(self) -> bool:
        end = 0 if self._read.startswith(b".\r\n") else self._read.find(b"\r\n.\r\n", self._seen) + 2
        if end == 1:
            self._seen = max(0, len(self._read) - 4)
            return False
        self.note(MAIL_ID.search(self._read, 0, max(self._read.find(b"\r\n\r\n", 0, end), 0) or end))
        del self._read[: end + 3]
        self._step, self._seen = "ready", 0
        self._transport.write(TAKEN)
        return True

    def _take_line(self) -> bool:
        end = self._read.find(b"\n")
        if end < 0:
            if len(self._read) > LONGEST_LINE:
                self._transport.close()
            return False
        line = bytes(self._read[:end]).rstrip(b"\r")
        del self._read[: end + 1]
        word, _, rest = line.partition(b" ")
        self._transport.write(self._answer(word.upper(), rest.strip()))
        if word.upper() == b"QUIT":
            self._transport.close()
        return True

    def _answer(self, word: bytes, rest: bytes) -> bytes:
        match word:
            case b"EHLO" | b"HELO":
                self._step = "ready"
                return HELLO if word == b"EHLO" else b"250 sink.test\r\n"
            case b"MAIL" | b"RCPT":
                return self._addressed(word, rest)
            case b"DATA":
                if self._step != "addressed":
                    return OUT_OF_ORDER
                self._step = "text"
                return b"354 end with a dot\r\n"
            case b"RSET":
                self._step = "hello" if self._step == "hello" else "ready"
                return b"250 OK\r\n"
            case b"NOOP":
                return b"250 OK\r\n"
            case b"VRFY":
                return b"252 try\r\n"
            case b"QUIT":
                return b"221 bye\r\n"
        return b"500 no such command\r\n"

    def _addressed(self, word: bytes, rest: bytes) -> bytes:
        if self._step not in (("ready",) if word == b"MAIL" else ("begun", "addressed")):
            return OUT_OF_ORDER
        if not ADDRESS.fullmatch(rest):
            return b"501 no address\r\n"
        self._step = "begun" if word == b"MAIL" else "addressed"
        return b"250 OK\r\n"


class Http(Taker):
    """A connection by HTTP/1.1, kept alive, to a provider that knows `POST /v3/mail/send`."""

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self._read, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._read) < whole:
                return
            if self._read.startswith(b"POST /v3/mail/send HTTP/1.1\r\n"):
                found = OUR_ID.search(self._read, end, whole)
                self.note(found)
                head = b"202 Accepted\r\nX-Message-Id: " + (found[1] if found else b"-")
            else:
                head = b"200 OK" if self._read.startswith(b"GET ") else b"404 Not Found"
            del self._read[:whole]
            self._transport.write(b"HTTP/1.1 " + head + b"\r\nContent-Length: 0\r\n\r\n")


async def serve(kind: type[Taker], port: int, folder: Path) -> None:
    """Listen until the process is ended."""
    log = os.open(folder / "taken.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    server = await asyncio.get_running_loop().create_server(lambda: kind(log), "127.0.0.1", port, backlog=1_000)
    (folder / "listening").write_text(str(os.getpid()))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve({"smtp": Mail, "http": Http}[sys.argv[1]], int(sys.argv[2]), Path(sys.argv[3])))
