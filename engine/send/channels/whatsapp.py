"""WhatsApp by Twilio: free words for 24 hours after the customer last wrote, then only words approved beforehand."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from engine.clock import machine_now
from engine.send.channels.twilio import (
    OUTSIDE_WINDOW,
    Account,
    TwilioSettings,
    e164,
    open_account,
    read_group,
    sender,
)
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from engine.settings import Settings

PREFIX = "whatsapp:"
# The rule says 24 hours; the five minutes are for the way, and for clocks that differ.
WINDOW = timedelta(hours=24) - timedelta(minutes=5)


class WhatsApp:
    """Hands WhatsApp messages to Twilio, which cannot be asked for one by our id."""

    name = "whatsapp"
    parallel = 8

    def __init__(self, account: Account, group: TwilioSettings, clock: Callable[[], datetime] = machine_now) -> None:
        self.rate = group.whatsapp_rate
        self._account = account
        self._sender = sender(group.whatsapp_from, PREFIX)
        self._clock = clock

    def send(self, message: OutgoingMessage) -> Accepted:
        """Hand over one message, in the words that the hour allows."""
        words = self._words(message)
        to = PREFIX + e164(message.address.removeprefix(PREFIX))
        return self._account.hand_over(message.message_id, {**self._sender, "To": to, **words})

    def find(self, message_id: UUID) -> None:
        """Twilio cannot be asked by our id."""

    def check(self) -> str:
        """Whether Twilio knows us."""
        return self._account.check()

    def close(self) -> None:
        """Let go of connections."""
        self._account.close()

    def _words(self, message: OutgoingMessage) -> dict[str, str]:
        if message.heard_at is not None and self._clock() - message.heard_at < WINDOW:
            return {"Body": message.text}
        if message.template is None:
            raise Refused(OUTSIDE_WINDOW, permanent=True, whose="message")
        variables = json.dumps(dict(message.template.variables), ensure_ascii=False)
        return {"ContentSid": message.template.provider_id, "ContentVariables": variables}


def open_channel(settings: Settings) -> WhatsApp | None:
    """WhatsApp, where a Twilio account and a sender for it are configured."""
    group = read_group()
    return WhatsApp(open_account(group, settings), group) if group and group.whatsapp_from else None
