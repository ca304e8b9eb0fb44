"""Making an installation ready."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from cli import place
from engine.storage.models import Template
from tests.cli.conftest import Terminal


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
