"""From the settings to the mail: a round of sending gives every mail what this installation owes."""

from pathlib import Path
from uuid import uuid4

import pytest
import time_machine

from engine.links import Link, Links
from engine.rounds import Jubilee, send
from engine.secret import open_secret
from engine.send.channels.postbox import Postbox
from engine.send.duties import open_duties
from engine.settings import Settings
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.send.approved import approved


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path,
        company_name="Acme",
        postal_address="Loom Street 1, Berlin",
        public_url="https://jubilee.example.com",
    )


def test_a_round_of_sending_posts_letters_with_their_footer(db: Database, settings: Settings) -> None:
    """The postbox shows what a customer would have got: address, reason, and links that work here."""
    message_id = approved(db)
    postbox = Postbox(settings.postbox)
    with time_machine.travel(NOW, tick=True):
        assert send(Jubilee(db=db, kinds={}, channels={"postbox": postbox}, settings=settings), "one") == 1
    letter = postbox.letter(message_id)
    assert letter is not None
    assert letter.text.endswith("Loom Street 1, Berlin")
    url = next(line for line in letter.text.splitlines() if "/preferences/" in line).rpartition(" ")[2]
    assert f'<a href="{url}"' in letter.html
    links = open_duties(settings).links
    assert links is not None
    found = links.read(url.rpartition("/")[2], "preferences")
    assert found is not None
    assert found.message_id == message_id


def test_every_process_signs_with_the_same_secret(settings: Settings) -> None:
    """The web pages read what workers have written."""
    written, read = open_duties(settings).links, Links(open_secret(settings), settings.public_url)
    assert written is not None
    customer, message = uuid4(), uuid4()
    token = written.unsubscribe(customer, message, "birthday").rpartition("/")[2]
    assert read.read(token, "unsubscribe") == Link(customer, message, "birthday")


def test_answers_go_to_the_configured_domain(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """JUBILEE_EMAIL_REPLY_DOMAIN reaches composing."""
    monkeypatch.setenv("JUBILEE_EMAIL_REPLY_DOMAIN", "answers.acme.example")
    assert open_duties(settings).reply_domain == "answers.acme.example"
