"""The channels. The whole contract is: send or raise. Adding one is one module here and one line in `open_channels`."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from engine.send.channels.postbox import Postbox
from engine.send.outgoing import Accepted, NotTaken, OutgoingMessage
from engine.settings import Settings


class Channel(Protocol):
    """A way to reach customers. It knows its own configuration and the message; never a session, never a model."""

    name: str
    text: str
    """Which of a template's texts it carries: email, sms or inapp."""

    def send(self, message: OutgoingMessage) -> Accepted:
        """Hand over. Raises Refused where nothing was taken; any other error leaves the delivery unconfirmed."""

    def find(self, message_id: UUID) -> Accepted | NotTaken | None:
        """What the provider knows of this message; None where it cannot be asked."""


Channels = Mapping[str, Channel]


def open_channels(settings: Settings) -> Channels:
    """The channels this installation offers: those that are configured."""
    return {channel.name: channel for channel in (Postbox(settings.postbox),)}
