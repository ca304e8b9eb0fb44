"""The command that reads a text for what would hurt."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli.output import AsJson, Exit, fail, out, say_json
from cli.place import SHIPPED_TEMPLATES
from engine.errors import InvalidInput
from engine.tone import Family, Finding, ToneContext, check_tone
from engine.write.mission import read_mission

STYLES = {"note": "cyan", "warn": "yellow", "block": "red"}

tone = typer.Typer(add_completion=False, no_args_is_help=True, help="Read a text for what would hurt.")


@tone.callback()
def _tone() -> None:
    """Read a text for what would hurt."""


@tone.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="A text file in UTF-8; `-` reads standard input.", allow_dash=True)],
    family: Annotated[Family, typer.Option(help="Which way of speaking the text belongs to.")] = "celebrate",
    fact: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A fact about the customer, such as order_count=10.")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="A name of the customer or the author; never a concrete fact.")
    ] = None,
    avoid: Annotated[
        list[str] | None, typer.Option(help="A word that your mission avoids; without any, those of the shipped one.")
    ] = None,
    serious: Annotated[bool, typer.Option("--serious", help="The problem was serious or repeated.")] = False,
    locale: Annotated[str, typer.Option(help="The language of the text.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Say what in a text would hurt, why, and what would be better. Exit code 3 where something blocks."""
    text = _read(file)
    context = ToneContext(
        family=family,
        locale=locale,
        facts=dict(_fact(one) for one in fact or []),
        names=tuple(name or ()),
        serious=serious,
        words_to_avoid=tuple(avoid) if avoid else read_mission(SHIPPED_TEMPLATES / "mission.yaml").words_to_avoid,
    )
    findings = check_tone(text, context)
    if as_json:
        say_json({"file": str(file), "findings": findings})
    else:
        for finding in findings:
            _tell(str(file), text, finding)
        count = f"{len(findings)} finding{'s' if len(findings) > 1 else ''}."
        out.print(count if findings else "No rule finds anything in this text that would hurt.")
    if any(finding.severity == "block" for finding in findings):
        raise typer.Exit(Exit.FOUND_FAULTS)


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        fail(f"{file}: is not UTF-8 (byte {error.start})")
    except OSError as error:
        fail(f"{file}: cannot be read: {error.strerror}")


def _fact(text: str) -> tuple[str, str | int]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise InvalidInput(f"--fact: {text!r} should look like order_count=10")
    value = value.strip()
    return name.strip(), int(value) if value.isdecimal() else value


def _tell(file: str, text: str, finding: Finding) -> None:
    line = text.count("\n", 0, finding.start) + 1
    column = finding.start - (text.rfind("\n", 0, finding.start) + 1) + 1
    whole = finding.start == 0 and finding.end == len(text)
    said = Text(f"{file}:{line}:{column}: ")
    said.append(f"{finding.severity} ", style=STYLES[finding.severity])
    said.append(finding.category.replace("_", " "))
    if not whole:
        said.append(f": {' '.join(finding.text.split())[:100]!r}")
    out.print(said, soft_wrap=True)
    out.print(f"    {finding.reason}\n    Better: {finding.better}", markup=False, soft_wrap=True)
