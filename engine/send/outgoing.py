"""What a channel is given: a finished message as plain values, and the ways it can answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from engine.errors import JubileeError


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """A text that the provider approved beforehand, and what fills its blanks: WhatsApp wants one after 24 hours."""

    provider_id: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message, ready to go. `message_id` is ours and goes along, so that receipts find their way back.

    `reply_to` is where an answer goes, a person if possible. `unsubscribe_url` takes a POST and needs no sign-in;
    `preferences_url` is a page for people. `heard_at` is when the customer last wrote from this address. `by_person`:
    a person approved it, so that it is no automatic mail. `thread` is what an answer continues, the oldest
    first: ids of our own mails, and those that customers' mails had; the last one is what it answers.
    """

    message_id: UUID
    delivery_id: UUID
    address: str
    recipient_name: str
    sender_name: str
    subject: str
    text: str
    html: str
    occasion: str
    family: str = "celebrate"
    locale: str = "en"
    reply_to: str = ""
    unsubscribe_url: str = ""
    preferences_url: str = ""
    heard_at: datetime | None = None
    template: ApprovedTemplate | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    by_person: bool = False
    thread: tuple[UUID | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it. `delivered` where taking it is delivering it."""

    provider_id: str
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The provider can tell for certain that it never took this message."""


Whose = Literal["message", "address", "provider"]


class Refused(JubileeError):
    """The provider clearly refused the message; nothing was taken.

    `permanent` says that trying again is useless. `whose` fault it was: of this message; of the address, which is not
    used again if permanent; or of the provider (it is away, overloaded, or does not know our key), whose gate closes
    while the message waits unharmed, no attempt lost. `retry_after` are seconds, where the provider said so. Any other
    error that a channel raises means that we don't know.
    """

    def __init__(
        self, reason: str, *, permanent: bool, whose: Whose = "message", retry_after: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.whose: Whose = whose
        self.retry_after = retry_after
