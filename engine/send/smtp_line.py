"""Conversations with one mail server that are used again, by any number of threads; each step is told apart, because
before the last dot nothing was taken, and after it nobody knows until the server has spoken.
"""

import contextlib
import smtplib
import ssl
import time
from queue import Empty, LifoQueue

from engine.errors import JubileeError
from engine.send.exchange import NoAnswer, Patience
from engine.send.smtp_conversation import BROKEN, Conversation, MailServer, SaidNo, end, shown

IDLE_SECONDS = 60.0  # shorter than any usual server waits before it hangs up
MAILS_A_CONVERSATION = 100  # some relays allow no more


class BrokenOff(JubileeError):
    """The conversation broke before the mail was whole, so nothing was taken."""


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
        end(conversation)

    def close(self) -> None:
        """End the conversations that nobody uses."""
        with contextlib.suppress(Empty):
            while True:
                end(self._idle.get_nowait())

    def _begun(self, sender: str, deadline: float) -> Conversation:
        """A conversation that has taken our sender: an older one, unless the server has hung up on it meanwhile."""
        words = f"MAIL FROM:<{sender}>"
        while (conversation := self._taken_up()) is not None:
            conversation.deadline = deadline
            try:
                conversation.say("MAIL", words, 250)
                return conversation
            except (SaidNo, *BROKEN):
                conversation.close()  # nothing of this mail was said yet: a new one can
        conversation = self._opened(deadline)
        try:
            conversation.say("MAIL", words, 250)
        except SaidNo:
            end(conversation)
            raise
        except BROKEN as error:
            conversation.close()
            raise BrokenOff(f"MAIL: {type(error).__name__}") from error
        return conversation

    def _taken_up(self) -> Conversation | None:
        with contextlib.suppress(Empty):
            while True:
                conversation = self._idle.get_nowait()
                if time.monotonic() - conversation.used_at < IDLE_SECONDS:
                    return conversation
                end(conversation)
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
        except BROKEN:
            conversation.close()
        else:
            self._keep(conversation)

    def _keep(self, conversation: Conversation) -> None:
        conversation.mails += 1
        conversation.used_at = time.monotonic()
        if conversation.mails < MAILS_A_CONVERSATION:
            self._idle.put(conversation)
        else:
            end(conversation)


def _go_on(conversation: Conversation, recipient: str, content: bytes) -> str:
    try:
        conversation.say("RCPT", f"RCPT TO:<{recipient}>", 250)
        conversation.say("DATA", "DATA", 354)
        conversation.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    except BROKEN as error:
        # What could not be written whole has no last dot, and a server takes nothing without it.
        raise BrokenOff(f"before the mail was whole: {type(error).__name__}") from error
    try:
        code, said = conversation.getreply()
    except BROKEN as error:
        raise NoAnswer(f"no answer to the mail: {type(error).__name__}") from error
    if 400 <= code < 600:
        raise SaidNo("DATA", code, shown(said))
    if code // 100 != 2:
        raise NoAnswer(f"the answer to the mail is none: {code}")
    return shown(said)
