"""Texts and WhatsApp by Twilio, against a provider that is a real process: what goes out, what each answer means."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from engine.errors import InvalidInput, JubileeError
from engine.ids import new_id
from engine.send.channels import sms, whatsapp
from engine.send.channels.sms import Sms, with_opt_out
from engine.send.channels.twilio import FAULTS, Account, TwilioSettings
from engine.send.channels.whatsapp import WhatsApp
from engine.send.exchange import NoAnswer, Patience
from engine.send.outgoing import Accepted, ApprovedTemplate, OutgoingMessage, Refused
from engine.settings import Settings
from tests.servers.provider import Provider

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SID = "AC" + "0" * 32
PUBLIC = "https://jubilee.example.com"
TEXT = OutgoingMessage(
    message_id=new_id(),
    delivery_id=new_id(),
    address="+4915112345678",
    recipient_name="Ada",
    sender_name="Kim, Acme",
    subject="",
    text="Grüße, Ada. 100 % + 1 & more",
    html="",
    occasion="birthday",
)
TEMPLATE = ApprovedTemplate("HX1", {"1": "Ada", "2": "10th"})


@pytest.fixture(scope="module")
def stub() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def group(stub: Provider) -> TwilioSettings:
    """An account with both senders, at a provider in its best mood."""
    stub.behave("accept")
    return TwilioSettings(
        account_sid=SID, auth_token="secret", sms_from="+4930111", whatsapp_from="+4930222", url=stub.url
    )


@pytest.fixture
def account(group: TwilioSettings) -> Iterator[Account]:
    opened = Account(group, PUBLIC, Patience(10, 2))
    yield opened
    opened.close()


@pytest.fixture
def texts(account: Account, group: TwilioSettings) -> Sms:
    return Sms(account, group)


@pytest.fixture
def chat(account: Account, group: TwilioSettings) -> WhatsApp:
    return WhatsApp(account, group, clock=lambda: NOW)


def sent(stub: Provider) -> dict[str, str]:
    """The fields of the last form."""
    return {name: values[0] for name, values in parse_qs(stub.received()[-1]["body"], keep_blank_values=True).items()}


def refusal(channel: Sms | WhatsApp, message: OutgoingMessage = TEXT) -> Refused:
    with pytest.raises(Refused) as refused:
        channel.send(message)
    return refused.value


def test_a_text_goes_out_whole(stub: Provider, texts: Sms) -> None:
    """To whom, from whom, its words to the letter, and where the receipts belong."""
    accepted = texts.send(TEXT)
    assert accepted.provider_id.startswith("SM")
    assert not accepted.delivered
    assert sent(stub) == {
        "To": "+4915112345678",
        "From": "+4930111",
        "Body": "Grüße, Ada. 100 % + 1 & more",
        "ValidityPeriod": "1800",
        "StatusCallback": f"{PUBLIC}/hooks/twilio/status?message_id={TEXT.message_id}",
    }
    last = stub.received()[-1]
    assert last["path"] == f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert last["headers"]["authorization"].startswith("Basic ")


def test_a_messaging_service_sends_in_its_own_name(stub: Provider, account: Account, group: TwilioSettings) -> None:
    """Then Twilio chooses the number."""
    Sms(account, group.model_copy(update={"sms_from": "MG123"})).send(TEXT)
    assert sent(stub)["MessagingServiceSid"] == "MG123"
    assert "From" not in sent(stub)


def test_no_receipts_are_asked_for_at_an_address_nobody_can_reach(stub: Provider, group: TwilioSettings) -> None:
    """Twilio refuses a text whose receipts should go to 127.0.0.1."""
    for local in ("http://127.0.0.1:8000", "http://localhost", "http://[::1]", "http://10.1.2.3"):
        account = Account(group, local)
        Sms(account, group).send(TEXT)
        account.close()
        assert "StatusCallback" not in sent(stub)


@pytest.mark.parametrize(
    "address", ["", "030 1234", "+49", "+999123456", "+1415555010012", "+1 555; +1 5", "ada@example.com"]
)
def test_an_address_that_is_no_number_is_refused_unsent(stub: Provider, texts: Sms, address: str) -> None:
    """And it is the address that is not used again."""
    before = len(stub.requests())
    why = refusal(texts, replace(TEXT, address=address))
    assert (why.reason, why.permanent, why.whose) == ("invalid_number", True, "address")
    assert len(stub.requests()) == before


def test_a_number_goes_in_its_one_spelling(stub: Provider, texts: Sms) -> None:
    """However it was written down."""
    texts.send(replace(TEXT, address="+49 (1511) 234-5678"))
    assert sent(stub)["To"] == "+4915112345678"


@pytest.mark.parametrize(
    ("status", "code", "reason", "permanent", "whose"),
    [
        (429, 20429, "too_many_requests", False, "provider"),
        (429, None, "too_many_requests", False, "provider"),
        (400, 14107, "too_many_requests", False, "provider"),
        (401, 20003, "wrong_key", False, "provider"),
        (403, None, "wrong_key", False, "provider"),
        (404, 20404, "wrong_account_or_url", False, "provider"),
        (404, None, "wrong_account_or_url", False, "provider"),
        (400, 21606, "wrong_sender", False, "provider"),
        (400, 21211, "invalid_number", True, "address"),
        (400, 21614, "invalid_number", True, "address"),
        (400, 21610, "opted_out", True, "address"),
        (403, 21610, "opted_out", True, "address"),  # the code says more than the status
        (400, 63016, "outside_whatsapp_window", True, "message"),
        (400, 21617, "twilio_21617", True, "message"),
        (413, None, "http_413", True, "message"),
        (400, "rubbish", "http_400", True, "message"),
    ],
)
def test_each_complaint_has_its_meaning(
    stub: Provider, texts: Sms, status: int, code: Any, reason: str, permanent: bool, whose: str
) -> None:
    """Whose fault it is decides whether the message, the address or the provider has to wait or end."""
    stub.behave(status, body=json.dumps({"code": code, "message": "no", "status": status}))
    why = refusal(texts)
    assert (why.reason, why.permanent, why.whose) == (reason, permanent, whose)


def test_a_provider_that_asks_for_time_is_given_it(stub: Provider, texts: Sms) -> None:
    """In seconds."""
    stub.behave(429, retry_after=7)
    assert refusal(texts).retry_after == 7


@pytest.mark.parametrize(
    "mood",
    ["accept_then_hang", "accept_then_close", "reset", "silent", "drip", "garbage", "no_id", 500, 502, 503, 302],
)
def test_an_answer_that_says_nothing_certain_is_no_refusal(stub: Provider, texts: Sms, mood: str | int) -> None:
    """The text may have been taken: nobody may send it again."""
    stub.behave(mood)
    with pytest.raises(NoAnswer):
        texts.send(TEXT)


def test_garbage_below_a_clear_status_is_still_a_refusal(stub: Provider, texts: Sms) -> None:
    """The status alone says that nothing was taken."""
    stub.behave(400, body="<html>no")
    assert refusal(texts).reason == "http_400"


def test_a_provider_that_cannot_be_reached_took_nothing(group: TwilioSettings) -> None:
    """The message waits unharmed."""
    account = Account(group.model_copy(update={"url": "http://127.0.0.1:9"}), PUBLIC, Patience(1, 1))
    why = refusal(Sms(account, group))
    assert (why.reason.partition(":")[0], why.permanent, why.whose) == ("unreachable", False, "provider")


def test_each_fault_of_the_provider_can_be_mended() -> None:
    """What stops the whole channel never ends a message, and what ends an address names one."""
    for fault in FAULTS.values():
        assert fault.permanent == (fault.whose != "provider")


@pytest.mark.parametrize("hours", [0, 1, 23.9])
def test_free_words_go_for_a_day_after_the_customer_wrote(stub: Provider, chat: WhatsApp, hours: float) -> None:
    """An approved template is not needed then, and costs more."""
    chat.send(replace(TEXT, heard_at=NOW - timedelta(hours=hours), template=TEMPLATE))
    form = sent(stub)
    assert (form["To"], form["From"]) == ("whatsapp:+4915112345678", "whatsapp:+4930222")
    assert form["Body"] == TEXT.text
    assert "ContentSid" not in form


@pytest.mark.parametrize("heard_at", [None, NOW - timedelta(hours=23.95), NOW - timedelta(days=9)])
def test_afterwards_only_approved_words_go(stub: Provider, chat: WhatsApp, heard_at: datetime | None) -> None:
    """With what fills their blanks."""
    chat.send(replace(TEXT, heard_at=heard_at, template=TEMPLATE))
    form = sent(stub)
    assert form["ContentSid"] == "HX1"
    assert json.loads(form["ContentVariables"]) == {"1": "Ada", "2": "10th"}
    assert "Body" not in form


def test_without_approved_words_nothing_goes_outside_the_day(stub: Provider, chat: WhatsApp) -> None:
    """The message may go by its next channel instead; the address is good."""
    before = len(stub.requests())
    why = refusal(chat, replace(TEXT, heard_at=NOW - timedelta(days=1)))
    assert (why.reason, why.permanent, why.whose) == ("outside_whatsapp_window", True, "message")
    assert len(stub.requests()) == before


@pytest.mark.parametrize(
    ("number", "family", "locale", "added"),
    [
        ("+14155550100", "celebrate", "en-US", " Reply STOP to opt out."),
        ("+14155550100", "celebrate", "es", " Responde STOP para darte de baja."),
        ("+15145550100", "celebrate", "fr-CA", " Répondez STOP pour vous désabonner."),
        ("+14155550100", "celebrate", "de", " Reply STOP to opt out."),
        ("+14155550100", "recover", "en", ""),
        ("+14155550100", "reassure", "en", ""),
        ("+4915112345678", "celebrate", "en", ""),
    ],
)
def test_american_celebrations_say_how_to_stop_them(number: str, family: str, locale: str, added: str) -> None:
    """Marketing to American and Canadian numbers, and nothing else."""
    assert with_opt_out("Happy birthday.", number, family=family, locale=locale) == f"Happy birthday.{added}"


def test_the_way_to_stop_is_said_once() -> None:
    """Where the text has it already."""
    said = "Happy birthday. Text STOP to end."
    assert with_opt_out(said, "+14155550100", family="celebrate", locale="en") == said


def test_a_text_goes_with_the_way_to_stop(stub: Provider, texts: Sms) -> None:
    """The rule is used where texts leave."""
    texts.send(replace(TEXT, address="+14155550100", text="Happy birthday."))
    assert sent(stub)["Body"] == "Happy birthday. Reply STOP to opt out."


def test_the_doctor_asks_twilio(stub: Provider, texts: Sms) -> None:
    """And sends nothing."""
    assert texts.check() == "the account is active"
    assert stub.received()[-1]["method"] == "GET"


def test_the_doctor_names_the_variables_of_a_wrong_key(stub: Provider, texts: Sms) -> None:
    """Whoever reads it knows where to look."""
    stub.behave(401)
    with pytest.raises(JubileeError, match="JUBILEE_TWILIO_ACCOUNT_SID, JUBILEE_TWILIO_AUTH_TOKEN"):
        texts.check()


def test_the_doctor_names_the_variable_of_a_wrong_place(group: TwilioSettings) -> None:
    """Where nobody answers."""
    account = Account(group.model_copy(update={"url": "http://127.0.0.1:9"}), PUBLIC, Patience(1, 1))
    with pytest.raises(JubileeError, match="JUBILEE_TWILIO_URL"):
        account.check()


def test_an_account_that_is_closed_is_said_to_be(stub: Provider, texts: Sms) -> None:
    """Twilio knows the key of a suspended account too."""
    stub.behave(200, body='{"status": "suspended"}')
    with pytest.raises(JubileeError, match="suspended"):
        texts.check()


def test_without_an_account_neither_channel_is_offered() -> None:
    """Nothing is configured, nothing is complained of."""
    assert sms.open_channel(Settings()) is None
    assert whatsapp.open_channel(Settings()) is None


def test_each_channel_needs_its_own_sender(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One of them alone will do; the token may lie in a file."""
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv("JUBILEE_TWILIO_ACCOUNT_SID", SID)
    monkeypatch.setenv("JUBILEE_TWILIO_AUTH_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("JUBILEE_TWILIO_SMS_FROM", "+4930111")
    assert sms.open_channel(Settings()) is not None
    assert whatsapp.open_channel(Settings()) is None


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"ACCOUNT_SID": SID}, "JUBILEE_TWILIO_AUTH_TOKEN"),
        ({"ACCOUNT_SID": SID, "AUTH_TOKEN": "x"}, "JUBILEE_TWILIO_SMS_FROM"),
        ({"SMS_FROM": "+4930111"}, "JUBILEE_TWILIO_ACCOUNT_SID"),
        ({"URL": "ftp://x"}, "JUBILEE_TWILIO_URL"),
    ],
)
def test_half_a_configuration_is_named(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: str) -> None:
    """By the variable that is missing or wrong."""
    for name, value in given.items():
        monkeypatch.setenv(f"JUBILEE_TWILIO_{name}", value)
    with pytest.raises(InvalidInput, match=named):
        sms.open_channel(Settings())


def test_a_text_cannot_be_asked_for_afterwards(texts: Sms, chat: WhatsApp) -> None:
    """Twilio's list knows no ids of ours."""
    assert texts.find(TEXT.message_id) is None
    assert chat.find(TEXT.message_id) is None
    assert isinstance(texts.send(TEXT), Accepted)
