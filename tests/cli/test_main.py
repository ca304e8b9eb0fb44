"""The command line as a whole: what it lists, what it imports, how it fails, and that the reference tells all of it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup

from cli.main import DOORWAYS
from engine.errors import JubileeError
from tests.cli.conftest import Terminal

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"


def every_command() -> Iterator[tuple[str, set[str]]]:
    """(`triggers check`, its options) for every command."""
    for doorway in DOORWAYS:
        command = doorway.open()
        parts = command.commands.items() if isinstance(command, TyperGroup) else [("", command)]
        for part, one in parts:
            options = {option for param in one.params for option in param.opts if option.startswith("--")}
            yield f"{doorway.name} {part}".strip(), options - {"--help"}


def test_the_list_of_commands_imports_nothing_heavy() -> None:
    """`jubilee --help` answers at once: neither the database layer nor the web pages nor Celery are imported for it."""
    code = (
        "import sys; from typer.testing import CliRunner; from cli.main import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "print(sorted({'sqlalchemy', 'celery', 'fastapi', 'faker', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_listed_is_what_the_command_says_of_itself() -> None:
    """The one line in the list of commands is how the command's own help begins."""
    for doorway in DOORWAYS:
        command = doorway.open()
        assert (command.help or "").startswith(doorway.help.removesuffix(".")), doorway.name


def test_the_reference_tells_every_command_and_every_option() -> None:
    """A command or an option without a line in docs/reference/command-line.md fails here."""
    text = REFERENCE.read_text(encoding="utf-8")
    untold = [
        f"{name} {option}".strip()
        for name, options in every_command()
        for option in ["", *sorted(options)]
        if f"## jubilee {name}\n" not in text or (option and option not in _section(text, name))
    ]
    assert untold == []


def test_the_reference_tells_no_command_that_is_gone() -> None:
    """Headings of commands that do not exist would send people looking."""
    told = [line[11:] for line in REFERENCE.read_text(encoding="utf-8").splitlines() if line.startswith("## jubilee ")]
    assert told == [name for name, _ in every_command()]


def test_nothing_given_shows_the_help(terminal: Terminal) -> None:
    """`jubilee` alone lists the commands; exit code 2, as nothing was done."""
    assert "Usage: jubilee" in terminal.run(code=2).output


def test_a_mistyped_command_is_suggested(terminal: Terminal) -> None:
    """Exit code 2, and the nearest name."""
    assert "Did you mean 'doctor'?" in terminal.run("docter", code=2).output


def test_an_error_that_a_person_can_mend_is_one_line(terminal: Terminal) -> None:
    """Before anything was made, commands say so without a traceback, and make no database by asking."""
    result = terminal.run("queue", code=1)
    assert result.stderr == "error: There is no Jubilee here yet: run `jubilee up`, or `jubilee migrate`.\n"
    assert not (terminal.home / "home").exists()


def test_a_wrong_setting_is_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable stands in the error."""
    monkeypatch.setenv("JUBILEE_PORT", "many")
    assert "JUBILEE_PORT" in terminal.run("doctor", code=1).stderr


def test_an_error_of_ours_keeps_its_traceback(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is not dressed up as the user's mistake."""

    def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr("cli.commands.doctoring.look", broken)
    assert isinstance(terminal.run("doctor", code=1).exception, ZeroDivisionError)
    assert not issubclass(ZeroDivisionError, JubileeError)


def _section(text: str, name: str) -> str:
    return text.partition(f"## jubilee {name}\n")[2].partition("\n## ")[0]
