"""What a soak found: figures for the page, and the promises that broke."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Figures:
    """`said` stands above the table."""

    said: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def add(self, what: str, value: object) -> None:
        """One line."""
        self.rows.append((what, f"{value:,}" if isinstance(value, int) else str(value)))

    def promise(self, what: str, value: int, at_most: int) -> None:
        """One line with a limit."""
        self.add(f"{what} (at most {at_most:,})", value)
        if value > at_most:
            self.broken.append(f"{what}: {value} is more than {at_most}")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table of samples."""
        lines = [heads, ["---:"] * len(heads), *rows]
        self.tables.append("\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines))

    def page(self) -> str:
        """As Markdown."""
        summary = "\n".join(["| | |", "|---|---:|", *(f"| {what} | {value} |" for what, value in self.rows)])
        return "\n\n".join([part for part in (self.said, summary, *self.tables) if part]) + "\n"
