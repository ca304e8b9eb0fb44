"""The provider stub: answers as SendGrid, Twilio and a webhook do, misbehaves when told to, and forgets nothing."""

import http.client
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlencode

import psutil
import pytest

from tests.servers.provider import Provider

ID = "0190a1b2-0000-7000-8000-000000000001"
TWILIO = "/2010-04-01/Accounts/AC1/Messages.json"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with Provider() as stub:
        yield stub


@pytest.fixture
def stub(running: Provider) -> Provider:
    """One that accepts, and whose list begins here."""
    running.behave("accept")
    (running.home / "requests.log").write_text("")
    return running


def mail(identity: str = ID, **more: object) -> bytes:
    return json.dumps({"personalizations": [{"custom_args": {"message_id": identity}}], **more}).encode()


def post(stub: Provider, path: str, body: bytes, seconds: float = 5.0) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", stub.port, timeout=seconds)
    try:
        connection.request("POST", path, body)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_it_takes_a_mail_as_sendgrid_does(stub: Provider) -> None:
    """202 with an id of its own; ours is on the list."""
    status, headers, _ = post(stub, "/v3/mail/send", mail())
    assert (status, headers["X-Message-Id"][:5]) == (202, "stub-")
    assert stub.accepted() == [ID]


def test_sandbox_mode_takes_nothing(stub: Provider) -> None:
    """SendGrid answers 200 and delivers nothing."""
    assert post(stub, "/v3/mail/send", mail(mail_settings={"sandbox_mode": {"enable": True}}))[0] == 200
    assert stub.accepted() == []


def test_it_takes_a_text_as_twilio_does(stub: Provider) -> None:
    """201 with a sid; our id is found in the address of the callback."""
    form = urlencode({"To": "+49", "Body": "Hello", "StatusCallback": f"https://x/hooks/twilio/status?message={ID}"})
    status, _, body = post(stub, TWILIO, form.encode())
    assert (status, json.loads(body)["sid"][:2]) == (201, "SM")
    assert stub.accepted() == [ID]


def test_it_takes_a_webhook(stub: Provider) -> None:
    """200; our id is in its data."""
    body = json.dumps({"type": "message", "data": {"message_id": ID}}).encode()
    assert post(stub, "/anything", body)[0] == 200
    assert stub.accepted() == [ID]


@pytest.mark.parametrize("retry_after", ["7", "Sun, 22 Nov 2026 08:00:00 GMT", "1000000000", None])
def test_too_many_requests(stub: Provider, retry_after: str | None) -> None:
    """429 with whatever Retry-After, and nothing taken."""
    stub.behave(429, retry_after=retry_after)
    status, headers, _ = post(stub, "/v3/mail/send", mail())
    assert (status, headers.get("Retry-After")) == (429, retry_after)
    assert stub.accepted() == []


@pytest.mark.parametrize("status", [400, 401, 413, 500, 503])
def test_other_refusals(stub: Provider, status: int) -> None:
    """The status is the one that was asked for; a 5xx may have taken it all the same."""
    stub.behave(status)
    assert post(stub, "/v3/mail/send", mail())[0] == status
    assert stub.accepted() == []
    stub.behave(status, taken=True)
    assert post(stub, "/v3/mail/send", mail())[0] == status
    assert stub.accepted() == [ID]


@pytest.mark.parametrize("what", ["accept_then_hang", "silent", "drip"])
def test_no_answer_in_time(stub: Provider, what: str) -> None:
    """The caller waits in vain; it was taken or not as the name says."""
    stub.behave(what)
    with pytest.raises(TimeoutError):
        post(stub, "/v3/mail/send", mail(), seconds=0.3)
    assert stub.accepted() == ([] if what == "silent" else [ID])


@pytest.mark.parametrize(("what", "taken"), [("accept_then_close", [ID]), ("reset", [])])
def test_the_connection_breaks(stub: Provider, what: str, taken: list[str]) -> None:
    """Closed after taking it, or reset without."""
    stub.behave(what)
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        post(stub, "/v3/mail/send", mail())
    assert stub.accepted() == taken


def test_answers_that_say_nothing(stub: Provider) -> None:
    """No id, a body that is no JSON, and something that is no HTTP; taken all three."""
    stub.behave("no_id")
    assert "X-Message-Id" not in post(stub, "/v3/mail/send", mail())[1]
    stub.behave("garbage")
    status, _, body = post(stub, TWILIO, f"StatusCallback=https://x/{ID}".encode())
    assert status == 201
    with pytest.raises(ValueError):
        json.loads(body)
    stub.behave("garbage", deep=True)
    with pytest.raises(http.client.HTTPException):
        post(stub, "/v3/mail/send", mail())
    assert stub.accepted() == [ID] * 3


def test_the_next_ones_and_then_as_before(stub: Provider) -> None:
    """A behaviour for the next two is used up by them."""
    stub.behave(503, times=2)
    assert [post(stub, "/v3/mail/send", mail())[0] for _ in range(3)] == [503, 503, 202]


def test_one_message_alone(stub: Provider) -> None:
    """A behaviour may be for what mentions something."""
    stub.behave(500, only="poison")
    assert post(stub, "/v3/mail/send", mail("poison"))[0] == 500
    assert post(stub, "/v3/mail/send", mail())[0] == 202


def test_its_list_outlives_it(stub: Provider) -> None:
    """What it took before a crash is known, and known when it is back."""
    post(stub, "/v3/mail/send", mail())
    stub.kill()
    assert stub.accepted() == [ID]
    stub.start()
    post(stub, "/v3/mail/send", mail())
    assert stub.accepted() == [ID, ID]


def test_it_is_fast_enough_to_measure_others(stub: Provider) -> None:
    """Thousands a second of its processor's time, asked without waiting for each answer; a tenth of what it can."""
    body = mail()
    request = b"POST /v3/mail/send HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    wanted = 2_000
    with socket.create_connection(("127.0.0.1", stub.port)) as line:
        before, answered = worked(stub), 0
        line.sendall(request * wanted)
        while answered < wanted:
            answered += line.recv(1 << 16).count(b"HTTP/1.1 202")
    assert len(stub.accepted()) == wanted
    assert wanted / (worked(stub) - before) > 1_000


def worked(stub: Provider) -> float:
    """Seconds of the processor that its process has used: others may use the machine meanwhile."""
    spent = psutil.Process(stub.pid).cpu_times()
    return float(spent.user + spent.system)
