"""What is wrong with a definition that somebody wrote: each fault with its file, its line and its field, all at once,
so that a page can show every one beside the text it is about.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from engine.errors import InvalidDefinition

Read = TypeVar("Read")
# Whatever was left empty: told alike of a file and beside the field of a form.
EMPTY = "there is nothing here yet"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that cannot stay, in words its author understands. `line` 0: it is about the file as a whole."""

    path: Path
    message: str
    line: int = 0
    field: str = ""

    def __str__(self) -> str:
        place = f"{self.path}: line {self.line}: " if self.line else f"{self.path}: "
        return f"{place}{self.field}: {self.message}" if self.field else f"{place}{self.message}"


class Faulty(InvalidDefinition):
    """This definition cannot be used. `faults` are all that was found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults) or None)


@dataclass(slots=True)
class Findings:
    """Gathers faults while something is read in parts: `take` one part after the other, then `refuse`."""

    faults: list[Fault] = field(default_factory=list)

    def take(self, read: Callable[[], Read]) -> Read | None:
        """What `read` answers; None where it found faults, which are kept."""
        try:
            return read()
        except Faulty as faulty:
            self.faults += faulty.faults
            return None

    def refuse(self) -> None:
        """Raise Faulty where anything was found."""
        if self.faults:
            raise Faulty(self.faults)
