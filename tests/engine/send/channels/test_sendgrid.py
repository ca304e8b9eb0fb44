"""SendGrid: what it is asked, and what each of its answers means."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.errors import InvalidInput, JubileeError
from engine.send.channels.mail import Identity
from engine.send.channels.sendgrid import SendGrid, SendGridSettings, open_channel, payload_of, refusal_of
from engine.send.exchange import Answer, NoAnswer
from engine.send.outgoing import Accepted, Refused
from engine.settings import Settings
from tests.engine.send.channels.doors import outgoing
from tests.engine.send.channels.far_doors import IMPATIENT, SendGridDoor

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
IDENTITY = Identity("hello@acme.example")
PROVIDER_LATER = ("provider", False)


def answer(status: int, body: Any = b"", **headers: str) -> Answer:
    """What SendGrid said."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def complaint(field: str | None, message: str = "Does not contain a valid address.") -> dict[str, Any]:
    """SendGrid's way to complain about one field."""
    return {"errors": [{"message": message, "field": field, "help": None}]}


def refusal(found: Answer) -> Refused:
    """What it means, where it is a refusal."""
    refused = refusal_of(found, now=NOW)
    assert isinstance(refused, Refused)
    return refused


@pytest.mark.parametrize(
    ("status", "whose", "permanent"),
    [
        (301, *PROVIDER_LATER),
        (400, "message", True),
        (401, *PROVIDER_LATER),
        (402, "message", True),
        (403, *PROVIDER_LATER),
        (404, *PROVIDER_LATER),
        (405, *PROVIDER_LATER),
        (406, *PROVIDER_LATER),
        (408, *PROVIDER_LATER),
        (413, "message", True),
        (415, "message", True),
        (422, "message", True),
        (429, *PROVIDER_LATER),
        (451, *PROVIDER_LATER),
        (503, *PROVIDER_LATER),
    ],
)
def test_a_clear_no_is_read_by_the_table(status: int, whose: str, permanent: bool) -> None:
    """What is our configuration's fault loses no message; what is the message's ends it."""
    refused = refusal(answer(status))
    assert (refused.whose, refused.permanent) == (whose, permanent)


@pytest.mark.parametrize("status", [100, 200, 201, 204, 500, 502, 504, 520, 599])
def test_anything_else_is_no_answer(status: int) -> None:
    """A 5xx may come after the mail was taken; 200 outside sandbox mode is none of SendGrid's answers."""
    assert isinstance(refusal_of(answer(status), now=NOW), NoAnswer)


@pytest.mark.parametrize(
    ("field", "whose", "permanent"),
    [
        ("personalizations.0.to.0.email", "address", True),
        ("personalizations.0.to", "address", True),
        ("from.email", *PROVIDER_LATER),
        ("from", *PROVIDER_LATER),
        ("content.0.value", "message", True),
        ("reply_to.email", "message", True),
        (None, "message", True),
    ],
)
def test_a_bad_request_says_whose_fault_it_was(field: str | None, whose: str, permanent: bool) -> None:
    """A dead address is not used again; a wrong sender is for an administrator."""
    refused = refusal(answer(400, complaint(field)))
    assert (refused.whose, refused.permanent) == (whose, permanent)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7),
        ("Mon, 01 Jun 2026 12:01:30 GMT", 90),
        ("1000000000", 86_400),
        ("-5", None),
        ("Mon, 01 Jun 2020 00:00:00 GMT", 0),
        ("soon", None),
        ("nan", None),
        ("", None),
    ],
)
def test_too_many_requests_says_when_to_come_back(said: str, seconds: float | None) -> None:
    """As seconds or as a date; a day at most, and nothing where it says nothing."""
    assert refusal(answer(429, retry_after=said)).retry_after == seconds
    assert refusal(answer(429)).retry_after is None


@pytest.mark.parametrize("body", [b"\x00\xff<html>", b"[]", b"[1]", b'{"errors": 3}', b'{"errors": [3]}', b"[" * 9_000])
def test_a_body_that_cannot_be_read_changes_no_meaning(body: bytes) -> None:
    """The status stands for itself."""
    assert refusal(answer(400, body)).whose == "message"


def test_the_reason_says_what_sendgrid_said_but_no_address() -> None:
    """People read it; it may stand in lists and logs."""
    refused = refusal(answer(403, complaint(None, "The from address hello@acme.example is not\nverified.")))
    assert refused.reason == "not_permitted: The from address ... is not verified."


def test_our_ids_the_occasion_and_the_ways_out_go_along() -> None:
    """So that events find their message, figures are told apart, and one click is enough to leave."""
    message = outgoing(SendGridDoor, by_person=True)
    payload = payload_of(message, "ada@example.com", IDENTITY, sandbox=False)
    (person,) = payload["personalizations"]
    assert person["custom_args"] == {"message_id": str(message.message_id), "delivery_id": str(message.delivery_id)}
    assert person["to"] == [{"email": "ada@example.com", "name": "Ada Lovelace"}]
    assert payload["categories"] == ["birthday"]
    assert payload["headers"] == {
        "Message-ID": f"<{message.message_id}@acme.example>",
        "List-Unsubscribe": f"<{message.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert payload["reply_to"] == {"email": "kim@acme.example", "name": "Kim, Acme"}
    assert [part["type"] for part in payload["content"]] == ["text/plain", "text/html"]


def test_nothing_is_tracked_and_nothing_added() -> None:
    """No counted opens, no rewritten links, no second way out."""
    payload = payload_of(outgoing(SendGridDoor), "ada@example.com", IDENTITY, sandbox=False)
    assert payload["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
    }
    assert "mail_settings" not in payload


def test_a_name_with_commas_is_one_recipient() -> None:
    """Whatever SendGrid makes of commas in names, there are none."""
    message = outgoing(SendGridDoor, recipient_name="Lovelace, Ada; eve@evil.example")
    payload = payload_of(message, "ada@example.com", IDENTITY, sandbox=False)
    assert payload["personalizations"][0]["to"] == [
        {"email": "ada@example.com", "name": "Lovelace Ada eve@evil.example"}
    ]


def test_line_ends_in_words_become_spaces() -> None:
    """SendGrid gets one line for each name and for the subject."""
    words = "Ada\r\nBcc: eve@evil.example\x00"
    message = outgoing(SendGridDoor, recipient_name=words, sender_name=words, subject=words)
    payload = payload_of(message, "ada@example.com", IDENTITY, sandbox=False)
    shown = [
        payload["personalizations"][0]["to"][0]["name"],
        payload["from"]["name"],
        payload["reply_to"]["name"],
        payload["subject"],
    ]
    assert shown == ["Ada Bcc: eve@evil.example"] * 4


@pytest.fixture
def door() -> Any:
    made = SendGridDoor()
    yield made
    made.close()


def test_sendgrids_own_id_is_kept_and_a_missing_one_loses_nothing(door: SendGridDoor) -> None:
    """202 says that it was taken; events are matched by our id."""
    channel = door.open()
    assert channel.send(outgoing(door)).provider_id.startswith("stub-")
    door.stub.behave("no_id")
    message = outgoing(door)
    assert channel.send(message) == Accepted(str(message.message_id))
    channel.close()


def test_in_sandbox_mode_nothing_is_delivered(door: SendGridDoor) -> None:
    """SendGrid checks the mail and answers 200."""
    group = SendGridSettings(api_key="SG.key", url=door.stub.url, sandbox=True)
    channel = SendGrid(group, IDENTITY, IMPATIENT)
    assert isinstance(channel.send(outgoing(door)), Accepted)
    assert door.accepted() == []
    assert "nothing is delivered" in channel.check()
    channel.close()


def test_the_key_goes_along(door: SendGridDoor) -> None:
    """As a bearer token, and the body as JSON."""
    channel = door.open()
    channel.send(outgoing(door))
    channel.close()
    headers = door.received()[0]["headers"]
    assert (headers["authorization"], headers["content-type"]) == ("Bearer SG.key", "application/json")


def test_200_is_no_acceptance_outside_sandbox_mode(door: SendGridDoor) -> None:
    """Something else than SendGrid may have answered: nobody knows."""
    door.stub.behave(200)
    channel = door.open()
    with pytest.raises(NoAnswer):
        channel.send(outgoing(door))
    channel.close()


@pytest.mark.parametrize(
    ("status", "body", "variable"),
    [
        (401, b"", "JUBILEE_SENDGRID_API_KEY"),
        (403, b"", "JUBILEE_SENDGRID_API_KEY"),
        (200, b'{"scopes": ["stats.read"]}', "JUBILEE_SENDGRID_API_KEY: this key lacks the permission Mail Send"),
        (200, b"<html>", "JUBILEE_SENDGRID_URL"),
        (404, b"", "JUBILEE_SENDGRID_URL"),
        (500, b"", "JUBILEE_SENDGRID_URL"),
    ],
)
def test_the_check_names_what_to_look_at(door: SendGridDoor, status: int, body: bytes, variable: str) -> None:
    """The key, what it may do, or where it asks."""
    door.stub.behave(status, body=body.decode())
    channel = door.open()
    with pytest.raises(JubileeError, match=variable):
        channel.check()
    channel.close()


def test_without_a_key_it_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """And with one it wants a sender."""
    assert open_channel(Settings()) is None
    monkeypatch.setenv("JUBILEE_SENDGRID_API_KEY", "SG.key")
    with pytest.raises(InvalidInput, match="JUBILEE_EMAIL_FROM"):
        open_channel(Settings())
    monkeypatch.setenv("JUBILEE_EMAIL_FROM", "hello@acme.example")
    channel = open_channel(Settings())
    assert channel is not None
    channel.close()
