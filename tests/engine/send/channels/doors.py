"""The table of channels for the conformance suite: how each is opened over a stub, and how that stub is told what to
do. A new channel is one class here and one line in `DOORS`.
"""

import contextlib
import json
import socket
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from email import message_from_string, policy
from pathlib import Path
from typing import Any, ClassVar, Literal
from uuid import UUID, uuid4

from engine.links import Links
from engine.send.channels import Channel
from engine.send.channels.mail import Identity
from engine.send.channels.postbox import Postbox
from engine.send.channels.sendgrid import SendGrid, SendGridSettings
from engine.send.channels.smtp import Smtp
from engine.send.exchange import Patience
from engine.send.outgoing import OutgoingMessage
from engine.send.smtp_line import MailLine, MailServer
from tests.servers.provider import Provider
from tests.servers.smtp_sink import SmtpSink

# accept: takes it and says so. refuse_for_good, refuse_for_now: of this message. overloaded: says "later" to all.
# hang: takes it and never answers. close: takes it and hangs up. garbage: takes it, and answers nonsense.
# drip: takes it, and answers a byte a second. failing: says that something went wrong inside, having taken it.
Behaviour = Literal[
    "accept", "refuse_for_good", "refuse_for_now", "overloaded", "hang", "close", "garbage", "drip", "failing"
]
IMPATIENT = Patience(connect=1, answer=1)
IDENTITY = Identity("hello@acme.example", "answers.acme.example")


class Door(ABC):
    """One channel and the stub behind it.

    `far`: there is a provider behind a network, which can fail in all the ways of `Behaviour` that `cannot` does not
    name. `takes_several`: `open` may be asked for as many channels as a test wants.
    """

    name: ClassVar[str]
    address: ClassVar[str] = "ada@example.com"
    far: ClassVar[bool] = True
    cannot: ClassVar[frozenset[Behaviour]] = frozenset()
    key_variable: ClassVar[str] = ""

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


class PostboxDoor(Door):
    """A folder."""

    name = "postbox"
    far = False

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory()
        self._folder = Path(self._home.name) / "0"

    def open(self) -> Channel:
        return Postbox(self._folder)

    def accepted(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("[!.]*.json"))

    def sent(self) -> list[dict[str, Any]]:
        letters = [json.loads(path.read_text()) for path in self._folder.glob("[!.]*.json")]
        return [{"to": [letter["address"]], "headers": [], "whole": json.dumps(letter)} for letter in letters]

    def forget(self) -> None:
        self._folder = self._folder.with_name(str(int(self._folder.name) + 1))

    def close(self) -> None:
        self._home.cleanup()


class ProviderDoor(Door):
    """What all channels over the HTTP stub share."""

    def __init__(self) -> None:
        self.stub = Provider()
        self.stub.start()
        self._before = 0

    def accepted(self) -> list[str]:
        return self.stub.accepted()[self._before :]

    def forget(self) -> None:
        self._before = len(self.stub.accepted())

    def behave(self, what: Behaviour) -> None:
        match what:
            case "hang":
                self.stub.behave("accept_then_hang")
            case "close":
                self.stub.behave("accept_then_close")
            case "garbage":
                self.stub.behave("garbage", deep=True)
            case "refuse_for_good":
                self.stub.behave(400)
            case "overloaded":
                self.stub.behave(429, retry_after=7)
            case "failing":
                self.stub.behave(500, taken=True)
            case "accept" | "drip":
                self.stub.behave(what)
            case _:
                raise NotImplementedError(what)

    def received(self) -> list[dict[str, Any]]:
        """The requests that were taken, whole."""
        wanted = self.accepted()
        questions = [one for one in self.stub.received() if one["method"] == "POST" and one["id"] in wanted]
        return questions[-len(wanted) :]

    def close(self) -> None:
        self.stub.stop()


class SendGridDoor(ProviderDoor):
    """Email by SendGrid."""

    name = "email"
    cannot = frozenset({"refuse_for_now"})  # SendGrid has no such answer about one message
    key_variable = "JUBILEE_SENDGRID_API_KEY"

    def open(self) -> Channel:
        return self._open(self.stub.url)

    def open_away(self) -> Channel:
        return self._open(f"http://127.0.0.1:{unused_port()}")

    def open_with_wrong_key(self) -> Channel:
        self.stub.behave(401)
        return self.open()

    def sent(self) -> list[dict[str, Any]]:
        return [_of_sendgrid(json.loads(request["body"])) for request in self.received()]

    def _open(self, url: str) -> Channel:
        return SendGrid(SendGridSettings(api_key="SG.key", url=url), IDENTITY, IMPATIENT)


class SmtpDoor(Door):
    """Email by a mail server."""

    name = "email"
    cannot = frozenset({"garbage", "drip", "failing"})  # tried in test_smtp.py, by a server of its own
    key_variable = "JUBILEE_SMTP_USER"

    def __init__(self) -> None:
        self.sink = SmtpSink()
        self.sink.start()
        self._before = 0

    def open(self) -> Channel:
        return self._open(self.sink.port)

    def open_away(self) -> Channel:
        return self._open(unused_port())

    def open_with_wrong_key(self) -> Channel:
        return self._open(self.sink.port, user="eve", password="guessed")

    def behave(self, what: Behaviour) -> None:
        told: dict[str, str | int] = {
            "accept": "accept",
            "hang": "accept_then_hang",
            "close": "accept_then_close",
            "refuse_for_good": 554,
            "refuse_for_now": 450,
            "overloaded": 421,
        }
        self.sink.behave(told[what])

    def accepted(self) -> list[str]:
        return self.sink.accepted()[self._before :]

    def sent(self) -> list[dict[str, Any]]:
        return [_of_mail(mail) for mail in self.sink.mails()[self._before :]]

    def forget(self) -> None:
        self._before = len(self.sink.accepted())

    def close(self) -> None:
        self.sink.stop()

    def _open(self, port: int, **login: str) -> Channel:
        server = MailServer("127.0.0.1", port, "acme.example", tls="none", **login)
        return Smtp(MailLine(server, IMPATIENT), IDENTITY, Links("a secret of at least thirty-two letters", ""))


def _of_mail(mail: dict[str, Any]) -> dict[str, Any]:
    """As a reader's program understands it, with the recipients of the envelope and those of the headers."""
    parsed = message_from_string(mail["content"], policy=policy.default)
    shown = [address.addr_spec for name in ("to", "cc", "bcc") if parsed[name] for address in parsed[name].addresses]
    return {
        "to": [*mail["to"], *shown],
        "headers": [name.lower() for name in parsed],
        "whole": mail["content"],
    }


def _of_sendgrid(body: dict[str, Any]) -> dict[str, Any]:
    people = [
        mailbox["email"]
        for one in body["personalizations"]
        for kind in ("to", "cc", "bcc")
        for mailbox in one.get(kind, [])
    ]
    headers = [*body, *body["headers"], *(name for one in body["personalizations"] for name in one)]
    return {"to": people, "headers": [name.lower() for name in headers], "whole": json.dumps(body)}


DOORS: dict[str, type[Door]] = {
    "postbox": PostboxDoor,
    "email by SendGrid": SendGridDoor,
    "email by SMTP": SmtpDoor,
}


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
    return OutgoingMessage(**values | fields)


def ids(messages: list[OutgoingMessage]) -> list[str]:
    """Their ids as a stub writes them."""
    return [str(message.message_id) for message in messages]


def same(found: str, wanted: UUID) -> bool:
    """Whether a stub's id is this one, however it writes it."""
    return UUID(found) == wanted


def unused_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


@contextlib.contextmanager
def opened(door: Door) -> Iterator[Channel]:
    """The channel for the length of a test."""
    channel = door.open()
    try:
        yield channel
    finally:
        channel.close()
