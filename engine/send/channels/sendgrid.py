"""Email by SendGrid: the payload by its own library, the question by our line, and what its answers mean.

SendGrid has no key against doubles: our message id travels in `custom_args`, so that its events find their way back,
and whatever is not a clear answer leaves the delivery unconfirmed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.clock import machine_now
from engine.errors import JubileeError
from engine.send.channels.mail import Identity, answers_to, name_of, open_identity, own_headers, recipient, subject_of
from engine.send.exchange import Answer, Line, NoAnswer, NotReached, Patience
from engine.send.outgoing import Accepted, OutgoingMessage, Refused, Whose
from engine.settings import Settings, read_environment

KEY = "JUBILEE_SENDGRID_API_KEY"
_ADDRESS = re.compile(r"\S+@\S+")
_LONGEST_DETAIL = 160
_LONGEST_CATEGORY = 255


class SendGridSettings(BaseSettings):
    """Email by SendGrid; docs/how-to/sendgrid.md is checked against this class."""

    model_config = SettingsConfigDict(env_prefix="JUBILEE_SENDGRID_", extra="ignore", frozen=True)

    api_key: str = Field("", description="The key (SG....), with the permission Mail Send; empty: SendGrid is not used")
    url: str = Field(
        "https://api.sendgrid.com",
        pattern="^https?://",
        description="Where the API is; https://api.eu.sendgrid.com in the EU",
    )
    sandbox: bool = Field(False, description="SendGrid checks every mail and delivers none, for trying out")
    rate: float = Field(1000, gt=0, le=10_000, description="Mails a second that all workers together hand over")
    webhook_key: str = Field("", description="The public key of the signed event webhook, for receipts")
    inbound_token: str = Field("", description="The secret in the address of the inbound parse webhook, for answers")


@dataclass(frozen=True, slots=True)
class Fault:
    """What one of SendGrid's complaints means for us."""

    reason: str
    whose: Whose
    permanent: bool


_WRONG_KEY = Fault("wrong_key", "provider", permanent=False)
_WRONG_URL = Fault("wrong_url", "provider", permanent=False)

# What is the installation's own fault must lose no message: it waits behind the closed gate until somebody mends it.
# Every other 4xx ends the message; every 5xx but one leaves it unconfirmed, as "the request you made was valid, but an
# error occurred when SendGrid attempted to process it" (mail/send, errors) may mean that it was taken.
STATUSES: Mapping[int, Fault] = {
    401: _WRONG_KEY,  # also when the account's credits are used up
    403: Fault("not_permitted", "provider", permanent=False),  # key without Mail Send, or a sender not verified
    404: _WRONG_URL,  # JUBILEE_SENDGRID_URL leads elsewhere; no fault of the message
    405: _WRONG_URL,
    406: _WRONG_URL,
    408: Fault("not_received_whole", "provider", permanent=False),  # the request never arrived
    413: Fault("too_large", "message", permanent=True),
    429: Fault("too_many_requests", "provider", permanent=False),
    451: Fault("data_residency", "provider", permanent=False),  # a key of the EU asked elsewhere, or the reverse
    # "The SendGrid v3 Web API is not available" (the same page): it was not there to take anything.
    503: Fault("not_available", "provider", permanent=False),
}


class SendGrid:
    """Hands mails over one by one; any number of threads at once."""

    name = "email"
    parallel = 8

    def __init__(self, group: SendGridSettings, identity: Identity, patience: Patience | None = None) -> None:
        self.rate = group.rate
        self._identity = identity
        self._sandbox = group.sandbox
        self._url = group.url
        self._line = Line(group.url, patience=patience)
        self._headers = {"Authorization": f"Bearer {group.api_key}", "Accept": "application/json"}

    def send(self, message: OutgoingMessage) -> Accepted:
        """Hand over. Raises Refused, or NoAnswer where nobody can tell."""
        body = self._payload(message)
        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            answer = self._line.ask("POST", "/v3/mail/send", headers, body)
        except NotReached as error:
            raise Refused(f"unreachable: {error}", permanent=False, whose="provider") from error
        # In sandbox mode SendGrid answers 200, and 202 only where the mail really goes.
        if answer.status == 202 or (self._sandbox and answer.status == 200):
            # A missing id loses nothing: 202 says that it was taken, and events are matched by ours.
            return Accepted(answer.headers.get("x-message-id") or str(message.message_id))
        raise refusal_of(answer, now=machine_now())

    def find(self, message_id: UUID) -> None:
        """SendGrid cannot be asked for certain: its activity feed is an extra, and comes late."""

    def check(self) -> str:
        """Whether SendGrid knows the key, and lets it send."""
        try:
            answer = self._line.ask("GET", "/v3/scopes", self._headers)
        except (NotReached, NoAnswer) as error:
            raise JubileeError(f"JUBILEE_SENDGRID_URL: {error}") from error
        if answer.status in (401, 403):
            raise JubileeError(f"{KEY}: SendGrid does not know this key ({answer.status})")
        scopes = _said(answer).get("scopes")
        if answer.status != 200 or not isinstance(scopes, list):
            raise JubileeError(f"JUBILEE_SENDGRID_URL: {self._url} answers {answer.status}, and not as SendGrid does")
        if "mail.send" not in scopes:
            raise JubileeError(f"{KEY}: this key lacks the permission Mail Send")
        return "SendGrid knows the key" + (", sandbox mode: nothing is delivered" if self._sandbox else "")

    def close(self) -> None:
        """Let go of the connections."""
        self._line.close()

    def _payload(self, message: OutgoingMessage) -> bytes:
        """Built before anything is sent: a message that cannot be built was surely not taken."""
        to = recipient(message)
        try:
            return json.dumps(payload_of(message, to, self._identity, sandbox=self._sandbox)).encode()
        except Exception as error:
            raise Refused(f"cannot_build: {type(error).__name__}", permanent=True) from error


def open_channel(settings: Settings) -> SendGrid | None:
    """Email by SendGrid where a key is configured."""
    group = read_environment(SendGridSettings)
    return SendGrid(group, open_identity(settings)) if group.api_key else None


def payload_of(message: OutgoingMessage, to: str, identity: Identity, *, sandbox: bool) -> dict[str, Any]:
    """What SendGrid is asked. It counts no opens, rewrites no links and adds no way out of its own: ours is there."""
    # Heavy, and needed by those alone who send with it.
    from sendgrid.helpers import mail as sg

    mail = sg.Mail()
    person = sg.Personalization()
    person.add_to(_mailbox(sg.To(), message.recipient_name.replace(",", " ").replace(";", " "), to))
    person.add_custom_arg(sg.CustomArg("message_id", str(message.message_id)))
    person.add_custom_arg(sg.CustomArg("delivery_id", str(message.delivery_id)))
    mail.add_personalization(person)
    mail.from_email = _mailbox(sg.From(), message.sender_name, identity.address)
    mail.reply_to = _mailbox(sg.ReplyTo(), message.sender_name, answers_to(message, identity))
    mail.subject = sg.Subject(subject_of(message))
    mail.add_content(sg.Content("text/plain", message.text))
    if message.html:
        mail.add_content(sg.Content("text/html", message.html))
    for name, value in own_headers(message, identity).items():
        mail.add_header(sg.Header(name, value))
    mail.add_category(sg.Category(message.occasion[:_LONGEST_CATEGORY]))
    tracking = sg.TrackingSettings()
    tracking.click_tracking = sg.ClickTracking(False, False)
    tracking.open_tracking = sg.OpenTracking(False)
    tracking.subscription_tracking = sg.SubscriptionTracking(False)
    mail.tracking_settings = tracking
    if sandbox:
        mail.mail_settings = sg.MailSettings(sandbox_mode=sg.SandBoxMode(True))
    payload: dict[str, Any] = mail.get()
    return payload


def refusal_of(answer: Answer, *, now: datetime) -> Refused | NoAnswer:
    """What an answer other than yes means, by the table above."""
    fault = STATUSES.get(answer.status)
    if answer.status == 400:
        fault = _fault_of_field(answer)
    if fault is None and 400 <= answer.status < 500:
        fault = Fault(f"sendgrid_{answer.status}", "message", permanent=True)
    if fault is None and 300 <= answer.status < 400:
        fault = _WRONG_URL  # nothing follows a redirect, so nothing was taken
    if fault is None:
        return NoAnswer(f"SendGrid answers {answer.status}")
    detail = _detail(answer)
    wait = answer.retry_after(now=now) if fault.whose == "provider" else None
    reason = f"{fault.reason}: {detail}" if detail else fault.reason
    return Refused(reason, permanent=fault.permanent, whose=fault.whose, retry_after=wait)


def _fault_of_field(answer: Answer) -> Fault:
    """400 names the field: only the recipient's says that the address is bad; the sender's is our configuration."""
    fields = [str(error.get("field") or "") for error in _errors(answer)]
    if any(re.fullmatch(r"personalizations\.0\.to(\.0(\.email)?)?", field) for field in fields):
        return Fault("invalid_address", "address", permanent=True)
    if any(field.partition(".")[0] == "from" for field in fields):
        return Fault("wrong_sender", "provider", permanent=False)
    return Fault("sendgrid_400", "message", permanent=True)


def _mailbox(kind: Any, name: str, address: str) -> Any:
    """Name and address set apart: the library would read a second mailbox out of one text that holds both."""
    kind.email = address
    if shown := name_of(name):
        kind.name = shown
    return kind


def _detail(answer: Answer) -> str:
    """What SendGrid said, for the person who looks, without any address in it."""
    said = next((str(error.get("message") or "") for error in _errors(answer)), "")
    return " ".join(_ADDRESS.sub("...", said).split())[:_LONGEST_DETAIL]


def _errors(answer: Answer) -> list[Mapping[str, Any]]:
    errors = _said(answer).get("errors")
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _said(answer: Answer) -> Mapping[str, Any]:
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
