"""What the command line says: tables and sentences for people, one JSON document with `--json`."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from enum import IntEnum
from typing import Annotated, Any, NoReturn

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

# Wide enough for every line where no screen limits it.
UNCUT = 1_000

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]


class Exit(IntEnum):
    """What the exit codes mean; 2 is also typer's own for a command line it cannot read."""

    OK = 0
    FAILED = 1
    USAGE = 2
    FOUND_FAULTS = 3


def say(text: str, data: Any, as_json: bool) -> None:
    """One sentence, or the same as data."""
    if as_json:
        say_json(data)
    else:
        out.print(text, markup=False, soft_wrap=not out.is_terminal)


def show(columns: Sequence[str], rows: Sequence[Sequence[object]], data: Sequence[Any], as_json: bool) -> None:
    """A table, or the same as data. In a pipe its lines are not cut to the width of a screen."""
    if as_json:
        say_json(data)
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    console = out if out.is_terminal else Console(highlight=False, width=UNCUT)
    console.print(table)


def say_json(data: Any) -> None:
    """One JSON document on standard output, and nothing else there."""
    typer.echo(json.dumps(data, default=_plain, ensure_ascii=False, indent=2))


def fail(message: str, code: Exit = Exit.FAILED) -> NoReturn:
    """Say what went wrong on standard error and leave."""
    err.print(f"error: {message}", style="red", markup=False, soft_wrap=True)
    raise typer.Exit(code)


def _cell(value: object) -> str:
    """Brackets in a customer's name are not rich's markup."""
    return "" if value is None else str(value).replace("[", "\\[")


def _plain(value: object) -> object:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, set | frozenset | Sequence):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return str(value)
