"""A webhook: each message as a signed JSON document to a service of the company's own, which carries it further.

Signed as Standard Webhooks says. The webhook-id is our message id, so the receiver can tell a repeat and drop it; that
is why this channel alone may ask again after an answer that says nothing certain.
"""

import json
import time
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from standardwebhooks import Webhook as Signer

from engine.clock import machine_now
from engine.errors import InvalidInput, JubileeError
from engine.send.addresses import NotPublic, Resolver, public_addresses, resolve
from engine.send.exchange import Answer, Line, NoAnswer, NotReached, Patience
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from engine.settings import Settings, read_environment

SHORTEST_SECRET = 24  # bytes; Standard Webhooks asks for 24 to 64
PAUSES = (0.5, 2.0)
PATIENCE = Patience(connect=3, answer=8)
LONGEST = 10.0  # seconds after which it is not asked again: with the last answer's wait this stays below 30


class WebhookSettings(BaseSettings):
    """The receiver; docs/how-to/webhook.md is checked against this class."""

    model_config = SettingsConfigDict(env_prefix="JUBILEE_WEBHOOK_", extra="ignore", frozen=True)

    url: str = Field("", description="Where messages are posted; https only; empty: the channel is not offered")
    secret: str = Field("", description="Signs them: whsec_ and 24 to 64 bytes in base64; the receiver has the same")
    rate: float = Field(20, gt=0, le=1000, description="Messages a second, in all")
    allow_private: bool = Field(False, description="Allow addresses inside your own network, and http: too")


class Webhook:
    """Posts to one receiver. The name is resolved at each connection, and the connection goes to the very address that
    was found to be public; redirects are not followed."""

    name = "webhook"
    parallel = 8

    def __init__(
        self,
        group: WebhookSettings,
        *,
        resolver: Resolver = resolve,
        patience: Patience = PATIENCE,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self.rate = group.rate
        self._signer = Signer(group.secret)
        self._resolver, self._private = resolver, group.allow_private
        parts = urlsplit(group.url)
        self._host = parts.hostname
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._line = Line(f"{parts.scheme}://{parts.netloc}", patience=patience, at=self._addresses)
        self._pauses = pauses

    def send(self, message: OutgoingMessage) -> Accepted:
        """Post it, and again with the same id while nothing certain is answered; at last raises NoAnswer."""
        body, until = document(message), time.monotonic() + LONGEST
        for pause in self._pauses:
            try:
                return self._post(message.message_id, body)
            except NoAnswer:
                if time.monotonic() + pause > until:
                    raise
                time.sleep(pause)
        return self._post(message.message_id, body)

    def find(self, message_id: UUID) -> None:
        """A receiver cannot be asked."""

    def check(self) -> str:
        """Whether it can be reached and we may go there. Posts nothing: a receiver would take it for a message."""
        try:
            self._line.reach()
        except (NotPublic, NotReached) as error:
            raise JubileeError(f"JUBILEE_WEBHOOK_URL: {error}") from error
        return f"posts to {self._host}"

    def close(self) -> None:
        """Let go of connections."""
        self._line.close()

    def _post(self, message_id: UUID, body: str) -> Accepted:
        now = machine_now()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": str(message_id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(str(message_id), now, body),
        }
        try:
            answer = self._line.ask("POST", self._path, headers, body.encode())
        except NotPublic as error:
            raise Refused("not_public", permanent=False, whose="provider") from error
        except NotReached as error:
            raise Refused(f"unreachable: {error}", permanent=False, whose="provider") from error
        return read_answer(answer, message_id, now=now)

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        if self._private:
            return self._resolver(host, port)
        return public_addresses(host, port, resolver=self._resolver)


def document(message: OutgoingMessage) -> str:
    """What the receiver gets: `type`, `timestamp` and `data`, as Standard Webhooks proposes."""
    data: dict[str, object] = {
        "message_id": str(message.message_id),
        "customer_id": message.facts.get("customer_id", ""),
        "to": message.address,
        "to_name": message.recipient_name,
        "from_name": message.sender_name,
        "reply_to": message.reply_to,
        "occasion": message.occasion,
        "family": message.family,
        "locale": message.locale,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "unsubscribe_url": message.unsubscribe_url,
        "preferences_url": message.preferences_url,
    }
    whole = {"type": "message.send", "timestamp": machine_now().isoformat(), "data": data}
    return json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace").decode()


def read_answer(answer: Answer, message_id: UUID, *, now: datetime) -> Accepted:
    """The table. 2xx: taken. 410: no longer wanted; other 4xx: never will be. 401, 403 and 404: our configuration or
    theirs, the message waits. 408, 425, 429 and 503: not now. Everything else says nothing certain: NoAnswer.
    """
    if 200 <= answer.status < 300:
        return Accepted(str(message_id))
    if answer.status in (408, 425, 429, 503):
        wait = answer.retry_after(now=now)
        raise Refused(f"http_{answer.status}", permanent=False, whose="provider", retry_after=wait)
    if answer.status in (401, 403, 404):
        raise Refused(f"http_{answer.status}", permanent=False, whose="provider")
    if 400 <= answer.status < 500:
        raise Refused("gone" if answer.status == 410 else f"http_{answer.status}", permanent=True)
    raise NoAnswer(f"the receiver answers {answer.status}")


def open_channel(settings: Settings) -> Webhook | None:  # noqa: ARG001 - the contract of an opener
    """The webhook, where a receiver is configured."""
    group = read_environment(WebhookSettings)
    if not group.url:
        return None
    _check_url(group)
    _check_secret(group.secret)
    return Webhook(group)


def _check_url(group: WebhookSettings) -> None:
    try:
        parts = urlsplit(group.url)
        whole = bool(parts.hostname) and parts.port != 0 and group.url.isascii() and " " not in group.url
    except ValueError:
        whole = False
    if not whole or parts.scheme not in (("https", "http") if group.allow_private else ("https",)):
        raise InvalidInput("JUBILEE_WEBHOOK_URL: must be an address such as https://hooks.example.com/jubilee")
    if parts.username or parts.password or parts.fragment:
        raise InvalidInput("JUBILEE_WEBHOOK_URL: must hold no user, password or fragment; the signature proves us")


def _check_secret(secret: str) -> None:
    try:
        written = secret.removeprefix("whsec_").rstrip("=")
        key = b64decode(written + "=" * (-len(written) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) < SHORTEST_SECRET:
        raise InvalidInput(f"JUBILEE_WEBHOOK_SECRET: must be whsec_ and at least {SHORTEST_SECRET} bytes in base64")
