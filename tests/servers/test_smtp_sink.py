"""The SMTP sink: takes mail, refuses it, drops it, and keeps a list."""

import smtplib
from collections.abc import Iterator

import pytest

from tests.servers.smtp_sink import SmtpSink

ID = "0190a1b2-0000-7000-8000-000000000001"
MAIL = f"Message-ID: <{ID}@jubilee.test>\r\nSubject: Hello\r\n\r\nGood morning.\r\n"


@pytest.fixture(scope="module")
def running() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def sink(running: SmtpSink) -> SmtpSink:
    """One that accepts, and whose list begins here."""
    running.behave("accept")
    (running.home / "taken.log").write_text("")
    return running


def send(sink: SmtpSink, to: str = "ada@example.com", seconds: float = 5.0) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=seconds) as client:
        client.sendmail("team@example.com", [to], MAIL)


def test_it_takes_a_mail(sink: SmtpSink) -> None:
    """Our id is read from the mail's own, and the mail is kept whole."""
    send(sink)
    assert sink.accepted() == [ID]
    assert sink.mails()[0]["to"] == ["ada@example.com"]
    assert "Good morning." in sink.mails()[0]["content"]


@pytest.mark.parametrize("status", [450, 550])
def test_it_refuses_after_the_text(sink: SmtpSink, status: int) -> None:
    """The status comes back, nothing is taken."""
    sink.behave(status)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(sink)
    assert refused.value.smtp_code == status
    assert sink.accepted() == []


def test_it_refuses_one_recipient(sink: SmtpSink) -> None:
    """At RCPT, for this address alone."""
    sink.behave(550, on="RCPT", only="nobody@")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(sink, "nobody@example.com")
    send(sink)
    assert sink.accepted() == [ID]


def test_it_goes_down(sink: SmtpSink) -> None:
    """421 once, then as before."""
    sink.behave(421, times=1)
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        send(sink)
    assert refused.value.smtp_code == 421
    send(sink)
    assert sink.accepted() == [ID]


@pytest.mark.parametrize(("what", "taken"), [("drop", []), ("accept_then_close", [ID])])
def test_it_hangs_up_after_the_text(sink: SmtpSink, what: str, taken: list[str]) -> None:
    """The sender cannot know which of the two it was."""
    sink.behave(what)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(sink)
    assert sink.accepted() == taken


def test_it_takes_it_and_says_nothing(sink: SmtpSink) -> None:
    """The sender waits in vain; the mail is there."""
    sink.behave("accept_then_hang")
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send(sink, seconds=0.5)
    assert sink.accepted() == [ID]
