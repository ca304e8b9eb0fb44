"""One mail from outside, read into plain values: who wrote it to whom, what it says, what it answers. Never fails on
what a stranger sends; what it cannot read is left out.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses

from engine.listen.quoting import text_of_html
from engine.listen.said import storable

LARGEST_MAIL = 10_000_000
LONGEST_TEXT = 20_000
LONGEST_LINE = 300
MOST_PARTS = 200
# Where the mail was really sent, besides its To: what mail servers write while they pass it on.
_RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "X-Envelope-To", "Envelope-To")
_IDS = re.compile(r"<([^<>\s]{1,300})>")
_ROBOTS = re.compile(r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply)\b", re.I)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as far as anybody here needs it. `answers` are the ids of mails it refers to, the latest first."""

    key: str
    from_address: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    automatic: bool
    answers: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    parts: EmailMessage | None = field(default=None, compare=False, repr=False)


def read_mail(raw: bytes, *, envelope_to: Iterable[str] = ()) -> Mail:
    """Read a mail as it came over the wire. `envelope_to`: where the mail server says it was sent."""
    parts = message_from_bytes(raw[:LARGEST_MAIL], policy=policy.default)
    assert isinstance(parts, EmailMessage)
    return Mail(
        key=_message_id(parts) or hashlib.sha256(raw).hexdigest(),
        from_address=first_address(header(parts, "From")),
        recipients=tuple(_recipients(parts, envelope_to)),
        subject=one_line(header(parts, "Subject")),
        text=_text(parts)[:LONGEST_TEXT],
        automatic=is_automatic(parts),
        answers=tuple(_answers(parts)),
        attachments=tuple(_attachments(parts)),
        parts=parts,
    )


def header(parts: EmailMessage, name: str) -> str:
    """A header as text; nothing where there is none, or where it cannot be read."""
    try:
        found = parts.get(name)
    except Exception:  # the library fails in many ways on headers that are none
        return ""
    return storable(str(found)) if found is not None else ""


def is_automatic(parts: EmailMessage) -> bool:
    """Whether a program wrote it: an absence, a confirmation, a list (RFC 3834, and what the great ones add)."""
    submitted = header(parts, "Auto-Submitted").strip().lower()
    if submitted and not submitted.startswith("no"):
        return True
    if header(parts, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return True
    if any(header(parts, name) for name in ("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "List-Id")):
        return True
    return header(parts, "Return-Path").strip() == "<>" or bool(_ROBOTS.match(first_address(header(parts, "From"))))


def first_address(line: str) -> str:
    """The first address of a header line, without its name."""
    return next((address for _, address in _addresses([line]) if "@" in address), "")[:LONGEST_LINE]


def one_line(text: str) -> str:
    """A header in one line."""
    return " ".join(text.split())[:LONGEST_LINE]


def ids_in(text: str) -> list[str]:
    """The message ids that a header names."""
    return _IDS.findall(text)


def _message_id(parts: EmailMessage) -> str:
    raw = header(parts, "Message-ID").strip()
    return (next(iter(ids_in(raw)), "") or raw)[:LONGEST_LINE]


def _recipients(parts: EmailMessage, envelope_to: Iterable[str]) -> Iterator[str]:
    lines = [*envelope_to, *(header(parts, name) for name in _RECIPIENTS)]
    for _, address in _addresses(lines)[:MOST_PARTS]:
        if "@" in address:
            yield address[:LONGEST_LINE]


def _addresses(lines: Iterable[str]) -> list[tuple[str, str]]:
    try:
        return getaddresses([line[:10_000] for line in lines if line])
    except Exception:
        return []


def _answers(parts: EmailMessage) -> Iterator[str]:
    yield from ids_in(header(parts, "In-Reply-To"))
    yield from reversed(ids_in(header(parts, "References"))[-MOST_PARTS:])


def _text(parts: EmailMessage) -> str:
    """The plain text; that of the HTML where there is no plain text."""
    try:
        part = parts.get_body(preferencelist=("plain", "html"))
    except Exception:
        part = None
    if not isinstance(part, EmailMessage):
        return ""
    text = _decoded(part)
    return (text_of_html(text[: 20 * LONGEST_TEXT]) if part.get_content_type() == "text/html" else text).strip()


def _decoded(part: EmailMessage) -> str:
    """Whatever its charset calls itself: a letter that cannot be read is better than none."""
    try:
        payload = part.get_payload(decode=True)
        body = payload if isinstance(payload, bytes) else str(payload or "").encode()
        charset = part.get_content_charset("utf-8")
    except Exception:
        return ""
    try:
        return storable(body.decode(charset, "replace"))
    except LookupError:
        return storable(body.decode("utf-8", "replace"))


def _attachments(parts: EmailMessage) -> Iterator[str]:
    """Their names: what they hold is not kept."""
    for number, part in enumerate(parts.walk()):
        if number >= MOST_PARTS:
            return
        try:
            name = part.get_filename()
        except Exception:
            name = None
        if name:
            yield one_line(storable(str(name)))[:100]
