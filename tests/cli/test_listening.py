"""Taking in mail from the command line."""

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tests.cli.conftest import Terminal

MAIL = b"From: ada@example.org\r\nTo: hello@example.com\r\nMessage-ID: <1@example.org>\r\n\r\nThank you!\r\n"


def test_a_mail_from_a_file_is_taken_once(ready: Terminal, tmp_path: Path) -> None:
    """The second time it is known."""
    path = tmp_path / "mail.eml"
    path.write_bytes(MAIL)
    assert ready.ask("listen", "mail", str(path)) == {"taken": "reply"}
    assert ready.ask("listen", "mail", str(path)) == {"taken": "known"}


def test_a_mail_comes_through_a_pipe(ready: Terminal) -> None:
    """As a mail server hands it over."""
    done = ready.run("listen", "mail", "--to", "reply@example.com", stdin=MAIL.decode())
    assert "waits under Replies" in done.output


def test_a_database_that_is_away_lets_the_mail_server_try_again(
    ready: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """75 is how programs in a pipe say so; any other code would send the mail back to its sender."""

    def away(*_: object, **__: object) -> None:
        raise OperationalError("insert", {}, Exception("away"))

    monkeypatch.setattr("cli.commands.listening.take_mail", away)
    ready.run("listen", "mail", stdin=MAIL.decode(), code=75)


def test_without_a_mailbox_none_is_looked_at(ready: Terminal) -> None:
    """No variable, no connection."""
    assert ready.ask("listen", "mailbox") == {"taken": 0}


@pytest.mark.parametrize("content", [b"", b" \n"])
def test_nothing_is_no_mail(ready: Terminal, tmp_path: Path, content: bytes) -> None:
    """A pipe that is wired wrongly is told so."""
    path = tmp_path / "mail.eml"
    path.write_bytes(content)
    assert "there is no mail" in ready.run("listen", "mail", str(path), code=1).stderr
