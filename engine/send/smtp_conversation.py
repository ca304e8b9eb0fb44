"""One conversation with a mail server, every step of which ends at a deadline, however slowly the server speaks."""

import contextlib
import io
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.errors import JubileeError
from engine.send.exchange import Patience

Step = Literal["MAIL", "RCPT", "DATA"]
Tls = Literal["starttls", "tls", "none"]

BROKEN = (OSError, smtplib.SMTPException)  # a server that hung up, and one that speaks nonsense
_FAREWELL_SECONDS = 1.0
_LONGEST_SAYING = 300


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where it is and how one gets in. `hello` is the name we give; without a `user` nobody logs in."""

    host: str
    port: int
    hello: str
    tls: Tls = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)


class NotOpened(JubileeError):
    """No conversation came about, so nothing was sent. `setting` names what to look at."""

    def __init__(self, message: str, setting: str) -> None:
        super().__init__(message)
        self.setting = setting


class SaidNo(JubileeError):
    """The server refused a step, so nothing was taken."""

    def __init__(self, step: Step, code: int, saying: str) -> None:
        super().__init__(f"{step} {code}: {saying}")
        self.step, self.code, self.saying = step, code, saying


class Conversation(smtplib.SMTP):
    """One conversation, every step of which ends at the deadline, however slowly the server speaks."""

    def __init__(self, server: MailServer, patience: Patience, tls: ssl.SSLContext | None) -> None:
        super().__init__(local_hostname=server.hello, timeout=patience.connect)
        self._server = server
        self._host = server.host  # smtplib wants the certificate to be of this name
        self._connect_seconds = patience.connect
        self._tls = tls
        self.deadline = 0.0
        self.mails = 0
        self.used_at = 0.0

    def open(self, deadline: float) -> None:
        """Connect, encrypt and log in. Raises NotOpened."""
        self.deadline = deadline
        server = self._server
        with _named(server, "HOST"):
            code, said = self.connect(server.host, server.port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, said)
        with _named(server, "TLS"):
            if self._tls and server.tls == "starttls":
                self.starttls(context=self._tls)
        with _named(server, "HOST"):
            self.ehlo_or_helo_if_needed()
        with _named(server, "USER"):
            if server.user:
                self.login(server.user, server.password)

    def say(self, step: Step, words: str, wanted: int) -> None:
        """One step. Raises SaidNo; whatever else is raised broke the conversation."""
        code, said = self.docmd(words)
        if code // 10 != wanted // 10:
            raise SaidNo(step, code, shown(said))

    def send(self, s: Any) -> None:
        """Send within what is left of the time."""
        if self.sock is not None:
            self.sock.settimeout(self._left())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """The server's answer, read within what is left of the time."""
        if self.file is None:
            self.file = io.BufferedReader(_Reader(self))
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del timeout  # the one that smtplib was given before the deadline was known
        line = socket.create_connection((host, port), min(self._connect_seconds, self._left()))
        if self._tls and self._server.tls == "tls":
            return self._tls.wrap_socket(line, server_hostname=host)
        return line

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the mail server takes too long")
        return left


class _Reader(io.RawIOBase):
    """Reads from a conversation's socket; every read has only what is left of the time, so that dripping ends too."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def readable(self) -> bool:
        return True

    def readinto(self, place: Any) -> int:
        line = self._conversation.sock
        if line is None:
            return 0
        line.settimeout(self._conversation._left())
        return line.recv_into(place)


def shown(said: bytes) -> str:
    """A server's words on one line, for a person."""
    return " ".join(said.decode("utf-8", "replace").split())[:_LONGEST_SAYING]


def end(conversation: Conversation) -> None:
    """Say goodbye, and hang up."""
    with contextlib.suppress(*BROKEN):
        conversation.deadline = time.monotonic() + _FAREWELL_SECONDS
        conversation.quit()
    conversation.close()


@contextlib.contextmanager
def _named(server: MailServer, setting: str) -> Any:
    """What goes wrong inside is said with the setting to look at."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        raise NotOpened(f"{server.host}:{server.port} answers {error.smtp_code}: {shown(said)}", setting) from error
    except (*BROKEN, ValueError) as error:
        # A certificate that is not theirs counts as TLS wherever it turns up.
        place = "TLS" if isinstance(error, ssl.SSLError) else setting
        raise NotOpened(f"{server.host}:{server.port}: {type(error).__name__}: {error}"[:300], place) from error
