"""SendGrid's event webhook: whether it was really SendGrid, and what its events say in our words.

SendGrid repeats events, under other ids of its own and in any order; what makes one is our message id, SendGrid's id of
the mail, and what happened to it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from engine.errors import InvalidInput
from engine.listen.said import Said, as_uuid, storable

log = structlog.get_logger()

PROVIDER = "sendgrid"
SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
OLDEST = timedelta(minutes=5)
SKEW = timedelta(minutes=1)
KINDS: Mapping[str, str] = {
    "processed": "processed",
    "deferred": "deferred",
    "delivered": "delivered",
    "open": "opened",
    "click": "clicked",
    "bounce": "bounced",
    "dropped": "dropped",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}
# Said of an address, whichever mail it was about: it counts also where another system sent that mail.
_OF_THE_PERSON = ("complained", "unsubscribed")
# Why SendGrid dropped a mail unsent, and what that says of the address or the person.
_DROPPED: Mapping[str, Mapping[str, Any]] = {
    "bounced address": {"dead": True},
    "invalid": {"dead": True},
    "spam reporting address": {"also": "complained"},
    "unsubscribed address": {"also": "unsubscribed"},
}


@dataclass(frozen=True, slots=True)
class Signed:
    """What came with a call: the body as it was sent, byte for byte, and the two headers that vouch for it."""

    body: bytes
    signature: str
    timestamp: str


def is_genuine(call: Signed, key: str, *, now: datetime) -> bool:
    """Whether SendGrid signed exactly this body, a moment ago. The library does not look at the age. Raises
    InvalidInput where the key is none."""
    return bool(key) and _is_fresh(call.timestamp, now) and _is_signed(call, key)


def read_events(body: bytes) -> list[Said]:
    """What the events say. One that cannot be read, or that we have no word for, keeps none of the others. Raises
    InvalidInput where the body is no list of events."""
    try:
        events = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("this is not JSON") from error
    if not isinstance(events, list):
        raise InvalidInput("a list of events is expected")
    read = list(_read_each(events))
    if len(read) < len(events):
        log.info("events_left_out", provider=PROVIDER, count=len(events) - len(read))
    return read


def _is_fresh(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    age = now - datetime.fromtimestamp(int(timestamp), UTC)
    return -SKEW <= age <= OLDEST


def _is_signed(call: Signed, key: str) -> bool:
    from sendgrid.helpers.eventwebhook import EventWebhook

    try:
        webhook = EventWebhook(key)
    except ValueError as error:
        raise InvalidInput("JUBILEE_SENDGRID_WEBHOOK_KEY: this is not SendGrid's verification key") from error
    try:
        return bool(webhook.verify_signature(call.body.decode("utf-8"), call.signature, call.timestamp))
    except ValueError:  # not UTF-8, or a signature that is not base64
        return False


def _read_each(events: Iterable[Any]) -> Iterator[Said]:
    for event in events:
        said = _read(event) if isinstance(event, dict) else None
        if said is not None:
            yield said


def _read(event: Mapping[str, Any]) -> Said | None:
    kind, at = KINDS.get(_text(event, "event")), _instant(event.get("timestamp"))
    message_id, address = as_uuid(event.get("message_id")), _text(event, "email")
    if kind is None or at is None or (message_id is None and kind not in _OF_THE_PERSON):
        return None
    mail = _mail_id(_text(event, "sg_message_id"))
    if message_id is None and not address:
        return None
    return Said(
        provider=PROVIDER,
        key=":".join((str(message_id or ""), mail, *_what(event, kind, address if message_id is None else ""))),
        kind=kind,
        occurred_at=at,
        message_id=message_id,
        provider_id=mail or None,
        address=address or None,
        detail=_text(event, "reason") or _text(event, "response") or None,
        data={"channels": ["email"], **_meaning(event, kind)},
    )


def _what(event: Mapping[str, Any], kind: str, address: str) -> Iterator[str]:
    """What tells two events of one mail apart; a mail can be put off several times."""
    yield kind
    if kind == "bounced":
        yield _text(event, "type")
    if kind == "deferred":
        yield str(event.get("attempt", ""))[:10]
    if address:
        yield address.casefold()


def _meaning(event: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """A block is somebody's policy of the day, a bounce is the end of the address, unless its code says otherwise."""
    if kind == "bounced" and _text(event, "type") != "blocked" and not _text(event, "status").startswith("4"):
        return {"dead": True}
    if kind == "dropped":
        return _DROPPED.get(_text(event, "reason").casefold(), {})
    return {}


def _mail_id(sg_message_id: str) -> str:
    """SendGrid's id as it was told when it took the mail: in events it has the name of a machine behind it."""
    for mark in (".filter", ".recvd"):
        sg_message_id = sg_message_id.partition(mark)[0]
    return sg_message_id


def _text(event: Mapping[str, Any], name: str) -> str:
    found = event.get(name)
    return storable(found[:1_000]).strip() if isinstance(found, str) else ""


def _instant(timestamp: object) -> datetime | None:
    if isinstance(timestamp, bool) or not isinstance(timestamp, int) or not 0 < timestamp < 10**11:
        return None
    return datetime.fromtimestamp(timestamp, UTC)
