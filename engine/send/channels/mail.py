"""What every way of sending mail shares: in whose name it goes, to exactly one recipient, with headers that nobody
but us has written."""

import re
from dataclasses import dataclass
from email.header import Header
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.errors import InvalidInput
from engine.send.outgoing import OutgoingMessage, Refused
from engine.settings import PREFIX, Settings, read_environment
from engine.write.escape import one_line

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(
    r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~ -]*")
_LONGEST_NAME = 120
_LONGEST_SUBJECT = 300
_LONGEST_PLAIN_LINE = 200
_FOREIGN_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,200}")
_LONGEST_REFERENCES = 900  # a line of a mail may have 998 characters


class MailSettings(BaseSettings):
    """In whose name mail goes, whichever provider carries it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    email_from: str = Field(
        "", description="The address that mails come from; its domain is yours and proves it by DKIM"
    )
    email_reply_domain: str = Field(
        "", description="Domain whose mail comes to Jubilee, for answers and bounces; empty: they go to people directly"
    )

    @field_validator("email_from")
    @classmethod
    def _is_one_address(cls, address: str) -> str:
        if address and plain_address(address) is None:
            raise ValueError(f"{address!r} is not one plain mail address")
        return address

    @field_validator("email_reply_domain")
    @classmethod
    def _is_a_domain(cls, domain: str) -> str:
        if domain and not _DOMAIN.fullmatch(domain):
            raise ValueError(f"{domain!r} is not a domain")
        return domain


@dataclass(frozen=True, slots=True)
class Identity:
    """In whose name mail goes. `message_domain` ends our Message-IDs."""

    address: str
    reply_domain: str = ""

    @property
    def message_domain(self) -> str:
        return self.address.rpartition("@")[2]


def open_identity(settings: Settings) -> Identity:
    """Whose mail it is. Raises InvalidInput, with the variable, where mail of this kind may not go."""
    mail = read_environment(MailSettings)
    if not mail.email_from:
        raise InvalidInput("JUBILEE_EMAIL_FROM is missing: the address that mails come from")
    if settings.live and not settings.postal_address.strip():
        raise InvalidInput("JUBILEE_POSTAL_ADDRESS is missing: a mail to customers must show it (CAN-SPAM)")
    if settings.live and urlsplit(settings.public_url).scheme != "https":
        raise InvalidInput("JUBILEE_PUBLIC_URL must begin with https:// so that customers can leave with one click")
    return Identity(mail.email_from, mail.email_reply_domain)


def plain_address(text: str) -> str | None:
    """`text` if it is one mail address and nothing else, its domain as mail servers write it; None where a server
    could read a second recipient, a name or a route into it. Letters outside ASCII before the @ are not carried."""
    local, at, domain = text.rpartition("@")
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local):
        return None
    try:
        host = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return None
    return f"{local}@{host}" if _DOMAIN.fullmatch(host) else None


def recipient(message: OutgoingMessage) -> str:
    """The one recipient. Raises Refused, for good, where the address is none or might be several."""
    address = plain_address(message.address)
    if address is None:
        raise Refused("invalid_address", permanent=True, whose="address")
    return address


def answers_to(message: OutgoingMessage, identity: Identity) -> str:
    """Where an answer goes: what the message says, if it is one plain address."""
    return plain_address(message.reply_to) or identity.address


def name_of(text: str) -> str:
    """A display name: one line without control characters and reversing marks, not endless."""
    return one_line(text)[:_LONGEST_NAME]


def subject_of(message: OutgoingMessage) -> str:
    """The subject as one line."""
    return one_line(message.subject)[:_LONGEST_SUBJECT]


def message_id_of(message_id: UUID, identity: Identity) -> str:
    """The Message-ID: always the same for a message of ours, so that a mail program shows a double as one."""
    return f"<{message_id}@{identity.message_domain}>"


def own_headers(message: OutgoingMessage, identity: Identity) -> dict[str, str]:
    """The headers that say what this mail is, each in plain ASCII and on one line, as DKIM wants List-Unsubscribe.

    Without an approving person it is automatic mail (RFC 3834), and out-of-office programs do not answer it; a
    person's letter may be answered by one. A link that is not https must not be offered for one click (RFC 8058).
    """
    headers = {"Message-ID": message_id_of(message.message_id, identity)}
    if message.unsubscribe_url.startswith("https://") and message.unsubscribe_url.isascii():
        headers["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if not message.by_person:
        headers["Auto-Submitted"] = "auto-generated"
    return headers | _thread_of(message, identity)


def _thread_of(message: OutgoingMessage, identity: Identity) -> dict[str, str]:
    """What an answer refers to (RFC 5322 3.6.4). An id that a stranger's program made up is written only where it can
    be nothing else; of a long thread the beginning and the end are named."""
    ids = [
        message_id_of(one, identity) if isinstance(one, UUID) else f"<{one}>"
        for one in message.thread
        if isinstance(one, UUID) or ("@" in one and _FOREIGN_ID.fullmatch(one))
    ]
    if not ids:
        return {}
    while len(" ".join(ids)) > _LONGEST_REFERENCES:
        del ids[1]
    return {"In-Reply-To": ids[-1], "References": " ".join(ids)}


def mailbox(name: str, address: str) -> str:
    """`name <address>` for a header, the name quoted or encoded so that it stays a name."""
    shown = name_of(name)
    if not shown:
        return f"<{address}>"
    if _PLAIN_NAME.fullmatch(shown):
        return f"{shown} <{address}>"
    if shown.isascii() and shown.isprintable() and "=?" not in shown:
        quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_encoded(shown)} <{address}>"


def header_text(text: str) -> str:
    """`text` for an unstructured header such as the subject, folded with CRLF where it is long."""
    if text.isascii() and text.isprintable() and len(text) <= _LONGEST_PLAIN_LINE and "=?" not in text:
        return text
    return _encoded(text)


def _encoded(text: str) -> str:
    """Encoded words (RFC 2047): nothing in them is read as an address or as the end of a line."""
    return Header(text, "utf-8", maxlinelen=75, header_name="Subject").encode(linesep="\r\n")
