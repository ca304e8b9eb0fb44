"""A mail relay as a real process that does as it is told while it runs, and keeps a list of what it took.

with SmtpSink() as sink:
    sink.behave(450, times=1)              # to DATA; on="RCPT" for the recipient
    sink.behave("accept_then_close")
    assert sink.accepted() == [str(message_id)]
"""

import json
import signal
import smtplib
import sys
from pathlib import Path
from typing import Any

from tests.servers.server import Server

PROGRAM = Path(__file__).with_name("smtp_process.py")
BEHAVIOURS = ("accept", "accept_then_hang", "accept_then_close", "drop")


class SmtpSink(Server):
    """Listens on 127.0.0.1 and `port`, without TLS and without a password. `keep` has it store the whole mails."""

    name = "smtp"
    polite = signal.SIGTERM
    port_taken = "already in use"

    def __init__(self, *, keep: bool = True) -> None:
        super().__init__()
        self._rules: list[dict[str, Any]] = []
        if keep:
            (self.home / "keep").touch()

    def behave(self, what: str | int, *, on: str = "DATA", times: int = -1, only: str = "") -> None:
        """From now on behave so (a number is a status: 421, 450, 550 ...); `drop` hangs up after DATA and takes
        nothing. `only`: for recipients that contain it."""
        if not isinstance(what, int) and what not in BEHAVIOURS:
            raise ValueError(f"{what!r} is none of {', '.join(BEHAVIOURS)}")
        rule = {"do": str(what), "on": on, "left": times, "only": only}
        self._rules = [rule] if times < 0 and not only else [*self._rules, rule]
        draft = self.home / "behave.draft"
        draft.write_text(json.dumps(self._rules))
        draft.replace(self.home / "behave.json")

    def accepted(self) -> list[str]:
        """Our message id of everything it took, in order, doubles too: from X-Jubilee-Message or Message-ID, or from
        the return path."""
        return [str(mail["id"]) for mail in self.mails()]

    def mails(self) -> list[dict[str, Any]]:
        """What it took: id, to, from, at, and content as it came."""
        log = self.home / "taken.log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def command(self) -> list[str | Path]:
        """The sink's own program."""
        return [sys.executable, "-P", PROGRAM, str(self.port), self.home]

    def answers(self) -> bool:
        """Whether it is this one that listens."""
        listening = self.home / "listening"
        if not listening.exists() or listening.read_text() != str(self.pid):
            return False
        with smtplib.SMTP("127.0.0.1", self.port, timeout=5) as client:
            return client.noop()[0] == 250
