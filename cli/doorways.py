"""The group behind `jubilee`: it lists its commands from one line each, and imports a command only when it is called.

So `jubilee --help` answers at once. It also turns errors that a person can mend into one line without a traceback.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from engine.errors import JubileeError


@dataclass(frozen=True)
class Doorway:
    """One command: its name, `module:attribute` below cli.commands, its help in one line, and the heading it is under.

    The attribute is a function, or a Typer of its own for a command with parts.
    """

    name: str
    place: str
    help: str
    panel: str

    def listed(self) -> None:
        """Stands in the list of commands; never called."""

    def open(self) -> Any:
        """The command itself, imported now."""
        module, _, attribute = self.place.partition(":")
        found = getattr(import_module(f"cli.commands.{module}"), attribute)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False)
            single.command(self.name)(found)
            found = single
        return typer.main.get_command(found)


def lazily(doorways: tuple[Doorway, ...]) -> type[TyperGroup]:
    """A group of these commands."""
    by_name = {doorway.name: doorway for doorway in doorways}

    class Lazily(TyperGroup):
        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
            name, light, rest = super().resolve_command(ctx, args)
            return name, by_name[name].open() if name and light else None, rest

        def invoke(self, ctx: Any) -> Any:
            try:
                return super().invoke(ctx)
            except JubileeError as error:
                from cli.output import fail

                fail(str(error))

    return Lazily
