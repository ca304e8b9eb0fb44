"""SMTP: the order of steps decides what a broken conversation means, and a table what each refusal means."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.errors import InvalidInput, JubileeError
from engine.links import Links
from engine.send import smtp_line
from engine.send.channels.mail import Identity
from engine.send.channels.smtp import Smtp, open_channel, refusal_of
from engine.send.exchange import NoAnswer
from engine.send.outgoing import Refused
from engine.send.smtp_conversation import MailServer, Step
from engine.send.smtp_line import MailLine
from engine.settings import Settings
from tests.engine.send.channels.doors import outgoing
from tests.engine.send.channels.far_doors import IDENTITY, IMPATIENT, SmtpDoor

LINKS = Links("a secret of at least thirty-two letters", "")
PROVIDER_LATER = ("provider", False)
# What the scripted server answers to each command; a test changes one line.
POLITE: dict[str, bytes] = {
    "": b"220 test\r\n",
    "EHLO": b"250-test\r\n250 AUTH PLAIN\r\n",
    "HELO": b"250 test\r\n",
    "AUTH": b"235 come in\r\n",
    "MAIL": b"250 OK\r\n",
    "RCPT": b"250 OK\r\n",
    "DATA": b"354 go on\r\n",
    ".": b"250 taken\r\n",
    "NOOP": b"250 OK\r\n",
    "RSET": b"250 OK\r\n",
    "QUIT": b"221 bye\r\n",
}
HANG_UP = b"(hang up)"
SILENCE = b"(silence)"
DRIP = b"(drip)"
LONGEST = 20.0  # of a second or two, on a busy machine; SILENCE and DRIP last much longer


@dataclass
class Script:
    """A mail server of this process that says what the test wants, in as many conversations as are opened."""

    port: int
    says: dict[str, bytes] = field(default_factory=lambda: dict(POLITE))
    heard: list[str] = field(default_factory=list)
    lines: list[socket.socket] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    context: ssl.SSLContext | None = None
    encrypted: list[str] = field(default_factory=list)  # what was heard over TLS

    @property
    def conversations(self) -> int:
        """As many as were opened."""
        return len(self.lines)

    @property
    def taken(self) -> int:
        """Mails that were whole."""
        return self.heard.count(".")

    def converse(self, line: socket.socket) -> None:
        """One conversation."""
        self.lines.append(line)
        with suppress(OSError), line:
            if self.context and "STARTTLS" not in self.says:
                line = self.context.wrap_socket(line, server_side=True)
            if self._say(line, ""):
                self._listen(line)
        line.close()

    def _listen(self, line: socket.socket) -> None:
        with line.makefile("rb") as reader:
            within_mail = False
            for spoken in reader:
                words = spoken.decode("ascii", "replace").strip()
                if within_mail and words != ".":
                    continue
                command = "." if within_mail else words.split(" ")[0].upper()
                self.heard.append(words if not within_mail else ".")
                if isinstance(line, ssl.SSLSocket):
                    self.encrypted.append(command)
                within_mail = command == "DATA" and self.says["DATA"].startswith(b"354")
                if not self._say(line, command) or command == "QUIT":
                    return
                if command == "STARTTLS" and self.context:
                    with self.context.wrap_socket(line, server_side=True) as encrypted:
                        return self._listen(encrypted)

    def _say(self, line: socket.socket, command: str) -> bool:
        answer = self.says.get(command, b"502 what?\r\n")
        if answer == HANG_UP:
            return False
        if answer == SILENCE:
            self.over.wait(3 * LONGEST)
            return False
        if answer == DRIP:
            for letter in b"250 " + b"x" * 60:
                line.sendall(bytes([letter]))
                if self.over.wait(0.9):
                    return False
        line.sendall(answer)
        return True


@pytest.fixture
def script() -> Iterator[Script]:
    """A polite one, until the test says otherwise."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Script(listening.getsockname()[1])

        def listen() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listening.accept()
                    threading.Thread(target=made.converse, args=(line,), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        yield made
        made.over.set()
        listening.shutdown(socket.SHUT_RDWR)


@contextmanager
def channel(script: Script, **more: str) -> Iterator[Smtp]:
    """The channel over the scripted server."""
    server = MailServer("127.0.0.1", script.port, "acme.example", **({"tls": "none"} | more))  # type: ignore[arg-type]
    made = Smtp(MailLine(server, IMPATIENT), IDENTITY, LINKS)
    try:
        yield made
    finally:
        made.close()


def refused(made: Smtp) -> Refused:
    """What it refuses with."""
    with pytest.raises(Refused) as caught:
        made.send(outgoing(SmtpDoor))
    return caught.value


@pytest.mark.parametrize(
    ("step", "code", "saying", "whose", "permanent"),
    [
        ("MAIL", 421, "closing", *PROVIDER_LATER),
        ("RCPT", 421, "4.3.2 closing", *PROVIDER_LATER),
        ("DATA", 421, "4.3.2 closing", *PROVIDER_LATER),
        ("MAIL", 530, "5.7.0 authentication required", *PROVIDER_LATER),
        ("RCPT", 530, "must log in", *PROVIDER_LATER),
        ("MAIL", 454, "4.7.0 temporary authentication failure", *PROVIDER_LATER),
        ("MAIL", 535, "5.7.8 no", *PROVIDER_LATER),
        ("MAIL", 550, "5.1.8 sender domain unknown", *PROVIDER_LATER),
        ("MAIL", 452, "full", *PROVIDER_LATER),
        ("RCPT", 450, "4.2.0 greylisted", "message", False),
        ("RCPT", 451, "4.3.0 local error", "message", False),
        ("RCPT", 452, "4.2.2 mailbox full", "message", False),
        ("RCPT", 550, "5.1.1 no such user", "address", True),
        ("RCPT", 550, "no such user", "address", True),
        ("RCPT", 551, "user not local", "address", True),
        ("RCPT", 553, "mailbox name not allowed", "address", True),
        ("RCPT", 501, "5.1.3 bad recipient address syntax", "address", True),
        ("RCPT", 554, "5.1.10 recipient address has null MX", "address", True),
        ("RCPT", 552, "5.2.2 mailbox full", "message", True),
        ("RCPT", 554, "5.7.1 Relay access denied", *PROVIDER_LATER),
        ("RCPT", 550, "5.7.1 this recipient does not want you", "message", True),
        ("RCPT", 503, "bad sequence", "message", True),
        ("DATA", 451, "4.3.0 try again", "message", False),
        ("DATA", 552, "5.3.4 too large", "message", True),
        ("DATA", 554, "5.6.0 content refused", "message", True),
        ("DATA", 550, "spam", "message", True),
        ("DATA", 550, "5.7.1 spam", "message", True),
        ("DATA", 550, "5.1.1 no such user", "address", True),
        ("RCPT", 199, "what", *PROVIDER_LATER),
        ("RCPT", -1, "<html>", *PROVIDER_LATER),
    ],
)
def test_a_no_is_read_by_the_table(step: Step, code: int, saying: str, whose: str, permanent: bool) -> None:
    """An address is given up only where the server speaks of the mailbox; a closed server loses no message."""
    found = refusal_of(step, code, saying)
    assert (found.whose, found.permanent) == (whose, permanent)


def test_the_reason_says_what_the_server_said_but_no_address() -> None:
    """People read it; it may stand in lists and logs."""
    reason = refusal_of("RCPT", 550, "5.1.1 <ada@example.com>: unknown").reason
    assert reason == "no_such_mailbox: 550 5.1.1 ... unknown"


@pytest.mark.parametrize(
    ("step", "how"),
    [
        *[(step, how) for step in ("", "EHLO", "MAIL", "RCPT", "DATA") for how in (HANG_UP, b"nonsense\r\n")],
        *[(step, how) for step in ("", "RCPT", "DATA") for how in (SILENCE, DRIP)],
    ],
)
def test_what_breaks_before_the_mail_was_whole_took_nothing(script: Script, step: str, how: bytes) -> None:
    """However it breaks: no last dot, no mail. It waits unharmed, and no worker waits for ever."""
    script.says[step] = how
    if step == "EHLO":
        script.says["HELO"] = how
    begun = time.monotonic()
    with channel(script) as made:
        found = refused(made)
    assert (found.whose, found.permanent) == PROVIDER_LATER
    assert time.monotonic() - begun < LONGEST
    assert script.taken == 0


@pytest.mark.parametrize("how", [HANG_UP, b"nonsense\r\n", SILENCE, DRIP, b"354 what?\r\n", b"250-" + b"x" * 9_000])
def test_what_breaks_after_the_last_dot_is_known_by_nobody(script: Script, how: bytes) -> None:
    """The server has the mail whole: it may have taken it."""
    script.says["."] = how
    begun = time.monotonic()
    with channel(script) as made, pytest.raises(NoAnswer):
        made.send(outgoing(SmtpDoor))
    assert time.monotonic() - begun < LONGEST
    assert script.taken == 1


def test_one_conversation_carries_many_mails(script: Script) -> None:
    """It is opened once."""
    with channel(script) as made:
        for _ in range(5):
            made.send(outgoing(SmtpDoor))
    assert (script.conversations, script.taken) == (1, 5)


def test_a_conversation_ends_after_its_share_of_mails(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some relays allow no more."""
    monkeypatch.setattr(smtp_line, "MAILS_A_CONVERSATION", 2)
    with channel(script) as made:
        for _ in range(5):
            made.send(outgoing(SmtpDoor))
    assert (script.conversations, script.taken) == (3, 5)


def test_a_conversation_that_rested_too_long_is_not_taken_up(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is about to hang up on it."""
    monkeypatch.setattr(smtp_line, "IDLE_SECONDS", 0.0)
    with channel(script) as made:
        made.send(outgoing(SmtpDoor))
        made.send(outgoing(SmtpDoor))
    assert (script.conversations, script.taken) == (2, 2)


def test_a_server_that_hung_up_meanwhile_costs_nothing(script: Script) -> None:
    """The mail goes over a new conversation, once."""
    with channel(script) as made:
        made.send(outgoing(SmtpDoor))
        script.lines[0].shutdown(socket.SHUT_RDWR)
        made.send(outgoing(SmtpDoor))
    assert (script.conversations, script.taken) == (2, 2)


def test_a_refused_recipient_does_not_stain_the_next_mail(script: Script) -> None:
    """The conversation is reset, and goes on."""
    with channel(script) as made:
        script.says["RCPT"] = b"550 no such user\r\n"
        assert refused(made).whose == "address"
        script.says["RCPT"] = POLITE["RCPT"]
        made.send(outgoing(SmtpDoor))
    assert "RSET" in [word.upper() for word in script.heard]
    assert (script.conversations, script.taken) == (1, 1)


def test_bounces_come_back_with_their_token(script: Script) -> None:
    """The return path says which message could not be delivered."""
    message = outgoing(SmtpDoor)
    with channel(script) as made:
        made.send(message)
    (path,) = [words for words in script.heard if words.startswith("MAIL")]
    address = path.removeprefix("MAIL FROM:<").removesuffix(">")
    assert address.startswith("bounce+")
    assert LINKS.read_reply_address(address) == message.message_id


def test_without_a_domain_for_them_bounces_go_to_the_sender(script: Script) -> None:
    """As with any other mail."""
    server = MailServer("127.0.0.1", script.port, "acme.example", tls="none")
    made = Smtp(MailLine(server, IMPATIENT), Identity("hello@acme.example"))
    made.send(outgoing(SmtpDoor))
    made.close()
    assert "MAIL FROM:<hello@acme.example>" in script.heard


@pytest.mark.parametrize(
    ("step", "answer", "more", "variable"),
    [
        ("", b"554 go away\r\n", {}, "JUBILEE_SMTP_HOST, JUBILEE_SMTP_PORT"),
        ("", HANG_UP, {}, "JUBILEE_SMTP_HOST"),
        ("AUTH", b"535 5.7.8 wrong\r\n", {"user": "kim", "password": "x"}, "JUBILEE_SMTP_USER, JUBILEE_SMTP_PASSWORD"),
        ("EHLO", POLITE["EHLO"], {"tls": "starttls"}, "JUBILEE_SMTP_TLS"),
        ("EHLO", POLITE["EHLO"], {"tls": "tls"}, "JUBILEE_SMTP_TLS"),
    ],
)
def test_what_keeps_us_out_is_named(
    script: Script, step: str, answer: bytes, more: dict[str, str], variable: str
) -> None:
    """The place to look, in the check; and in sending no message is lost over it."""
    script.says[step] = answer
    with channel(script, **more) as made:
        with pytest.raises(JubileeError, match=variable):
            made.check()
        found = refused(made)
    assert (found.whose, found.permanent) == PROVIDER_LATER
    assert script.taken == 0


def test_a_password_is_never_said_without_the_encryption_that_was_asked_for(script: Script) -> None:
    """A server, or somebody on the way, that offers no STARTTLS hears no login."""
    with channel(script, tls="starttls", user="kim", password="secret") as made:
        refused(made)
    assert not [words for words in script.heard if words.startswith("AUTH")]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, vouched for by nobody but itself; with its key in the same file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def encrypting(script: Script, certificate: Path) -> Script:
    """The scripted server with TLS from the first byte on."""
    script.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    script.context.load_cert_chain(certificate)
    return script


STARTTLS = {"EHLO": b"250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", "STARTTLS": b"220 go on\r\n"}


@pytest.mark.parametrize(("tls", "says"), [("tls", {}), ("starttls", STARTTLS)])
def test_login_and_mail_travel_encrypted(
    encrypting: Script, certificate: Path, monkeypatch: pytest.MonkeyPatch, tls: str, says: dict[str, bytes]
) -> None:
    """Either way, where the certificate is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    encrypting.says.update(says)
    with channel(encrypting, tls=tls, user="kim", password="secret") as made:
        made.send(outgoing(SmtpDoor))
        assert made.check() == "the mail server lets us in"
    assert {"AUTH", "MAIL", "RCPT", "DATA"} <= set(encrypting.encrypted)
    assert encrypting.taken == 1


@pytest.mark.parametrize(("tls", "says"), [("tls", {}), ("starttls", STARTTLS)])
def test_a_certificate_that_nobody_vouches_for_is_refused(encrypting: Script, tls: str, says: dict[str, bytes]) -> None:
    """Somebody else may be listening: neither login nor mail is said to them."""
    encrypting.says.update(says)
    with channel(encrypting, tls=tls, user="kim", password="secret") as made:
        found = refused(made)
        with pytest.raises(JubileeError, match="JUBILEE_SMTP_TLS"):
            made.check()
    assert (found.whose, found.permanent) == PROVIDER_LATER
    assert "CERTIFICATE_VERIFY_FAILED" in found.reason
    assert not {"AUTH", "MAIL"} & {words.split(" ")[0] for words in encrypting.heard}


Environment = Callable[[dict[str, str]], None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Sets variables, by the part of their name after JUBILEE_."""
    return lambda values: [monkeypatch.setenv(f"JUBILEE_{name}", value) for name, value in values.items()] and None


def test_without_a_host_it_is_not_offered(environment: Environment) -> None:
    """And with one it wants a sender."""
    assert open_channel(Settings()) is None
    environment({"SMTP_HOST": "mail.example.com"})
    with pytest.raises(InvalidInput, match="JUBILEE_EMAIL_FROM"):
        open_channel(Settings())


@pytest.mark.parametrize(
    ("values", "variable"),
    [
        ({"SMTP_USER": "kim"}, "JUBILEE_SMTP_PASSWORD"),
        ({"SMTP_USER": "kim", "SMTP_PASSWORD": "x", "SMTP_TLS": "none"}, "JUBILEE_SMTP_TLS"),
        ({"SMTP_TLS": "perhaps"}, "JUBILEE_SMTP_TLS"),
        ({"SMTP_PORT": "0"}, "JUBILEE_SMTP_PORT"),
    ],
)
def test_a_wrong_configuration_is_named(environment: Environment, values: dict[str, str], variable: str) -> None:
    """Before anything is sent; and a password does not travel in the clear."""
    environment({"SMTP_HOST": "mail.example.com", "EMAIL_FROM": "hello@acme.example"} | values)
    with pytest.raises(InvalidInput, match=variable):
        open_channel(Settings())
