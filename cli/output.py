"""What the command line says: tables and sentences for people, one JSON document with `--json`."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from enum import IntEnum
from typing import Annotated, Any, NoReturn
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]


class Exit(IntEnum):
    """What the exit codes mean; 2 is also typer's own for a command line it cannot read."""

    OK = 0
    FAILED = 1
    USAGE = 2
    FOUND_FAULTS = 3


def say(text: str, data: Mapping[str, Any] | Sequence[Any], as_json: bool) -> None:
    """One sentence, or the same as data."""
    if as_json:
        out.print_json(json.dumps(data, default=_plain))
    else:
        out.print(text)


def show(columns: Sequence[str], rows: Sequence[Sequence[object]], data: Sequence[Any], as_json: bool) -> None:
    """A table, or the same as data."""
    if as_json:
        out.print_json(json.dumps(data, default=_plain))
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    out.print(table)


def fail(message: str, code: Exit = Exit.FAILED) -> NoReturn:
    """Say what went wrong on standard error and leave."""
    err.print("error:", message, style="red", markup=False)
    raise typer.Exit(code)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)
