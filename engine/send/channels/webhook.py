"""A webhook: each message as a signed JSON document to a service of the company's own, which carries it further.

Signed as Standard Webhooks says. The webhook-id is our message id, so the receiver can tell a repeat and drop it; that
is why this channel alone may ask again after an answer that says nothing certain.
"""

import json
import time
from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.clock import machine_now
from engine.send.addresses import Resolver, resolve
from engine.send.exchange import NoAnswer, Patience
from engine.send.outgoing import Accepted, OutgoingMessage
from engine.send.receiver import PATIENCE, Place, Receiver
from engine.settings import Settings, read_environment

PREFIX = "JUBILEE_WEBHOOK_"
PAUSES = (0.5, 2.0)
LONGEST = 10.0  # seconds after which it is not asked again: with the last answer's wait this stays below 30


class WebhookSettings(BaseSettings):
    """The receiver; docs/how-to/webhook.md is checked against this class."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    url: str = Field("", description="Where messages are posted; https only; empty: the channel is not offered")
    secret: str = Field("", description="Signs them: whsec_ and 24 to 64 bytes in base64; the receiver has the same")
    rate: float = Field(20, gt=0, le=1000, description="Messages a second, in all")
    allow_private: bool = Field(False, description="Allow addresses inside your own network, and http: too")


class Webhook:
    """Posts each message to one receiver."""

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
        place = Place(group.url, group.secret, group.allow_private, PREFIX)
        self._receiver = Receiver(place, resolver=resolver, patience=patience)
        self._pauses = pauses

    def send(self, message: OutgoingMessage) -> Accepted:
        """Post it, and again with the same id while nothing certain is answered; at last raises NoAnswer."""
        body, until = document(message), time.monotonic() + LONGEST
        for pause in self._pauses:
            try:
                return self._receiver.post(message.message_id, body)
            except NoAnswer:
                if time.monotonic() + pause > until:
                    raise
                time.sleep(pause)
        return self._receiver.post(message.message_id, body)

    def find(self, message_id: UUID) -> None:
        """A receiver cannot be asked."""

    def check(self) -> str:
        """Whether it can be reached and we may go there. Posts nothing: a receiver would take it for a message."""
        return self._receiver.check()

    def close(self) -> None:
        """Let go of connections."""
        self._receiver.close()


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


def open_channel(settings: Settings) -> Webhook | None:  # noqa: ARG001 - the contract of an opener
    """The webhook, where a receiver is configured."""
    group = read_environment(WebhookSettings)
    if not group.url:
        return None
    Place(group.url, group.secret, group.allow_private, PREFIX).check()
    return Webhook(group)
