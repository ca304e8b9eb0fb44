"""Conversations with one mail server that are used again, by any number of threads; each step is told apart, because
before the last dot nothing was taken, and after it nobody knows until the server has spoken.
"""

import contextlib
import io
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass, field
from queue import Empty, LifoQueue
from typing import Any, Literal

from engine.errors import JubileeError
from engine.send.exchange import NoAnswer, Patience

Step = Literal["MAIL", "RCPT", "DATA"]
Tls = Literal["starttls", "tls", "none"]

IDLE_SECONDS = 60.0  # shorter than any usual server waits before it hangs up
MAILS_A_CONVERSATION = 100  # some relays allow no more
_FAREWELL_SECONDS = 1.0
_LONGEST_SAYING = 300
_BROKEN = (OSError, smtplib.SMTPException)  # a server that hung up, and one that speaks nonsense


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


class BrokenOff(JubileeError):
    """The conversation broke before the mail was whole, so nothing was taken."""


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


class MailLine:
    """Hands mails to one server."""

    def __init__(self, server: MailServer, patience: Patience | None = None) -> None:
        self._server = server
        self._patience = patience or Patience()
        self._tls = ssl.create_default_context() if server.tls != "none" else None
        self._idle: LifoQueue[Conversation] = LifoQueue()

    def hand_over(self, sender: str, recipient: str, content: bytes) -> str:
        """What the server said when it took the mail. Raises NotOpened, BrokenOff or SaidNo where it took nothing, and
        NoAnswer where nobody knows."""
        deadline = time.monotonic() + self._patience.answer
        conversation = self._begun(sender, deadline)
        try:
            saying = _go_on(conversation, recipient, content)
        except SaidNo as refusal:
            self._keep_if_well(conversation, refusal)
            raise
        except BaseException:
            conversation.close()
            raise
        self._keep(conversation)
        return saying

    def check(self) -> None:
        """Open a conversation and end it. Raises NotOpened."""
        conversation = self._opened(time.monotonic() + self._patience.answer)
        _end(conversation)

    def close(self) -> None:
        """End the conversations that nobody uses."""
        with contextlib.suppress(Empty):
            while True:
                _end(self._idle.get_nowait())

    def _begun(self, sender: str, deadline: float) -> Conversation:
        """A conversation that has taken our sender: an older one, unless the server has hung up on it meanwhile."""
        words = f"MAIL FROM:<{sender}>"
        while (conversation := self._taken_up()) is not None:
            conversation.deadline = deadline
            try:
                conversation.say("MAIL", words, 250)
                return conversation
            except (SaidNo, *_BROKEN):
                conversation.close()  # nothing of this mail was said yet: a new one can
        conversation = self._opened(deadline)
        try:
            conversation.say("MAIL", words, 250)
        except SaidNo:
            _end(conversation)
            raise
        except _BROKEN as error:
            conversation.close()
            raise BrokenOff(f"MAIL: {type(error).__name__}") from error
        return conversation

    def _taken_up(self) -> Conversation | None:
        with contextlib.suppress(Empty):
            while True:
                conversation = self._idle.get_nowait()
                if time.monotonic() - conversation.used_at < IDLE_SECONDS:
                    return conversation
                _end(conversation)
        return None

    def _opened(self, deadline: float) -> Conversation:
        conversation = Conversation(self._server, self._patience, self._tls)
        try:
            conversation.open(deadline)
        except BaseException:
            conversation.close()
            raise
        return conversation

    def _keep_if_well(self, conversation: Conversation, refusal: SaidNo) -> None:
        try:
            if refusal.code == 421 or refusal.code < 400:
                raise smtplib.SMTPServerDisconnected
            conversation.rset()
        except _BROKEN:
            conversation.close()
        else:
            self._keep(conversation)

    def _keep(self, conversation: Conversation) -> None:
        conversation.mails += 1
        conversation.used_at = time.monotonic()
        if conversation.mails < MAILS_A_CONVERSATION:
            self._idle.put(conversation)
        else:
            _end(conversation)


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


def _go_on(conversation: Conversation, recipient: str, content: bytes) -> str:
    try:
        conversation.say("RCPT", f"RCPT TO:<{recipient}>", 250)
        conversation.say("DATA", "DATA", 354)
        conversation.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    except _BROKEN as error:
        # What could not be written whole has no last dot, and a server takes nothing without it.
        raise BrokenOff(f"before the mail was whole: {type(error).__name__}") from error
    try:
        code, said = conversation.getreply()
    except _BROKEN as error:
        raise NoAnswer(f"no answer to the mail: {type(error).__name__}") from error
    if 400 <= code < 600:
        raise SaidNo("DATA", code, shown(said))
    if code // 100 != 2:
        raise NoAnswer(f"the answer to the mail is none: {code}")
    return shown(said)


def _end(conversation: Conversation) -> None:
    with contextlib.suppress(*_BROKEN):
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
    except (*_BROKEN, ValueError) as error:
        # A certificate that is not theirs counts as TLS wherever it turns up.
        place = "TLS" if isinstance(error, ssl.SSLError) else setting
        raise NotOpened(f"{server.host}:{server.port}: {type(error).__name__}: {error}"[:300], place) from error
