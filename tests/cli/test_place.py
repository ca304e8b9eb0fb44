"""Making an installation ready."""

import os
import shutil
import stat
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from cli import place
from engine.secret import open_secret
from engine.send.channels.postbox import Postbox
from engine.send.outgoing import OutgoingMessage
from engine.storage.models import Template
from tests.cli.conftest import Terminal

LETTER = OutgoingMessage(
    message_id=UUID(int=1),
    delivery_id=UUID(int=2),
    address="",
    recipient_name="Zenobia Quackenbush",
    sender_name="Alex",
    subject="Hello",
    text="Hello Zenobia",
    html="",
    occasion="birthday",
)


def test_a_template_folder_that_cannot_be_used_is_left_out_and_the_others_are_there(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One imperfect folder must not keep the whole program from starting; its fault is named."""
    folders = tmp_path / "templates"
    shutil.copytree(place.SHIPPED_TEMPLATES, folders)
    (folders / "birthday" / "en" / "line.txt").unlink()
    monkeypatch.setattr(place, "SHIPPED_TEMPLATES", folders)
    with place.open_jubilee() as jubilee:
        place.make_ready(jubilee)
        with jubilee.db.reading() as session:
            names = set(session.scalars(select(Template.name)))
    assert "birthday" not in names
    assert "order_milestone" in names
    assert "left out" in capsys.readouterr().err


@pytest.mark.parametrize("home_is_open", [False, True], ids=["home made by us", "home that others may enter"])
def test_what_is_made_is_for_its_owner_alone(terminal: Terminal, home_is_open: bool) -> None:
    """Whatever the umask: names and addresses lie in the database, its log and the postbox. A folder that somebody
    opened stays open, and what is in it is closed."""
    home = terminal.home / "home"
    if home_is_open:
        home.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        with place.open_jubilee() as jubilee:
            place.make_ready(jubilee)
            place.first_sign_in(jubilee)
            open_secret(jubilee.settings)
            Postbox(jubilee.settings.postbox).send(LETTER)
            with jubilee.db.writing():
                made = {one: stat.S_IMODE(one.stat().st_mode) for one in home.rglob("*")}
    finally:
        os.umask(before)
    assert {"jubilee.db", "jubilee.db-wal", "postbox", f"{LETTER.message_id}.json"} <= {one.name for one in made}
    assert [one.name for one, mode in made.items() if mode & 0o077] == []
    assert stat.S_IMODE(home.stat().st_mode) == (0o755 if home_is_open else 0o700)
