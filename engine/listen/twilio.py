"""Twilio's calls about texts and WhatsApp: whether it was really Twilio, what became of a message, and what was
written back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from engine.errors import InvalidInput
from engine.listen.said import Said, as_uuid, storable

PROVIDER = "twilio"
SIGNATURE_HEADER = "X-Twilio-Signature"
MOST_FIELDS = 200
WHATSAPP = "whatsapp:"
KINDS: Mapping[str, str] = {
    "accepted": "processed",
    "scheduled": "processed",
    "queued": "processed",
    "sending": "processed",
    "sent": "processed",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
# The number is none, is a landline, or has no WhatsApp. A handset that is only switched off (30003) is not dead.
DEAD: Mapping[str, str] = {
    "21211": "this is not a telephone number",
    "21614": "this is not a mobile number",
    "30005": "nobody has this number",
    "30006": "this is a landline, or its carrier cannot be reached",
    "63003": "nobody can be reached there",
    "63024": "this number has no WhatsApp",
}
STOPPED = "21610"  # they told Twilio to stop
OTHERS: Mapping[str, str] = {
    "30003": "the handset could not be reached",
    "30004": "the message was blocked",
    "30007": "the carrier filtered it",
    "30008": "the carrier gave no reason",
    STOPPED: "the customer had answered STOP",
    "63016": "more than 24 hours had passed since the customer last wrote",
}
_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


class Fields(dict[str, list[str]]):
    """A form's fields, each with all its values; Twilio's validator asks for them in this way."""

    def getlist(self, name: str) -> list[str]:
        """All values of a field."""
        return self.get(name, [])

    def first(self, name: str) -> str:
        """The first value of a field, or nothing."""
        return storable(next(iter(self.get(name, ())), "")).strip()


@dataclass(frozen=True, slots=True)
class Written:
    """What a customer wrote by text or WhatsApp. `answered`: Twilio has replied to a STOP, START or HELP itself."""

    channel: str
    key: str
    address: str
    text: str
    media: int
    answered: bool


def read_form(body: bytes) -> Fields:
    """The fields of a call. Raises InvalidInput where it is no form."""
    fields = Fields()
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise InvalidInput("this is not a form") from error
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def is_genuine(url: str, fields: Fields, signature: str, token: str) -> bool:
    """Whether Twilio signed these fields for this URL, which is the public one: the Host header is anybody's word."""
    from twilio.request_validator import RequestValidator

    if not token or not signature:
        return False
    try:
        return bool(RequestValidator(token).validate(url, fields, signature))
    except (ValueError, UnicodeError):
        return False


def read_status(url: str, fields: Fields, *, now: datetime) -> Said | None:
    """What a status callback says; None where it says nothing that we have a word for. It has no time of its own."""
    provider_id, status = fields.first("MessageSid") or fields.first("SmsSid"), _status(fields)
    kind = KINDS.get(status)
    if kind is None or not provider_id:
        return None
    code = fields.first("ErrorCode")
    return Said(
        provider=PROVIDER,
        key=f"{provider_id}:{status}",
        kind=kind,
        occurred_at=now,
        message_id=_our_id(url),
        provider_id=provider_id,
        address=_address(fields.first("To")) or None,
        detail=_detail(code, fields) if kind == "failed" else None,
        data={"channels": [_channel(fields.first("To"))], **_meaning(kind, code)},
    )


def read_written(fields: Fields) -> Written | None:
    """What a customer wrote; None where it came from nobody."""
    key, sender = fields.first("MessageSid") or fields.first("SmsSid"), fields.first("From")
    if not key or not sender:
        return None
    media = fields.first("NumMedia")
    return Written(
        channel=_channel(sender),
        key=key,
        address=_address(sender),
        text=storable(next(iter(fields.getlist("Body")), "")),
        media=int(media) if media.isascii() and media.isdigit() and len(media) < 4 else 0,
        answered=bool(fields.first("OptOutType")),
    )


def _status(fields: Fields) -> str:
    return (fields.first("MessageStatus") or fields.first("SmsStatus")).lower()


def _our_id(url: str) -> Any:
    """Our message id, where the callback's address carries it: a message whose answer was lost has no other."""
    values = (value for found in parse_qs(urlsplit(url).query).values() for value in found)
    return next((as_uuid(value) for value in values if _UUID.fullmatch(value)), None)


def _meaning(kind: str, code: str) -> Mapping[str, Any]:
    if kind != "failed":
        return {}
    return {"dead": True} if code in DEAD else {"also": "stopped"} if code == STOPPED else {}


def _detail(code: str, fields: Fields) -> str:
    said = DEAD.get(code) or OTHERS.get(code) or fields.first("ErrorMessage") or _status(fields)
    return f"{said} ({code})" if code else said


def _channel(address: str) -> str:
    return "whatsapp" if address.startswith(WHATSAPP) else "sms"


def _address(address: str) -> str:
    return address.removeprefix(WHATSAPP)
