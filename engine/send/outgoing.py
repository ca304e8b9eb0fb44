"""What a channel is given: a finished message as plain values, and the ways it can answer."""

from dataclasses import dataclass
from uuid import UUID

from engine.errors import JubileeError


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message, ready to go. `message_id` is ours and goes along, so that receipts find their way back."""

    message_id: UUID
    delivery_id: UUID
    address: str
    recipient_name: str
    sender_name: str
    subject: str
    text: str
    html: str
    occasion: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it. `delivered` where taking it is delivering it."""

    provider_id: str
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The provider can tell for certain that it never took this message."""


class Refused(JubileeError):
    """The provider clearly refused the message; nothing was taken.

    `permanent` says that trying again is useless. Any other error that a channel raises means that we don't know.
    """

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
