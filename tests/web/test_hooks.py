"""What providers call: who may, what a call changes, and that forged, repeated and broken ones change nothing (S7)."""

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from engine.rounds import Jubilee, listen
from engine.storage.models import ContactPoint, Delivery, Receipt, Reply, Suppression
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer
from tests.engine.listen.heard import ADDRESS, submitted
from tests.web.conftest import Browser
from triggers.table import KINDS

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
TOKEN = "twilio-token"
INBOUND = "inbound-secret"
PUBLIC = "https://jubilee.example.com"
EVENTS, STATUS, TEXTS, MAILS = (
    "/hooks/sendgrid/events",
    "/hooks/twilio/status",
    "/hooks/twilio/inbound",
    "/hooks/sendgrid/inbound",
)
PHONE = "+4915112345678"


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    public = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    monkeypatch.setenv("JUBILEE_SENDGRID_WEBHOOK_KEY", base64.b64encode(public).decode())
    monkeypatch.setenv("JUBILEE_SENDGRID_INBOUND_TOKEN", INBOUND)
    monkeypatch.setenv("JUBILEE_TWILIO_AUTH_TOKEN", TOKEN)


@pytest.fixture
def outside(app: FastAPI) -> Browser:
    """A provider: no cookie, no form token."""
    object.__setattr__(app.state.place, "settings", app.state.place.settings.model_copy(update={"public_url": PUBLIC}))
    return Browser(app, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def delivery(db: Database) -> Delivery:
    with db.writing() as session:
        return submitted(session)


def events(delivery: Delivery | None = None, **fields: Any) -> bytes:
    one = {
        "email": ADDRESS,
        "timestamp": int(NOW.timestamp()) - 30,
        "event": "delivered",
        "sg_event_id": "e1",
        "sg_message_id": "abc.filter0001.16648.5515E0B88.0",
        "message_id": str(delivery.message_id) if delivery else str(uuid4()),
    }
    return json.dumps([one | fields]).encode()


def signed(body: bytes, *, key: ec.EllipticCurvePrivateKey = KEY, at: float | None = None) -> dict[str, str]:
    timestamp = str(int(NOW.timestamp() if at is None else at))
    signature = key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "content-type": "application/json",
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }


def from_twilio(outside: Browser, path: str, *, token: str = TOKEN, query: str = "", **fields: str) -> Response:
    url = f"{PUBLIC}{path}{query}"
    signature = RequestValidator(token).compute_signature(url, fields)
    return outside.post(f"{path}{query}", data=fields, headers={"X-Twilio-Signature": signature})


def count(db: Database, model: type) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def work(db: Database, app: FastAPI) -> None:
    """What a worker does when the bell rings."""
    place = app.state.place
    listen(Jubilee(db, KINDS, {}, place.settings))


def state(db: Database, delivery: Delivery) -> str:
    with db.reading() as session:
        return session.get_one(Delivery, delivery.id).state


def test_a_signed_event_is_recorded_and_then_applied(
    outside: Browser, db: Database, app: FastAPI, delivery: Delivery
) -> None:
    """The call is answered after the recording; a worker does the rest."""
    body = events(delivery)
    assert outside.post(EVENTS, content=body, headers=signed(body)).status_code == 204
    assert (count(db, Receipt), state(db, delivery)) == (1, "submitting")
    work(db, app)
    assert state(db, delivery) == "delivered"


def test_a_replay_changes_nothing(outside: Browser, db: Database, delivery: Delivery) -> None:
    """The same call again, and the same event under 46 new ids, is one receipt."""
    for number in range(46):
        body = events(delivery, sg_event_id=f"e{number}")
        assert outside.post(EVENTS, content=body, headers=signed(body)).status_code == 204
        assert outside.post(EVENTS, content=body, headers=signed(body)).status_code == 204
    assert count(db, Receipt) == 1


def _without(name: str) -> Callable[[bytes], tuple[bytes, dict[str, str]]]:
    return lambda body: (body, {key: value for key, value in signed(body).items() if name not in key})


def _with(name: str, value: str) -> Callable[[bytes], tuple[bytes, dict[str, str]]]:
    return lambda body: (body, signed(body) | {f"X-Twilio-Email-Event-Webhook-{name}": value})


def _truncated(body: bytes) -> tuple[bytes, dict[str, str]]:
    headers = signed(body)
    name = "X-Twilio-Email-Event-Webhook-Signature"
    whole = base64.b64decode(headers[name])
    return body, headers | {name: base64.b64encode(whole[:-4]).decode()}


FORGERIES: dict[str, Callable[[bytes], tuple[bytes, dict[str, str]]]] = {
    "no signature": _without("Signature"),
    "no timestamp": _without("Timestamp"),
    "garbage": _with("Signature", "garbage"),
    "not base64": _with("Signature", "%%%"),
    "base64 of garbage": _with("Signature", base64.b64encode(b"garbage").decode()),
    "truncated": _truncated,
    "another key": lambda body: (body, signed(body, key=OTHER_KEY)),
    "another timestamp": _with("Timestamp", str(int(NOW.timestamp()) - 1)),
    "no number as timestamp": _with("Timestamp", "now"),
    "endless timestamp": _with("Timestamp", "9" * 400),
    "other digits": _with("Timestamp", "١٧٨٠٣١٥٢٠٠"),
    "changed body": lambda body: (body.replace(b"delivered", b"bounce   "), signed(body)),
    "re-serialised": lambda body: (json.dumps(json.loads(body), indent=1).encode(), signed(body)),
    "old": lambda body: (body, signed(body, at=NOW.timestamp() - 301)),
    "from the future": lambda body: (body, signed(body, at=NOW.timestamp() + 61)),
    "not UTF-8": lambda body: (body + b"\xff", signed(body + b"\xff")),
}


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_event_changes_nothing(outside: Browser, db: Database, delivery: Delivery, forgery: str) -> None:
    """403, no receipt, and one line in the log that tells nothing of the call."""
    body, headers = FORGERIES[forgery](events(delivery))
    headers = {name: value.encode("utf-8") for name, value in headers.items()}  # type: ignore[misc]
    with capture_logs() as lines:
        assert outside.post(EVENTS, content=body, headers=headers).status_code == 403
    assert count(db, Receipt) == 0
    assert lines == [{"event": "hook_refused", "hook": "sendgrid/events", "log_level": "warning"}]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("age", [0, 299, -59])
def test_clocks_may_differ_a_little(outside: Browser, delivery: Delivery, age: int) -> None:
    """Up to five minutes old, and up to a minute ahead."""
    body = events(delivery)
    assert outside.post(EVENTS, content=body, headers=signed(body, at=NOW.timestamp() - age)).status_code == 204


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("path", [EVENTS, STATUS, TEXTS, MAILS])
def test_another_content_type_is_refused(outside: Browser, db: Database, path: str) -> None:
    """Whatever the signature says."""
    body = events()
    headers = signed(body) | {"content-type": "text/plain"}
    assert outside.post(path, content=body, headers=headers).status_code == 415
    assert count(db, Receipt) == 0


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("path", "size"), [(EVENTS, 1_000_001), (STATUS, 1_000_001), (TEXTS, 1_000_001), (f"{MAILS}/{INBOUND}", 10_000_001)]
)
def test_too_much_is_refused(outside: Browser, db: Database, path: str, size: int) -> None:
    """A body that no provider sends is not read to its end."""
    types = {EVENTS: "application/json", STATUS: "application/x-www-form-urlencoded"}
    kind = types.get(path, "application/x-www-form-urlencoded")
    body = b" " * size
    if path.startswith(MAILS):
        kind, body = (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + body,
        )
    assert outside.post(path, content=body, headers=signed(b"") | {"content-type": kind}).status_code == 413
    assert count(db, Receipt) + count(db, Reply) == 0


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b'"x"', b"[" * 20_000, b"[{]", b"1e400"],
    ids=["empty", "object", "null", "text", "deep", "broken", "number"],
)
def test_what_is_no_list_of_events_is_refused_quickly(outside: Browser, db: Database, body: bytes) -> None:
    """Also where it is signed, as then somebody at the provider made a mistake."""
    outside.post(EVENTS, content=b"[]", headers=signed(b"[]"))  # what the first call of a process loads is not meant
    began = time.process_time()  # of this process alone: others may use the machine meanwhile
    assert outside.post(EVENTS, content=body, headers=signed(body)).status_code == 422
    assert time.process_time() - began < 1
    assert count(db, Receipt) == 0


def test_bad_events_keep_none_of_their_good_siblings(outside: Browser, db: Database, delivery: Delivery) -> None:
    """What cannot be read, or is no word of ours, is left out; the rest is recorded."""
    good = json.loads(events(delivery))[0]
    bad: list[Any] = [
        None,
        1,
        "x",
        [],
        {},
        {"event": "delivered"},
        good | {"event": "unheard_of"},
        good | {"event": ["delivered"]},
        good | {"timestamp": "soon"},
        good | {"timestamp": 10**30},
        good | {"timestamp": True},
        good | {"message_id": 5},
        good | {"message_id": "not-ours"},
        good | {"message_id": "x" * 100_000},
    ]
    awkward = good | {"event": "bounce", "reason": "\ud800 \x00 no", "email": "\ud800@x", "sg_message_id": {"a": 1}}
    body = json.dumps([*bad, good, awkward]).encode()
    assert outside.post(EVENTS, content=body, headers=signed(body)).status_code == 204
    with db.reading() as session:
        assert sorted(session.scalars(select(Receipt.kind))) == ["bounced", "delivered"]


def test_half_a_million_nothings_are_left_out(outside: Browser, db: Database) -> None:
    """A long array costs little."""
    body = b"[" + b"0," * 400_000 + b"0]"
    assert outside.post(EVENTS, content=body, headers=signed(body)).status_code == 204
    assert count(db, Receipt) == 0


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("fields", "suppressed"),
    [
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, True),
        ({"event": "bounce", "type": "blocked", "status": "5.7.1"}, False),
        ({"event": "bounce", "type": "bounce", "status": "4.2.2"}, False),
        ({"event": "dropped", "reason": "Bounced Address"}, True),
        ({"event": "dropped", "reason": "Spam Content"}, False),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, True),
        ({"event": "spamreport"}, True),
        ({"event": "deferred", "response": "450 later"}, False),
        ({"event": "open"}, False),
    ],
)
def test_what_sendgrid_says_of_an_address(
    outside: Browser, db: Database, app: FastAPI, delivery: Delivery, fields: dict[str, str], suppressed: bool
) -> None:
    """Only the end of an address, or a complaint, suppresses it."""
    body = events(delivery, **fields)
    assert outside.post(EVENTS, content=body, headers=signed(body)).status_code == 204
    work(db, app)
    assert bool(count(db, Suppression)) is suppressed


@pytest.mark.databases("sqlite")
def test_a_database_that_is_away_lets_the_provider_call_again(
    outside: Browser, app: FastAPI, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, so that nothing is lost."""
    body = events(delivery)

    def away() -> None:
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(app.state.place.db, "writing", away)
    assert outside.post(EVENTS, content=body, headers=signed(body)).status_code == 503


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("key", ["", "no key"])
def test_without_a_usable_key_the_provider_shall_call_again(
    outside: Browser, db: Database, delivery: Delivery, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """That is ours to mend; the log names the variable."""
    monkeypatch.setenv("JUBILEE_SENDGRID_WEBHOOK_KEY", key)
    body = events(delivery)
    with capture_logs() as lines:
        answer = outside.post(EVENTS, content=body, headers=signed(body))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.json() == {"error": "this is not configured here"}  # and not which secret is missing
    assert "JUBILEE_SENDGRID_WEBHOOK_KEY" in lines[0]["why"]
    assert count(db, Receipt) == 0


def test_a_status_of_twilio_settles_a_message_by_our_id(outside: Browser, db: Database, app: FastAPI) -> None:
    """The callback's address carries it, also where Twilio's own id was never stored."""
    with db.writing() as session:
        delivery = submitted(session, channel="sms", address=PHONE)
    for status in ("queued", "delivered", "sent"):
        fields = {"MessageSid": "SM1", "MessageStatus": status, "To": PHONE, "ErrorCode": ""}
        answer = from_twilio(outside, STATUS, query=f"?message_id={delivery.message_id}", **fields)
        assert answer.status_code == 204
    work(db, app)
    assert state(db, delivery) == "delivered"
    assert count(db, Receipt) == 3


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("status", "code", "state_after", "dead"),
    [
        ("undelivered", "30003", "bounced", False),
        ("undelivered", "30005", "bounced", True),
        ("undelivered", "30006", "bounced", True),
        ("failed", "30007", "bounced", False),
        ("failed", "21610", "bounced", True),
        ("sent", "", "accepted", False),
        ("something_new", "", "submitting", False),
    ],
)
def test_what_twilio_says_of_a_number(
    outside: Browser, db: Database, app: FastAPI, status: str, code: str, state_after: str, dead: bool
) -> None:
    """A landline is dead; a handset that is switched off is not; a STOP that Twilio knows of is one."""
    with db.writing() as session:
        delivery = submitted(session, channel="sms", address=PHONE, provider_id="SM1")
    from_twilio(outside, STATUS, MessageSid="SM1", MessageStatus=status, To=PHONE, ErrorCode=code)
    work(db, app)
    assert (state(db, delivery), bool(count(db, Suppression))) == (state_after, dead)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("path", [STATUS, TEXTS])
def test_a_forged_call_of_twilio_changes_nothing(outside: Browser, db: Database, path: str) -> None:
    """None, garbage, another token, another address, another field, and a Host header of the caller's choice."""
    fields = {"MessageSid": "SM1", "MessageStatus": "failed", "From": PHONE, "To": PHONE, "Body": "STOP"}
    genuine = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}{path}", fields)
    evil = RequestValidator(TOKEN).compute_signature(f"https://evil.example{path}", fields)
    tries: list[tuple[dict[str, str], dict[str, str]]] = [
        (fields, {}),
        (fields, {"X-Twilio-Signature": "garbage"}),
        (fields, {"X-Twilio-Signature": genuine[:-3]}),
        (fields, {"X-Twilio-Signature": RequestValidator("other").compute_signature(f"{PUBLIC}{path}", fields)}),
        (fields | {"Body": "START"}, {"X-Twilio-Signature": genuine}),
        (fields | {"Extra": "1"}, {"X-Twilio-Signature": genuine}),
        (fields, {"X-Twilio-Signature": evil, "Host": "evil.example"}),
    ]
    assert [outside.post(path, data=form, headers=headers).status_code for form, headers in tries] == [403] * 7
    assert outside.post(f"{path}?x=1", data=fields, headers={"X-Twilio-Signature": genuine}).status_code == 403
    assert count(db, Receipt) + count(db, Reply) + count(db, Suppression) == 0


def test_a_stop_holds_at_once_and_is_confirmed_once(outside: Browser, db: Database) -> None:
    """In the customer's language; a STOP that was known gets no second text."""
    with db.writing() as session:
        customer = make_customer(session, locale="de")
        session.add(ContactPoint(customer_id=customer.id, channel="sms", address=PHONE))
    first = from_twilio(outside, TEXTS, MessageSid="SM1", From=PHONE, To="+49301", Body=" Stop!! ", FromCity="")
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("text/xml")
    assert first.text.count("<Message>") == 1
    assert "keine Nachrichten mehr" in first.text
    again = from_twilio(outside, TEXTS, MessageSid="SM2", From=PHONE, To="+49301", Body="stop")
    repeated = from_twilio(outside, TEXTS, MessageSid="SM1", From=PHONE, To="+49301", Body=" Stop!! ", FromCity="")
    assert "<Message>" not in again.text + repeated.text
    assert count(db, Reply) == 2
    with db.reading() as session:
        assert {row.reason for row in session.scalars(select(Suppression))} == {"stop"}


def test_start_takes_a_stop_back(outside: Browser, db: Database) -> None:
    """And is confirmed; without a STOP before it there is nothing to confirm."""
    assert "<Message>" not in from_twilio(outside, TEXTS, MessageSid="S0", From=PHONE, Body="START").text
    from_twilio(outside, TEXTS, MessageSid="S1", From=PHONE, Body="stop")
    assert "<Message>" in from_twilio(outside, TEXTS, MessageSid="S2", From=PHONE, Body="Start").text
    with db.reading() as session:
        assert not session.scalars(select(Suppression).where(Suppression.lifted_at.is_(None))).all()


@pytest.mark.databases("sqlite")
def test_help_is_answered_and_waits_for_a_person(outside: Browser, db: Database) -> None:
    """The company is named, nothing is sold."""
    answer = from_twilio(outside, TEXTS, MessageSid="S1", From=f"whatsapp:{PHONE}", Body="HELP")
    assert "Loom &amp; Lantern" in answer.text
    with db.reading() as session:
        reply = session.scalars(select(Reply)).one()
        assert (reply.channel, reply.meaning, reply.handled_at) == ("whatsapp", "help", None)


@pytest.mark.databases("sqlite")
def test_what_twilio_answered_itself_is_not_answered_again(outside: Browser, db: Database) -> None:
    """With Twilio's own opt-out handling the STOP is kept here too, in silence."""
    answer = from_twilio(outside, TEXTS, MessageSid="S1", From=PHONE, Body="STOP", OptOutType="STOP")
    assert "<Message>" not in answer.text
    assert count(db, Suppression) == 1


def test_a_text_is_kept_for_a_person_and_opens_the_window_of_whatsapp(outside: Browser, db: Database) -> None:
    """It is threaded to the last message that went to this number."""
    with db.writing() as session:
        delivery = submitted(session, channel="whatsapp", address=PHONE)
    from_twilio(outside, TEXTS, MessageSid="S1", From=f"whatsapp:{PHONE}", Body="Thank you \U0001f600", NumMedia="1")
    with db.reading() as session:
        reply = session.scalars(select(Reply)).one()
        assert (reply.message_id, reply.meaning) == (delivery.message_id, "text")
        assert "1 picture or file, not kept" in reply.text
        assert session.scalars(select(ContactPoint.heard_at)).one() == NOW


MAIL = "\r\n".join(
    [
        "From: Ada <ada@example.org>",
        "To: {to}",
        "Subject: Re: Happy birthday",
        "Message-ID: <m1@example.org>",
        "",
        "{text}",
    ]
)


def reply_to(app: FastAPI, message_id: UUID, text: str = "Thank you!") -> str:
    to = app.state.place.links.reply_address(message_id, "answers.example.com")
    return MAIL.format(to=to, text=text)


def test_a_mail_is_kept_beside_the_message_it_answers(
    outside: Browser, db: Database, app: FastAPI, delivery: Delivery
) -> None:
    """Whole, as SendGrid posts it raw; told twice it is one."""
    form = {"email": reply_to(app, delivery.message_id)}
    for path in (f"{MAILS}/{INBOUND}", f"{MAILS}/{INBOUND}"):
        assert outside.post(path, data=form, files={"nothing": ("a.txt", b"x")}).status_code == 204
    with db.reading() as session:
        reply = session.scalars(select(Reply)).one()
        assert (reply.message_id, reply.text, reply.from_address) == (delivery.message_id, "Thank you!", ADDRESS)


@pytest.mark.databases("sqlite")
def test_a_mail_may_come_taken_apart(outside: Browser, db: Database, app: FastAPI, delivery: Delivery) -> None:
    """With its attachments dropped and named."""
    to = app.state.place.links.reply_address(delivery.message_id, "answers.example.com")
    form = {
        "headers": "Message-ID: <m2@example.org>\nFrom: Ada <ada@example.org>\nSubject: Grüße\n",
        "from": "Ada <ada@example.org>",
        "to": "somebody@example.com",
        "subject": "Grüße",
        "html": "<p>Danke für <b>alles</b>!</p><script>alert(1)</script>",
        "envelope": json.dumps({"to": [to], "from": ADDRESS}),
    }
    files = {"attachment1": ("photo.jpg", b"\xff\xd8")}
    credentials = ("sendgrid", INBOUND)
    assert outside.post(MAILS, data=form, files=files, auth=credentials).status_code == 204
    with db.reading() as session:
        reply = session.scalars(select(Reply)).one()
        assert reply.message_id == delivery.message_id
        assert reply.text == "Danke für alles!\n\n(attached, and not kept: photo.jpg)"


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("path", [MAILS, f"{MAILS}/wrong", f"{MAILS}/{INBOUND}x", f"{MAILS}?token=wrong"])
def test_a_mail_without_the_secret_is_refused(
    outside: Browser, db: Database, app: FastAPI, delivery: Delivery, path: str
) -> None:
    """Before it is read."""
    form = {"email": reply_to(app, delivery.message_id)}
    assert outside.post(path, data=form, files={"n": ("a", b"x")}, auth=("x", "wrong")).status_code == 403
    assert count(db, Reply) == 0


@pytest.mark.databases("sqlite")
def test_no_hook_asks_for_a_session(outside: Browser, travel: time_machine.Traveller, delivery: Delivery) -> None:
    """A provider has no cookie; a browser's cookie helps nobody either, as only the proof counts."""
    travel.shift(timedelta(seconds=10))
    body = events(delivery)
    assert outside.post(EVENTS, content=body, headers=signed(body)).status_code == 204
    assert outside.get(EVENTS).status_code == 405
