"""The channels with a provider behind a network, each over a stub that is a real process."""

import json
import socket
from abc import abstractmethod
from base64 import b64encode
from collections.abc import Mapping
from email import message_from_string, policy
from typing import Any, ClassVar
from urllib.parse import parse_qs

from engine.links import Links
from engine.send.channels import Channel
from engine.send.channels.mail import Identity
from engine.send.channels.sendgrid import SendGrid, SendGridSettings
from engine.send.channels.sms import Sms
from engine.send.channels.smtp import Smtp
from engine.send.channels.twilio import Account, TwilioSettings
from engine.send.channels.webhook import Webhook, WebhookSettings
from engine.send.channels.whatsapp import WhatsApp
from engine.send.exchange import Patience
from engine.send.outgoing import ApprovedTemplate
from engine.send.smtp_conversation import MailServer
from engine.send.smtp_line import MailLine
from tests.engine.send.channels.doors import Behaviour, Door
from tests.servers.provider import Provider
from tests.servers.smtp_sink import SmtpSink

IMPATIENT = Patience(connect=3, answer=2)
IDENTITY = Identity("hello@acme.example", "answers.acme.example")


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

    def open(self) -> Channel:
        return self.open_at(self.stub.url)

    def open_away(self) -> Channel:
        return self.open_at(f"http://127.0.0.1:{unused_port()}")

    def open_with_wrong_key(self) -> Channel:
        self.stub.behave(401)
        return self.open()

    @abstractmethod
    def open_at(self, url: str) -> Channel:
        """The channel over the provider at this address."""

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

    def sent(self) -> list[dict[str, Any]]:
        return [_of_sendgrid(json.loads(request["body"])) for request in self.received()]

    def open_at(self, url: str) -> Channel:
        return SendGrid(SendGridSettings(api_key="SG.key", url=url), IDENTITY, IMPATIENT)


class TwilioDoor(ProviderDoor):
    """What texts and WhatsApp share: one account."""

    address = "+4915112345678"
    cannot = frozenset({"refuse_for_now"})
    key_variable = "JUBILEE_TWILIO_AUTH_TOKEN"

    def group(self, url: str) -> TwilioSettings:
        """The account, at this address."""
        return TwilioSettings(
            account_sid="AC" + "0" * 32, auth_token="secret", url=url, sms_from="+4930111", whatsapp_from="+4930222"
        )

    def account(self, url: str) -> Account:
        """The same, opened."""
        return Account(self.group(url), "https://jubilee.example.com", IMPATIENT)

    def sent(self) -> list[dict[str, Any]]:
        forms = [parse_qs(request["body"], keep_blank_values=True) for request in self.received()]
        return [{"to": form["To"], "headers": list(form), "whole": json.dumps(form)} for form in forms]


class SmsDoor(TwilioDoor):
    """Texts by Twilio."""

    name = "sms"

    def open_at(self, url: str) -> Channel:
        return Sms(self.account(url), self.group(url))


class WhatsAppDoor(TwilioDoor):
    """WhatsApp by Twilio, with a text that was approved beforehand."""

    name = "whatsapp"
    usual: ClassVar[Mapping[str, Any]] = {"template": ApprovedTemplate("HX1", {"1": "Ada"})}

    def open_at(self, url: str) -> Channel:
        return WhatsApp(self.account(url), self.group(url))


class WebhookDoor(ProviderDoor):
    """A service of the company's own. It asks again by itself, under the same id, before it says that nobody knows."""

    name = "webhook"
    cannot = frozenset({"refuse_for_now"})
    checks_key = False  # a question would be a message to the receiver

    def open_at(self, url: str) -> Channel:
        secret = "whsec_" + b64encode(b"k" * 32).decode()
        group = WebhookSettings(url=f"{url}/hook", secret=secret, allow_private=True)
        return Webhook(group, patience=IMPATIENT, pauses=(0.05, 0.05))

    def sent(self) -> list[dict[str, Any]]:
        documents = [json.loads(request["body"]) for request in self.received()]
        return [
            {"to": [one["data"]["to"]], "headers": [*one, *one["data"]], "whole": json.dumps(one)} for one in documents
        ]


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


def unused_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])
