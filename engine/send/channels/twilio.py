"""Twilio, which carries texts and WhatsApp: one account, one question per message, and what its answers mean.

The form is built here rather than by Twilio's library, which is heavy to import and has no timeout for a whole answer.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.clock import machine_now
from engine.errors import InvalidInput, JubileeError
from engine.send.exchange import Answer, Line, NoAnswer, NotReached, Patience
from engine.send.outgoing import Accepted, Refused, Whose
from engine.settings import Settings, read_environment

STATUS_PATH = "/hooks/twilio/status"
OUTSIDE_WINDOW = "outside_whatsapp_window"


class TwilioSettings(BaseSettings):
    """Texts and WhatsApp by Twilio; docs/how-to/twilio.md is checked against this class."""

    model_config = SettingsConfigDict(env_prefix="JUBILEE_TWILIO_", extra="ignore", frozen=True)

    account_sid: str = Field("", description="The account, AC and 32 characters; empty: Twilio is not used")
    auth_token: str = Field("", description="The account's secret; it also proves that receipts come from Twilio")
    sms_from: str = Field("", description="Who texts come from: a number (+1...), a name, or a service (MG...)")
    whatsapp_from: str = Field("", description="The WhatsApp sender's number (+1...), or a messaging service (MG...)")
    sms_rate: float = Field(1, gt=0, le=1000, description="Texts a second that this sender may hand over, in all")
    whatsapp_rate: float = Field(20, gt=0, le=1000, description="WhatsApp messages a second, in all")
    url: str = Field("https://api.twilio.com", pattern="^https?://", description="Where Twilio's API is")


@dataclass(frozen=True, slots=True)
class Fault:
    """What one of Twilio's complaints means for us."""

    reason: str
    whose: Whose
    permanent: bool


_BUSY = Fault("too_many_requests", "provider", permanent=False)
_WRONG_KEY = Fault("wrong_key", "provider", permanent=False)
_WRONG_SENDER = Fault("wrong_sender", "provider", permanent=False)
_NO_NUMBER = Fault("invalid_number", "address", permanent=True)
_OPTED_OUT = Fault("opted_out", "address", permanent=True)
_NO_WINDOW = Fault(OUTSIDE_WINDOW, "message", permanent=True)

# By Twilio's own code, which says more than the status. Every other code of a 4xx ends the message.
FAULTS: Mapping[int, Fault] = {
    20429: _BUSY,
    14107: _BUSY,  # SMS send rate limit exceeded
    21611: _BUSY,  # the sender's queue is full
    63018: _BUSY,  # the channel's rate limit
    20003: _WRONG_KEY,
    20005: Fault("account_not_active", "provider", permanent=False),
    20404: Fault("wrong_account_or_url", "provider", permanent=False),
    21212: _WRONG_SENDER,
    21603: _WRONG_SENDER,
    21606: _WRONG_SENDER,
    21659: _WRONG_SENDER,
    21660: _WRONG_SENDER,
    63007: _WRONG_SENDER,  # no WhatsApp sender of this number
    21211: _NO_NUMBER,
    21217: _NO_NUMBER,
    21614: _NO_NUMBER,  # a landline, or not mobile
    63003: Fault("not_on_whatsapp", "address", permanent=True),
    63024: Fault("not_on_whatsapp", "address", permanent=True),
    21610: _OPTED_OUT,  # answered STOP
    63016: _NO_WINDOW,
}
STATUSES: Mapping[int, Fault] = {
    401: _WRONG_KEY,
    403: _WRONG_KEY,
    404: FAULTS[20404],
    408: _BUSY,
    429: _BUSY,
}


class Account:
    """The account that both channels hand over to."""

    def __init__(self, group: TwilioSettings, public_url: str, patience: Patience | None = None) -> None:
        self._path = f"/2010-04-01/Accounts/{quote(group.account_sid, safe='')}"
        key = b64encode(f"{group.account_sid}:{group.auth_token}".encode()).decode()
        self._key = {"Authorization": f"Basic {key}", "Accept": "application/json"}
        self._line = Line(group.url, patience=patience)
        self._receipts = _receipts_url(public_url)

    def hand_over(self, message_id: UUID, fields: Mapping[str, str]) -> Accepted:
        """Post one message. Raises Refused, or NoAnswer where nobody can tell."""
        form = dict(fields)
        if self._receipts:
            # Our id goes along in the address: a receipt then settles even a message whose own id we never learned.
            form["StatusCallback"] = f"{self._receipts}?message_id={message_id}"
        headers = {**self._key, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = self._line.ask(
                "POST", f"{self._path}/Messages.json", headers, urlencode(form, errors="replace").encode()
            )
        except NotReached as error:
            raise Refused(f"unreachable: {error}", permanent=False, whose="provider") from error
        return read_answer(answer, now=machine_now())

    def check(self) -> str:
        """Whether Twilio knows the key and the account is active."""
        try:
            answer = self._line.ask("GET", f"{self._path}.json", self._key)
        except (NotReached, NoAnswer) as error:
            raise JubileeError(f"JUBILEE_TWILIO_URL: {error}") from error
        if answer.status in (401, 403, 404):
            raise JubileeError("JUBILEE_TWILIO_ACCOUNT_SID, JUBILEE_TWILIO_AUTH_TOKEN: Twilio does not know them")
        state = _fields(answer).get("status")
        if answer.status != 200 or state != "active":
            raise JubileeError(f"JUBILEE_TWILIO_ACCOUNT_SID: Twilio answers {answer.status}, account {state or '?'}")
        if not self._receipts:
            return "the account is active; no receipts come, because JUBILEE_PUBLIC_URL is local"
        return "the account is active"

    def close(self) -> None:
        """Let go of the connections."""
        self._line.close()


def read_answer(answer: Answer, *, now: datetime) -> Accepted:
    """Accepted, or Refused, by the tables above. Anything else, above all 5xx, nobody knows the end of: NoAnswer."""
    said = _fields(answer)
    if 200 <= answer.status < 300:
        if not isinstance(sid := said.get("sid"), str) or not sid:
            raise NoAnswer(f"Twilio answers {answer.status} without an id")
        return Accepted(sid)
    if not 400 <= answer.status < 500:
        raise NoAnswer(f"Twilio answers {answer.status}")
    code = said.get("code")
    code = code if isinstance(code, int) else None
    fault = FAULTS.get(code or 0) or STATUSES.get(answer.status) or Fault(_name(code, answer), "message", True)
    wait = answer.retry_after(now=now) if fault is _BUSY else None
    raise Refused(fault.reason, permanent=fault.permanent, whose=fault.whose, retry_after=wait)


def read_group() -> TwilioSettings | None:
    """The account's settings; None where there is none. Raises InvalidInput where half of it is missing."""
    group = read_environment(TwilioSettings)
    if not group.account_sid:
        if group.sms_from or group.whatsapp_from:
            raise InvalidInput("JUBILEE_TWILIO_ACCOUNT_SID: is missing, though a sender is set")
        return None
    if not group.auth_token:
        raise InvalidInput("JUBILEE_TWILIO_AUTH_TOKEN: is missing, though JUBILEE_TWILIO_ACCOUNT_SID is set")
    if not group.sms_from and not group.whatsapp_from:
        raise InvalidInput(
            "JUBILEE_TWILIO_SMS_FROM: set it or JUBILEE_TWILIO_WHATSAPP_FROM, as nothing goes without a sender"
        )
    return group


def open_account(group: TwilioSettings, settings: Settings) -> Account:
    """The account as this installation uses it."""
    return Account(group, settings.public_url)


def sender(value: str, prefix: str = "") -> dict[str, str]:
    """Who it comes from, as Twilio's form names it: a messaging service, or a number or name."""
    value = value.strip()
    if value.startswith("MG"):
        return {"MessagingServiceSid": value}
    return {"From": prefix + value.removeprefix(prefix)}


def e164(address: str) -> str:
    """A telephone number in its one international spelling. Raises Refused where it is none."""
    import phonenumbers

    try:
        number = phonenumbers.parse(address, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise Refused("invalid_number", permanent=True, whose="address")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _receipts_url(public_url: str) -> str:
    """Where Twilio tells us what became of a message; empty where it could not reach us (it refuses such addresses)."""
    host = urlsplit(public_url).hostname or "localhost"
    try:
        local = not ip_address(host).is_global
    except ValueError:
        local = host == "localhost" or host.endswith(".localhost")
    return "" if local else public_url.rstrip("/") + STATUS_PATH


def _fields(answer: Answer) -> Mapping[str, Any]:
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _name(code: int | None, answer: Answer) -> str:
    return f"twilio_{code}" if code else f"http_{answer.status}"
