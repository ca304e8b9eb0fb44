"""Reports of mail servers about mails that could not be delivered (RFC 3464), and the letters that older ones write
instead. Pure.

Whose mail it was is told by what only our mail carried: the signed token of its return path or its Reply-To, or else
its message id.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from email.message import EmailMessage, Message
from uuid import UUID

from engine.listen.mail import Mail, first_address, header, ids_in
from engine.listen.said import Said, storable

PROVIDER = "smtp"
ReadAddress = Callable[[str], UUID | None]

_KINDS = {"failed": "bounced", "delayed": "deferred", "delivered": "delivered", "relayed": "processed"}
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY_CODE = re.compile(r"(?:^|[\s:])([45]\d\d)[ -]", re.M)
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.I)
_ROBOT = re.compile(r"^(mailer-daemon|postmaster|mail-?delivery|mdaemon)", re.I)
# Of class 5, and yet not the address's end: it is full, the mail was too large, the system or a policy said no.
_NOT_DEAD = re.compile(r"5\.(2\.[23]|3\.|6\.|7\.)")
_LONGEST_LETTER = 20_000


def read_bounces(mail: Mail, read_address: ReadAddress, *, now: datetime) -> list[Said]:
    """What the report says of our mails; nothing where it is no report, or speaks of no mail of ours."""
    if mail.parts is None:
        return []
    message_id = _message_id(mail, read_address)
    if message_id is None:
        return []
    if _is_report(mail.parts):
        return list(_read_report(mail.parts, message_id, now))
    letter = _read_letter(mail, message_id, now)
    return [letter] if letter else []


def is_report(mail: Mail) -> bool:
    """Whether this is a mail server's report, whoever's mail it speaks of: nobody needs to read it as an answer."""
    return mail.parts is not None and _is_report(mail.parts)


def our_id_in(ids: Iterable[str]) -> UUID | None:
    """Our message id, where one of these ids of mails holds it."""
    found = (_UUID.search(one.partition("@")[0]) for one in ids)
    return next((UUID(match.group()) for match in found if match), None)


def _is_report(parts: EmailMessage) -> bool:
    return (
        parts.get_content_type() == "multipart/report"
        and str(parts.get_param("report-type", "delivery-status")).lower() == "delivery-status"
    )


def _read_report(parts: EmailMessage, message_id: UUID, now: datetime) -> Iterator[Said]:
    for group in _groups(parts):
        action = _field(group, "Action").split(" ")[0].lower()
        kind = _KINDS.get(action)
        if kind is None:
            continue
        status = _status(group)
        yield Said(
            provider=PROVIDER,
            key=f"{message_id}:{action}:{status}",
            kind=kind,
            occurred_at=now,
            message_id=message_id,
            address=_field(group, "Final-Recipient").partition(";")[2].strip() or None,
            detail=_detail(group, status),
            data={"channels": ["email"], "dead": kind == "bounced" and is_dead(status)},
        )


def is_dead(status: str) -> bool:
    """Whether a status of failure means that the address is none (RFC 3463)."""
    return status.startswith("5.") and not _NOT_DEAD.match(status)


def _groups(parts: EmailMessage) -> Iterator[Message]:
    """The groups of fields about one recipient each; the first group is about the report as a whole."""
    for part in parts.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            groups = payload if isinstance(payload, list) else []
            yield from (group for group in groups[:20] if isinstance(group, Message) and "Action" in group)


def _field(group: Message, name: str) -> str:
    return " ".join(storable(str(group.get(name) or "")).split())


def _status(group: Message) -> str:
    """A status of 5.0.0 says nothing; the diagnostic code then often does."""
    status, diagnostic = _STATUS.search(_field(group, "Status")), _STATUS.search(_field(group, "Diagnostic-Code"))
    if status and status.group() not in ("5.0.0", "4.0.0"):
        return status.group()
    return (diagnostic or status).group() if diagnostic or status else ""  # type: ignore[union-attr]


def _detail(group: Message, status: str) -> str:
    return _field(group, "Diagnostic-Code").partition(";")[2].strip() or status


def _message_id(mail: Mail, read_address: ReadAddress) -> UUID | None:
    assert mail.parts is not None
    returned = list(_returned_headers(mail.parts))
    addresses = [*mail.recipients]
    for one in returned:
        addresses += [first_address(_field(one, name)) for name in ("Reply-To", "Return-Path")]
    by_token = next((found for address in addresses if address and (found := read_address(address))), None)
    ids = [i for one in returned for i in ids_in(_field(one, "Message-ID"))]
    ids += ids_in(header(mail.parts, "Original-Message-ID")) + list(mail.answers)
    return by_token or our_id_in(ids)


def _returned_headers(parts: EmailMessage) -> Iterator[Message]:
    """Our own mail, or its headers alone, as the report gives them back."""
    for part in parts.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822":
            payload = part.get_payload()
            if isinstance(payload, list) and payload and isinstance(payload[0], Message):
                yield payload[0]
        elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
            from email import message_from_string

            yield message_from_string(str(part.get_payload())[:_LONGEST_LETTER])


def _read_letter(mail: Mail, message_id: UUID, now: datetime) -> Said | None:
    """A bounce as a plain letter. Only from a mail server itself, and only with a code of failure: an absence comes to
    the return path as well."""
    assert mail.parts is not None
    if not _ROBOT.match(mail.from_address) or header(mail.parts, "Auto-Submitted").lower().startswith("auto-replied"):
        return None
    text = mail.text[:_LONGEST_LETTER]
    status, code = _STATUS.search(text), _REPLY_CODE.search(text)
    said = status.group() if status else f"{code.group(1)[0]}.0.0" if code else ""
    if not said or said.startswith("2"):
        return None
    line = next((line for line in text.split("\n") if (status or code).group().strip() in line), said)  # type: ignore[union-attr]
    # A code of 4 in a letter of failure: the server has given up, and the address may be well again.
    return Said(
        provider=PROVIDER,
        key=f"{message_id}:failed:{said}",
        kind="bounced",
        occurred_at=now,
        message_id=message_id,
        detail=line,
        data={"channels": ["email"], "dead": status is not None and is_dead(said)},
    )
