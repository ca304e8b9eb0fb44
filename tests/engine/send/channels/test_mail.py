"""What every mail says of itself: one sender, one recipient, a way out, and headers that nobody else has written."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.send.channels.mail import Identity, open_identity, own_headers, plain_address
from engine.send.channels.mime import mail_bytes
from engine.send.outgoing import OutgoingMessage
from engine.settings import Settings

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MESSAGE = UUID("0190a1b2-0000-7000-8000-000000000001")
IDENTITY = Identity("hello@acme.example")
UNSUBSCRIBE = "https://jubilee.example.com/unsubscribe/" + "a" * 180


def letter(**fields: Any) -> OutgoingMessage:
    """A mail to Ada with everything that composing gives it."""
    values: dict[str, Any] = {
        "message_id": MESSAGE,
        "delivery_id": uuid4(),
        "address": "ada@example.com",
        "recipient_name": "Ada Lovelace",
        "sender_name": "Kim, Acme",
        "subject": "Happy birthday",
        "text": "Hello Ada",
        "html": "<p>Hello Ada</p>",
        "occasion": "birthday",
        "reply_to": "kim@acme.example",
        "unsubscribe_url": UNSUBSCRIBE,
        "by_person": True,
    }
    return OutgoingMessage(**values | fields)


def read(message: OutgoingMessage) -> EmailMessage:
    """The mail as a reader's program understands it."""
    content = mail_bytes(message, "ada@example.com", IDENTITY, now=NOW)
    parsed = message_from_bytes(content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    return parsed


def test_the_way_out_takes_one_click() -> None:
    """Both headers of RFC 8058."""
    headers = own_headers(letter(), IDENTITY)
    assert headers["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_way_out_is_not_folded() -> None:
    """A folded header may break the signature over it, and with it the one click."""
    content = mail_bytes(letter(), "ada@example.com", IDENTITY, now=NOW)
    assert f"\r\nList-Unsubscribe: <{UNSUBSCRIBE}>\r\n".encode() in content


@pytest.mark.parametrize("url", ["", "http://jubilee.example.com/unsubscribe/a", "https://jübilee.example.com/u"])
def test_what_cannot_be_clicked_safely_is_not_offered(url: str) -> None:
    """RFC 8058 wants https; without a link no header pretends that there is one."""
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post"} & set(own_headers(letter(unsubscribe_url=url), IDENTITY))


@pytest.mark.parametrize("family", ["celebrate", "reassure", "recover"])
def test_every_family_offers_the_way_out(family: str) -> None:
    """Also a recovery: whether it is advertising is for courts to say."""
    assert "List-Unsubscribe" in own_headers(letter(family=family), IDENTITY)


def test_only_what_nobody_approved_is_automatic() -> None:
    """RFC 3834: a person's letter may be answered by an out-of-office note, a machine's must not."""
    assert own_headers(letter(by_person=False), IDENTITY)["Auto-Submitted"] == "auto-generated"
    assert "Auto-Submitted" not in own_headers(letter(), IDENTITY)


def test_the_message_id_is_ours_and_always_the_same() -> None:
    """In the domain of the sender, so that a double is shown as one."""
    assert read(letter())["Message-ID"] == f"<{MESSAGE}@acme.example>" == read(letter(subject="x"))["Message-ID"]


def test_a_mail_says_who_to_whom_and_when() -> None:
    """Names as they are, and the answer goes to the person."""
    mail = read(letter())
    assert mail["From"].addresses[0].display_name == "Kim, Acme"
    assert mail["From"].addresses[0].addr_spec == "hello@acme.example"
    assert [address.addr_spec for address in mail["To"].addresses] == ["ada@example.com"]
    assert mail["Reply-To"].addresses[0].addr_spec == "kim@acme.example"
    assert mail["Date"].datetime == NOW


@pytest.mark.parametrize("reply_to", ["", "kim@acme.example\r\nBcc: eve@evil.example", "a@b.example, c@d.example"])
def test_an_answer_goes_to_one_address(reply_to: str) -> None:
    """To the sender's where the message names none, or something else than one."""
    assert [one.addr_spec for one in read(letter(reply_to=reply_to))["Reply-To"].addresses] == ["hello@acme.example"]


def test_both_parts_are_there_and_whole() -> None:
    """The plain one first; letters of all alphabets; a line that begins with a dot."""
    words = "Grüße, Ada 🎂\n.\n..\nFrom here on"
    mail = read(letter(text=words, html=f"<p>{words}</p>"))
    parts = [part for part in mail.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert parts[0].get_content().replace("\r\n", "\n").rstrip() == words
    assert words in parts[1].get_content().replace("\r\n", "\n")


def test_a_text_without_layout_is_one_part() -> None:
    """No empty HTML part."""
    mail = read(letter(html=""))
    assert (mail.get_content_type(), mail.get_content().rstrip()) == ("text/plain", "Hello Ada")


@given(st.text(), st.text(), st.text(), st.text())
def test_a_mail_is_lines_of_ascii_whatever_it_says(name: str, sender: str, subject: str, text: str) -> None:
    """CRLF at every end, none longer than mail servers take, none beginning with a dot; the same headers for all."""
    message = letter(recipient_name=name, sender_name=sender, subject=subject, text=text, html=f"<p>{text}")
    content = mail_bytes(message, "ada@example.com", IDENTITY, now=NOW)
    lines = content.split(b"\r\n")
    assert lines[-1] == b""
    assert all(b"\r" not in line and b"\n" not in line and len(line) <= 998 and line.isascii() for line in lines)
    assert not any(line.startswith(b".") for line in lines)
    mail = message_from_bytes(content, policy=policy.default)
    assert mail.keys() == read(letter()).keys()
    assert [address.addr_spec for address in mail["To"].addresses] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("Ada", "Ada <ada@example.com>"),
        ("", "<ada@example.com>"),
        ('Ada "the first", x', '"Ada \\"the first\\", x" <ada@example.com>'),
        ("ceo@bank.example", '"ceo@bank.example" <ada@example.com>'),
    ],
)
def test_a_name_stays_a_name(name: str, raw: str) -> None:
    """Quoted where it could be read as more."""
    assert f"\r\nTo: {raw}\r\n".encode() in mail_bytes(
        letter(recipient_name=name), "ada@example.com", IDENTITY, now=NOW
    )


def test_line_ends_in_words_become_spaces() -> None:
    """The reader sees one line, and the rest of it is no header even where a program unpacks it."""
    words = "Ada\r\nBcc: eve@evil.example\x00"
    mail = read(letter(recipient_name=words, sender_name=words, subject=words))
    shown = [mail[name].addresses[0].display_name for name in ("To", "From", "Reply-To")] + [mail["Subject"]]
    assert shown == ["Ada Bcc: eve@evil.example"] * 4


@pytest.mark.parametrize("name", ["Аda", "=?utf-8?q?Eve?=", "Ада\u202e"])
def test_names_that_pretend_are_encoded(name: str) -> None:
    """Lookalikes, encoded words and reversed letters travel as encoded words of ours."""
    content = mail_bytes(letter(recipient_name=name), "ada@example.com", IDENTITY, now=NOW)
    line = next(line for line in content.split(b"\r\n") if line.startswith(b"To: "))
    assert line.startswith(b"To: =?utf-8?")
    assert b"=?utf-8?q?Eve?=" not in line


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada.L+news@sub.Example.com", "Ada.L+news@sub.Example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@localhost", "ada@localhost"),
        ("ada@@example.com", None),
        (".ada@example.com", None),
        ("ada..l@example.com", None),
        ("ada@-example.com", None),
        ("ada@example..com", None),
        ("ada@example.com.", None),
        (f"{'a' * 65}@example.com", None),
        (f"ada@{'a' * 64}.com", None),
        (" ada@example.com", None),
        ("ada@example.com ", None),
        ("ädä@example.com", None),
        ("ada@exam\u2024ple.com\n", None),
    ],
)
def test_an_address_is_one_plain_address_or_none(text: str, address: str | None) -> None:
    """Nothing is cut away or guessed: what is not one address is not written to."""
    assert plain_address(text) == address


@given(st.text('a@.<>,;: "()\r\n\x00\\x-é', max_size=30))
def test_no_address_holds_what_separates_addresses(text: str) -> None:
    """Whatever goes in."""
    address = plain_address(text)
    assert address is None or (address.isascii() and not set(address) & set('<>,;: "()\r\n\x00\\'))


LIVE = {"live": True, "postal_address": "Loom Street 1", "public_url": "https://jubilee.example.com"}


@pytest.mark.parametrize(
    ("variable", "settings"),
    [
        ("JUBILEE_POSTAL_ADDRESS", LIVE | {"postal_address": " "}),
        ("JUBILEE_PUBLIC_URL", LIVE | {"public_url": "http://jubilee.example.com"}),
    ],
)
def test_no_mail_goes_to_customers_without_what_the_law_wants(
    monkeypatch: pytest.MonkeyPatch, variable: str, settings: dict[str, Any]
) -> None:
    """The postal address (CAN-SPAM) and a way out that works; in redirect mode, with test addresses, it may lack."""
    monkeypatch.setenv("JUBILEE_EMAIL_FROM", "hello@acme.example")
    open_identity(Settings(**LIVE))
    open_identity(Settings(**settings | {"live": False}))
    with pytest.raises(InvalidInput, match=variable):
        open_identity(Settings(**settings))


@pytest.mark.parametrize("address", ["", "hello", "Acme <hello@acme.example>", "a@b.example,c@d.example"])
def test_a_sender_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Missing, or something else than one address."""
    monkeypatch.setenv("JUBILEE_EMAIL_FROM", address)
    with pytest.raises(InvalidInput, match="JUBILEE_EMAIL_FROM"):
        open_identity(Settings())


def test_a_reply_domain_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It becomes part of every address for answers."""
    monkeypatch.setenv("JUBILEE_EMAIL_FROM", "hello@acme.example")
    monkeypatch.setenv("JUBILEE_EMAIL_REPLY_DOMAIN", "answers acme")
    with pytest.raises(InvalidInput, match="JUBILEE_EMAIL_REPLY_DOMAIN"):
        open_identity(Settings())
