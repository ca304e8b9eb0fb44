"""The webhook: a signed document for a receiver outside, and for nobody inside, however its name is dressed up."""

import json
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook as Verifier

from engine.errors import InvalidInput, JubileeError
from engine.ids import new_id
from engine.send.addresses import is_public
from engine.send.channels import webhook
from engine.send.channels.webhook import Webhook, WebhookSettings
from engine.send.exchange import NoAnswer, Patience
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from engine.settings import Settings
from tests.servers.provider import Provider

SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()
HASTY = Patience(10, 2)  # the second for what answers at once, on a busy machine
LETTER = OutgoingMessage(
    message_id=new_id(),
    delivery_id=new_id(),
    address="ada",
    recipient_name="Ada",
    sender_name="Kim, Acme",
    subject="Ünïcode 🎂",
    text="Hello Ada",
    html="<p>Hello Ada</p>",
    occasion="birthday",
    locale="de",
    facts={"customer_id": "c-7"},
)


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def stub(running: Provider) -> Provider:
    running.behave("accept")
    (running.home / "requests.log").write_text("")
    return running


@pytest.fixture
def hook(stub: Provider) -> Iterator[Webhook]:
    """One that may post to this machine, and does not dawdle between its attempts."""
    group = WebhookSettings(url=f"{stub.url}/in/?tenant=a%20b", secret=SECRET, allow_private=True)
    with closing(Webhook(group, patience=HASTY, pauses=(0, 0))) as opened:
        yield opened


def refusal(hook: Webhook) -> Refused:
    with pytest.raises(Refused) as refused:
        hook.send(LETTER)
    return refused.value


def test_the_document_says_all_that_a_sender_needs(stub: Provider, hook: Webhook) -> None:
    """Whom, what about, in which language and which words; to the receiver's path as it was configured."""
    assert hook.send(LETTER) == Accepted(str(LETTER.message_id))
    got = stub.received()[-1]
    said = json.loads(got["body"])
    assert got["path"] == "/in/?tenant=a%20b"
    assert said["type"] == "message.send"
    data = said["data"]
    assert (data["message_id"], data["customer_id"], data["to"]) == (str(LETTER.message_id), "c-7", "ada")
    assert (data["subject"], data["text"], data["html"]) == (LETTER.subject, LETTER.text, LETTER.html)
    assert (data["occasion"], data["locale"]) == ("birthday", "de")


def test_the_receiver_can_prove_who_wrote_it(stub: Provider, hook: Webhook) -> None:
    """With the library and the secret that it has; the id is our message id."""
    hook.send(LETTER)
    got = stub.received()[-1]
    Verifier(SECRET).verify(got["body"], got["headers"])
    assert got["headers"]["webhook-id"] == str(LETTER.message_id)


@pytest.mark.parametrize(
    ("status", "reason", "permanent", "whose"),
    [
        (410, "gone", True, "message"),
        (400, "http_400", True, "message"),
        (413, "http_413", True, "message"),
        (401, "http_401", False, "provider"),
        (404, "http_404", False, "provider"),
        (429, "http_429", False, "provider"),
        (503, "http_503", False, "provider"),
    ],
)
def test_each_refusal_has_its_meaning(
    stub: Provider, hook: Webhook, status: int, reason: str, permanent: bool, whose: str
) -> None:
    """And is answered for once: a clear answer is not asked for twice."""
    stub.behave(status, retry_after=9)
    why = refusal(hook)
    assert (why.reason, why.permanent, why.whose) == (reason, permanent, whose)
    assert why.retry_after == (9 if status in (429, 503) else None)
    assert len(stub.requests()) == 1


@pytest.mark.parametrize("mood", ["accept_then_close", "reset", 500, 502, 504])
def test_what_is_uncertain_is_asked_again_under_the_same_id(stub: Provider, hook: Webhook, mood: str | int) -> None:
    """The receiver can tell the repeat from a second message."""
    stub.behave(mood, times=2)
    assert hook.send(LETTER) == Accepted(str(LETTER.message_id))
    sent = stub.received()[-3:]
    assert [got["headers"]["webhook-id"] for got in sent] == [str(LETTER.message_id)] * 3
    assert len({got["body"] for got in sent}) == 1


@pytest.mark.parametrize("mood", ["silent", "drip", 500, 302])
def test_what_stays_uncertain_is_not_called_a_refusal(stub: Provider, hook: Webhook, mood: str | int) -> None:
    """Else it would go by another channel as well."""
    stub.behave(mood)
    with pytest.raises(NoAnswer):
        hook.send(LETTER)
    assert len(stub.requests()) == 3


def test_a_redirect_is_not_followed(stub: Provider, hook: Webhook) -> None:
    """It could lead inside."""
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0.2)
        place = f"http://127.0.0.1:{inside.getsockname()[1]}/"
        with redirecting(place) as url:
            group = WebhookSettings(url=url, secret=SECRET, allow_private=True)
            with closing(Webhook(group, patience=HASTY, pauses=())) as hook, pytest.raises(NoAnswer):
                hook.send(LETTER)
        with pytest.raises(TimeoutError):
            inside.accept()


INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",  # a carrier's own
    "169.254.169.254",  # the metadata of a rented machine
    "192.0.0.192",  # and another one's
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo for 127.0.0.1
    "not an address",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_in_every_dress(address: str) -> None:
    """Plain, mapped, translated and tunnelled."""
    assert not is_public(address)
    group = WebhookSettings(url="https://hooks.example.com", secret=SECRET)
    why = refusal(Webhook(group, resolver=lambda host, port: [address]))
    assert (why.reason, why.permanent, why.whose) == ("not_public", False, "provider")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_outside_is_allowed(address: str) -> None:
    """The rule is no wall."""
    assert is_public(address)


def test_a_name_that_leads_inside_as_well_is_refused() -> None:
    """Whichever comes first."""
    group = WebhookSettings(url="https://hooks.example.com", secret=SECRET)
    for found in (["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"], []):
        assert refusal(Webhook(group, resolver=lambda host, port, found=found: found)).reason == "not_public"  # type: ignore[misc]


@pytest.mark.parametrize("url", ["https://127.0.0.1", "https://localhost", "https://[::1]", "https://0x7f.1"])
def test_an_address_inside_is_refused_by_the_system_s_own_resolver(url: str) -> None:
    """However it is spelt; without the resolver of the other tests."""
    assert refusal(Webhook(WebhookSettings(url=url, secret=SECRET))).reason == "not_public"


@dataclass
class Receiver:
    """A receiver with a certificate for hooks.example.com, on 127.0.0.1."""

    port: int
    heard: list[bytes]
    names: list[str]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of our own, which SSL_CERT_FILE makes a trusted one."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "hooks.pem"
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def receiver(certificate: Path) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = socket.create_server(("127.0.0.1", 0))
    found = Receiver(server.getsockname()[1], [], [])
    context.sni_callback = lambda _line, name, _context: found.names.append(name or "")

    def listen() -> None:
        while True:
            try:
                plain, _ = server.accept()
            except OSError:
                return
            with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as line:
                found.heard.append(line.recv(65_536))
                line.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    threading.Thread(target=listen, daemon=True).start()
    yield found
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def by_name(receiver: Receiver, name: str = "hooks.example.com", **more: Any) -> Webhook:
    """A hook that asks for this name and is told 127.0.0.1."""
    group = WebhookSettings(url=f"https://{name}:{receiver.port}/in", secret=SECRET, allow_private=True)
    return Webhook(group, resolver=lambda host, port: ["127.0.0.1"], patience=HASTY, pauses=(), **more)


def test_the_certificate_is_that_of_the_name(
    receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the connection goes to a numeric address: the name is asked for, checked and said."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with closing(by_name(receiver)) as hook:
        assert hook.send(LETTER) == Accepted(str(LETTER.message_id))
    assert receiver.names == ["hooks.example.com"]
    assert f"host: hooks.example.com:{receiver.port}" in receiver.heard[0].decode("utf-8", "replace").lower()


def test_a_certificate_of_another_name_is_refused(
    receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent then."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    why = refusal(by_name(receiver, "other.example.com"))
    assert (why.reason.partition(":")[0], why.whose) == ("unreachable", "provider")
    assert receiver.heard in ([], [b""])


def test_a_certificate_that_nobody_trusts_is_refused(receiver: Receiver) -> None:
    """Our own authority is not the world's."""
    assert refusal(by_name(receiver)).reason.startswith("unreachable")


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address that was checked, and the name is not resolved again."""
    asked: list[Any] = []

    def connect(place: tuple[str, int], *_: object, **__: object) -> socket.socket:
        asked.append(place)
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr("engine.send.exchange.socket.create_connection", connect)
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    group = WebhookSettings(url="https://hooks.example.com", secret=SECRET)
    hook = Webhook(group, resolver=lambda host, port: next(answers), pauses=())
    assert refusal(hook).reason.startswith("unreachable")
    assert asked == [("8.8.8.8", 443)]
    assert refusal(hook).reason == "not_public"  # resolved anew, and checked anew
    assert len(asked) == 1


def test_a_name_that_does_not_exist_took_nothing() -> None:
    """The message waits."""
    group = WebhookSettings(url="https://nobody.invalid", secret=SECRET)
    assert refusal(Webhook(group)).reason.startswith("unreachable")


def test_the_doctor_says_where_it_posts_and_posts_nothing(stub: Provider, hook: Webhook) -> None:
    """A receiver would take a trial for a message."""
    assert hook.check() == "posts to 127.0.0.1"
    assert stub.requests() == []


@pytest.mark.parametrize("url", ["https://127.0.0.1", "https://nobody.invalid"])
def test_the_doctor_names_a_receiver_that_cannot_be(url: str) -> None:
    """By its variable."""
    with pytest.raises(JubileeError, match="JUBILEE_WEBHOOK_URL"):
        Webhook(WebhookSettings(url=url, secret=SECRET)).check()


def test_without_a_receiver_the_channel_is_not_offered() -> None:
    """Nothing is configured, nothing is complained of."""
    assert webhook.open_channel(Settings()) is None


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"URL": "http://hooks.example.com"}, "JUBILEE_WEBHOOK_URL"),
        ({"URL": "file:///etc/passwd"}, "JUBILEE_WEBHOOK_URL"),
        ({"URL": "https://"}, "JUBILEE_WEBHOOK_URL"),
        ({"URL": "https://x:99999"}, "JUBILEE_WEBHOOK_URL"),
        ({"URL": "https://hooks.example.com/a b"}, "JUBILEE_WEBHOOK_URL"),
        ({"URL": "https://hooks.example.com/grüße"}, "JUBILEE_WEBHOOK_URL"),
        ({"URL": "https://user:word@hooks.example.com"}, "JUBILEE_WEBHOOK_URL"),
        ({"URL": "https://hooks.example.com", "SECRET": ""}, "JUBILEE_WEBHOOK_SECRET"),
        ({"URL": "https://hooks.example.com", "SECRET": "whsec_c2hvcnQ="}, "JUBILEE_WEBHOOK_SECRET"),
        ({"URL": "https://hooks.example.com", "SECRET": "whsec_" + "ü" * 40}, "JUBILEE_WEBHOOK_SECRET"),
    ],
)
def test_a_wrong_configuration_is_named(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: str) -> None:
    """By its variable, before anything is sent."""
    for name, value in ({"SECRET": SECRET} | given).items():
        monkeypatch.setenv(f"JUBILEE_WEBHOOK_{name}", value)
    with pytest.raises(InvalidInput, match=named):
        webhook.open_channel(Settings())


def test_inside_networks_may_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever says so."""
    monkeypatch.setenv("JUBILEE_WEBHOOK_URL", "http://mailer.internal:8080/in")
    monkeypatch.setenv("JUBILEE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("JUBILEE_WEBHOOK_ALLOW_PRIVATE", "1")
    opened = webhook.open_channel(Settings())
    assert opened is not None
    assert opened.find(replace(LETTER).message_id) is None


class redirecting:  # noqa: N801 - reads as a verb where it is used
    """A server that answers every question with a redirect."""

    def __init__(self, place: str) -> None:
        self._answer = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()
        self._server = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> str:
        threading.Thread(target=self._listen, daemon=True).start()
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._server.accept()
                with line:
                    line.recv(65_536)
                    line.sendall(self._answer)
