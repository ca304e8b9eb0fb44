"""Email by any mail server: what it is asked, and what its answers mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.clock import machine_now
from engine.errors import InvalidInput, JubileeError
from engine.links import Links
from engine.secret import open_secret
from engine.send.channels.mail import Identity, message_id_of, open_identity, recipient
from engine.send.channels.mime import mail_bytes
from engine.send.exchange import Patience
from engine.send.outgoing import Accepted, OutgoingMessage, Refused, Whose
from engine.send.smtp_conversation import MailServer, NotOpened, SaidNo, Step
from engine.send.smtp_line import BrokenOff, MailLine
from engine.settings import Settings, read_environment

PREFIX = "JUBILEE_SMTP_"
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_ENHANCED = re.compile(r"([45])\.(\d{1,3})\.(\d{1,3})\b")
_CLOSED_TO_US = re.compile(r"relay|authenticat|not permitted to send", re.IGNORECASE)
_ADDRESS = re.compile(r"\S+@\S+")


class SmtpSettings(BaseSettings):
    """Email by SMTP; docs/how-to/smtp.md is checked against this class."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    host: str = Field("", description="The mail server; empty: SMTP is not used")
    port: int = Field(587, ge=1, le=65535, description="Its port: 587 for starttls, 465 for tls")
    tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is encrypted; none only for a relay on the same machine or network"
    )
    user: str = Field("", description="Who logs in; empty: nobody does")
    password: str = Field("", description="Their password")
    rate: float = Field(100, gt=0, le=10_000, description="Mails a second that all workers together hand over")


@dataclass(frozen=True, slots=True)
class Fault:
    """What one of a server's refusals means for us."""

    reason: str
    whose: Whose
    permanent: bool


_CLOSING = Fault("closing", "provider", permanent=False)
_WRONG_LOGIN = Fault("wrong_login", "provider", permanent=False)
_NO_MAILBOX = Fault("no_such_mailbox", "address", permanent=True)
_LATER = Fault("try_again_later", "message", permanent=False)
_NOT_TAKEN = Fault("mail_not_taken", "message", permanent=True)

# At any step (RFC 5321 4.2.3, RFC 4954 6).
CODES: Mapping[int, Fault] = {
    421: _CLOSING,
    454: _WRONG_LOGIN,
    530: _WRONG_LOGIN,
    534: _WRONG_LOGIN,
    535: _WRONG_LOGIN,
    538: _WRONG_LOGIN,
}
# At the recipient: these speak of the mailbox. At the mail itself the same numbers mostly speak of its content, and an
# address is too good to be given up for that; there only an enhanced code (RFC 3463) says that there is no mailbox.
RECIPIENT_CODES: Mapping[int, Fault] = {
    501: _NO_MAILBOX,  # "bad recipient address syntax"
    550: _NO_MAILBOX,
    551: _NO_MAILBOX,
    553: _NO_MAILBOX,
}
NO_MAILBOX = frozenset({(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)})


class Smtp:
    """Hands mails over one by one; any number of threads at once."""

    name = "email"
    parallel = 4

    def __init__(self, line: MailLine, identity: Identity, links: Links | None = None, *, rate: float = 100) -> None:
        self.rate = rate
        self._line = line
        self._identity = identity
        self._links = links

    def send(self, message: OutgoingMessage) -> Accepted:
        """Hand over. Raises Refused, or NoAnswer where nobody can tell."""
        to = recipient(message)
        try:
            content = mail_bytes(message, to, self._identity, now=machine_now())
        except Exception as error:  # nothing was sent yet
            raise Refused(f"cannot_build: {type(error).__name__}", permanent=True) from error
        try:
            self._line.hand_over(self._return_path(message.message_id), to, content)
        except SaidNo as no:
            raise refusal_of(no.step, no.code, no.saying) from no
        except (NotOpened, BrokenOff) as error:
            raise Refused(f"unreachable: {error}", permanent=False, whose="provider") from error
        return Accepted(message_id_of(message.message_id, self._identity).strip("<>"))

    def find(self, message_id: UUID) -> None:
        """A mail server cannot be asked what became of a mail."""

    def check(self) -> str:
        """Whether the server lets us in."""
        try:
            self._line.check()
        except NotOpened as error:
            names = {"HOST": "HOST, PORT", "USER": "USER, PASSWORD"}.get(error.setting, error.setting)
            raise JubileeError(", ".join(f"{PREFIX}{name}" for name in names.split(", ")) + f": {error}") from error
        return "the mail server lets us in"

    def close(self) -> None:
        """End the conversations."""
        self._line.close()

    def _return_path(self, message_id: UUID) -> str:
        """Where it is reported that a mail could not be delivered: with its token, if that comes to Jubilee."""
        if self._links is None or not self._identity.reply_domain:
            return self._identity.address
        return self._links.bounce_address(message_id, self._identity.reply_domain)


def open_channel(settings: Settings) -> Smtp | None:
    """Email by SMTP where a server is configured."""
    group = read_environment(SmtpSettings)
    if not group.host:
        return None
    if group.user and group.tls == "none" and group.host not in _OWN_MACHINE:
        raise InvalidInput(f"{PREFIX}TLS: none would show the password to everybody on the way to {group.host}")
    if group.user and not group.password:
        raise InvalidInput(f"{PREFIX}PASSWORD is missing, though {PREFIX}USER is set")
    identity = open_identity(settings)
    server = MailServer(group.host, group.port, identity.message_domain, group.tls, group.user, group.password)
    links = Links(open_secret(settings), settings.public_url) if identity.reply_domain else None
    return Smtp(MailLine(server, Patience()), identity, links, rate=group.rate)


def refusal_of(step: Step, code: int, saying: str) -> Refused:
    """What a server's no means, by the tables above."""
    fault = _fault_of(step, code, saying)
    said = _ADDRESS.sub("...", saying)[:160]
    return Refused(f"{fault.reason}: {code} {said}", permanent=fault.permanent, whose=fault.whose)


def _fault_of(step: Step, code: int, saying: str) -> Fault:
    if code in CODES:
        return CODES[code]
    if not 400 <= code < 600:
        return Fault("nonsense", "provider", permanent=False)
    if step == "MAIL":  # it speaks of our sender, which is the same for all: no message is to blame
        return Fault("sender_refused", "provider", permanent=False)
    if code < 500:
        return _LATER
    enhanced = _ENHANCED.search(saying)
    detail = (int(enhanced[2]), int(enhanced[3])) if enhanced and enhanced[1] == "5" else None
    if detail in NO_MAILBOX:
        return _NO_MAILBOX
    if detail and detail[0] == 7:  # policy: closed to all of ours, which somebody must mend, or to this mail
        closed = step == "RCPT" and _CLOSED_TO_US.search(saying)
        return Fault("relaying_denied", "provider", permanent=False) if closed else _NOT_TAKEN
    if step == "RCPT" and detail is None:
        return RECIPIENT_CODES.get(code, _NOT_TAKEN)
    return _NOT_TAKEN
