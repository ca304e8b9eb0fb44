"""The mail server and the provider that benchmarks send to, as processes of their own: see `_taker_process.py`."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.servers.server import Server

PROGRAM = Path(__file__).with_name("_taker_process.py")


class Taker(Server):
    """Listens on 127.0.0.1 and `port`, and takes whatever comes by the protocol that is its name."""

    polite = signal.SIGTERM
    port_taken = "already in use"

    @property
    def taken(self) -> int:
        """How many messages it took."""
        log = self.home / "taken.log"
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def times(self, since: int) -> Sequence[float]:
        """When it took each message after the first `since`. Every message must have come once, and with its id."""
        lines = (self.home / "taken.log").read_text().splitlines()
        ids = [line.partition(" ")[2] for line in lines]
        if "-" in ids or len(set(ids)) != len(ids):
            raise SystemExit(f"{self.name}: {len(ids)} messages arrived, {len(set(ids))} different ones")
        return [float(line.partition(" ")[0]) for line in lines[since:]]

    def command(self) -> list[str | Path]:
        """Its program."""
        return [sys.executable, "-P", PROGRAM, self.name, str(self.port), self.home]

    def answers(self) -> bool:
        """Whether it is this one that listens."""
        listening = self.home / "listening"
        return listening.exists() and listening.read_text() == str(self.pid)


class MailTaker(Taker):
    """A mail server, without TLS and without a password."""

    name = "smtp"


class HttpTaker(Taker):
    """A provider of mail."""

    name = "http"

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}"
