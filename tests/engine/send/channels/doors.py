"""What the conformance suite asks of a channel and of the stub behind it. The channels themselves are in near_doors.py
(nothing leaves the house) and far_doors.py (a provider's stub); a new one is one class there and one line in `DOORS` of
test_conformance.py.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal
from uuid import uuid4

from engine.send.channels import Channel
from engine.send.outgoing import OutgoingMessage

# accept: takes it and says so. refuse_for_good, refuse_for_now: of this message. overloaded: says "later" to all.
# hang: takes it and never answers. close: takes it and hangs up. garbage: takes it, and answers nonsense.
# drip: takes it, and answers a byte a second. failing: says that something went wrong inside, having taken it.
Behaviour = Literal[
    "accept", "refuse_for_good", "refuse_for_now", "overloaded", "hang", "close", "garbage", "drip", "failing"
]


class Door(ABC):
    """One channel and the stub behind it.

    `far`: there is a provider behind a network, which can fail in all the ways of `Behaviour` that `cannot` does not
    name. `keeps_all`: what it is asked to find is here by its nature. `checks_key`: `check` can tell a wrong one.
    """

    name: ClassVar[str]
    address: ClassVar[str] = "ada@example.com"
    far: ClassVar[bool] = True
    cannot: ClassVar[frozenset[Behaviour]] = frozenset()
    keeps_all: ClassVar[bool] = False
    checks_key: ClassVar[bool] = True
    key_variable: ClassVar[str] = ""
    usual: ClassVar[Mapping[str, Any]] = {}  # what an ordinary message of this channel has besides

    @abstractmethod
    def open(self) -> Channel:
        """The channel over the stub, impatient."""

    @abstractmethod
    def accepted(self) -> list[str]:
        """Our message ids of everything the stub took since `forget`, in order, doubles too."""

    @abstractmethod
    def sent(self) -> list[dict[str, Any]]:
        """What the stub took since `forget`: `to`, the list of recipients as the provider reads them; `headers`, the
        names that the reader's program sees or that the provider is told, in lower case; `whole`, all of it."""

    def behave(self, what: Behaviour) -> None:
        """From now on the stub behaves so."""
        assert what == "accept"

    def open_away(self) -> Channel:
        """The channel, where nobody listens."""
        raise NotImplementedError

    def open_with_wrong_key(self) -> Channel:
        """The channel, with a key that the provider does not know."""
        raise NotImplementedError

    @abstractmethod
    def forget(self) -> None:
        """Begin the list anew."""

    @abstractmethod
    def close(self) -> None:
        """End the stub."""


def outgoing(door: Door | type[Door], **fields: Any) -> OutgoingMessage:
    """A message that this channel carries, unless the test says otherwise."""
    values: dict[str, Any] = {
        "message_id": uuid4(),
        "delivery_id": uuid4(),
        "address": door.address,
        "recipient_name": "Ada Lovelace",
        "sender_name": "Kim, Acme",
        "subject": "Happy birthday",
        "text": "Hello Ada",
        "html": "<p>Hello Ada</p>",
        "occasion": "birthday",
        "reply_to": "kim@acme.example",
        "unsubscribe_url": "https://jubilee.example.com/unsubscribe/token",
        "preferences_url": "https://jubilee.example.com/preferences/token",
    }
    return OutgoingMessage(**values | dict(door.usual) | fields)


def ids(messages: list[OutgoingMessage]) -> list[str]:
    """Their ids as a stub writes them."""
    return [str(message.message_id) for message in messages]


@contextlib.contextmanager
def opened(door: Door) -> Iterator[Channel]:
    """The channel for the length of a test."""
    channel = door.open()
    try:
        yield channel
    finally:
        channel.close()
