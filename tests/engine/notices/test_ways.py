"""Notices leave by a real mail server and to a real receiver, and by nothing that they may not."""

import email
import json
from base64 import b64encode
from collections.abc import Iterator
from email import policy
from pathlib import Path

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook as Verifier

from engine import rounds
from engine.errors import InvalidInput
from engine.ids import new_id
from engine.notices.telling import News, tell
from engine.notices.ways import Letter, open_ways
from engine.rounds import Jubilee
from engine.send.channels import close, open_channels
from engine.send.outgoing import Refused
from engine.settings import Settings
from engine.storage.models import Notice
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.people.staff import make_person
from tests.servers.provider import Provider
from tests.servers.smtp_sink import SmtpSink

pytestmark = pytest.mark.databases("sqlite")
SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()
LETTER = Letter(new_id(), "unreviewed", "A draft waits", "", "/queue", "https://jubilee.example.com/queue")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture
def told(db: Database) -> None:
    with db.writing() as session:
        mia = make_person(session, name="Mia\u202e Keller")
        news = News("a", "unreviewed", "A draft waits\r\nBcc: eve@example.com", "Noon.", "/queue", mia.id)
        tell(session, news, now=NOW)


def settings(home: Path, **more: object) -> Settings:
    return Settings(home=home, company_name="Acme", public_url="https://jubilee.example.com", **more)


def test_a_colleague_gets_it_though_everything_that_holds_messages_is_on(
    db: Database, told: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sending is off, and redirect mode allows no address: neither is about colleagues. One recipient, no header that
    somebody wrote."""
    with SmtpSink() as sink:
        for name, value in {"HOST": "127.0.0.1", "PORT": str(sink.port), "TLS": "none"}.items():
            monkeypatch.setenv(f"JUBILEE_SMTP_{name}", value)
        monkeypatch.setenv("JUBILEE_EMAIL_FROM", "care@acme.example")
        configuration = settings(tmp_path, sending=False, live=False)
        jubilee = Jubilee(db, {}, open_channels(configuration), configuration)
        assert rounds.carry_notices(jubilee) == 1
        close(jubilee.channels)
        taken = sink.mails()
    assert len(taken) == 1
    mail = email.message_from_string(taken[0]["content"], policy=policy.default)
    assert (mail["To"].addresses[0].addr_spec, mail["Bcc"]) == ("mia@example.com", None)
    assert "List-Unsubscribe" not in mail
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "https://jubilee.example.com/queue" in mail.get_content()
    with db.reading() as session:
        assert session.scalars(select(Notice)).one().sent_at is not None


def test_the_receiver_can_prove_who_wrote_it(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the library and the secret that it has."""
    monkeypatch.setenv("JUBILEE_NOTICE_WEBHOOK_URL", f"{provider.url}/notices")
    monkeypatch.setenv("JUBILEE_NOTICE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("JUBILEE_NOTICE_WEBHOOK_ALLOW_PRIVATE", "on")
    ways = open_ways(settings(tmp_path), {})
    ways.by_hook(LETTER)
    ways.close()
    got = provider.received()[-1]
    Verifier(SECRET).verify(got["body"], got["headers"])
    assert (got["path"], got["headers"]["webhook-id"]) == ("/notices", str(LETTER.id))
    assert json.loads(got["body"])["data"]["link"] == LETTER.link


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]", "10.0.0.7"])
def test_it_goes_to_the_open_internet_alone(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address inside is asked nothing, unless it is allowed by name."""
    monkeypatch.setenv("JUBILEE_NOTICE_WEBHOOK_URL", f"https://{host}:9/x")
    monkeypatch.setenv("JUBILEE_NOTICE_WEBHOOK_SECRET", SECRET)
    ways = open_ways(settings(tmp_path), {})
    with pytest.raises(Refused, match="not_public"):
        ways.by_hook(LETTER)


@pytest.mark.parametrize(
    ("url", "secret", "variable"),
    [
        ("http://hooks.example.com", SECRET, "URL"),
        ("https://user:word@hooks.example.com", SECRET, "URL"),
        ("https://hooks.example.com", "", "SECRET"),
        ("https://hooks.example.com", "whsec_c2hvcnQ=", "SECRET"),
    ],
)
def test_what_is_configured_wrongly_names_its_variable(
    url: str, secret: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is carried."""
    monkeypatch.setenv("JUBILEE_NOTICE_WEBHOOK_URL", url)
    monkeypatch.setenv("JUBILEE_NOTICE_WEBHOOK_SECRET", secret)
    with pytest.raises(InvalidInput, match=f"JUBILEE_NOTICE_WEBHOOK_{variable}"):
        open_ways(settings(tmp_path), {})
