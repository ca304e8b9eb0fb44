"""The command line as a person uses it: a home folder of its own, and what each command says."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from engine.settings import settings


@dataclass(frozen=True)
class Terminal:
    """Runs commands in this process."""

    home: Path

    def run(self, *arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        """Run `jubilee ARGUMENTS`, expecting this exit code."""
        result = CliRunner().invoke(app, list(arguments), input=stdin, prog_name="jubilee")
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    def ask(self, *arguments: str, code: int = 0) -> Any:
        """The JSON document that the command answers with."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A home folder in which nothing is yet."""
    monkeypatch.setenv("JUBILEE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JUBILEE_DATABASE_URL", raising=False)
    settings.cache_clear()
    yield Terminal(tmp_path)
    settings.cache_clear()


@pytest.fixture
def ready(terminal: Terminal) -> Terminal:
    """A home folder with schema, shipped triggers, templates, mission and the first account."""
    terminal.run("migrate")
    return terminal


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file of this name and content."""

    def written(name: str, content: str) -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return written
