"""What an import says at its end, and the file of rejected rows that it writes next to the one it read."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from engine.imports.reading import FORMULA_STARTS

MOST_TOLD = 1_000


@dataclass(frozen=True, slots=True)
class Remark:
    """A physical line of the file, the column by the file's own name, and what is to be said about it."""

    line: int
    column: str | None
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What became of a file. `rejected` and `warnings` hold the first thousand each, the numbers count them all.

    Customers are created, changed or unchanged; events are recorded or duplicates.
    """

    path: Path
    dry_run: bool
    read: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    recorded: int = 0
    duplicates: int = 0
    rejected_rows: int = 0
    rejected: list[Remark] = field(default_factory=list)
    warned: int = 0
    warnings: list[Remark] = field(default_factory=list)
    unread_columns: Sequence[str] = ()
    rejected_file: Path | None = None

    def warn(self, remark: Remark) -> None:
        """Count a warning, and keep it while there is room."""
        self.warned += 1
        if len(self.warnings) < MOST_TOLD:
            self.warnings.append(remark)

    def reject(self, remark: Remark) -> None:
        """Count a rejected row, and keep its reason while there is room."""
        self.rejected_rows += 1
        if len(self.rejected) < MOST_TOLD:
            self.rejected.append(remark)


def rejected_path(path: Path) -> Path:
    """customers.csv -> customers.rejected.csv, in the same folder."""
    return path.with_name(f"{path.stem}.rejected.csv")


class RejectedRows:
    """The file of rejected rows, which begins with the first of them; one left by an earlier import goes.

    It can be mended and imported itself: the columns `line`, `column` and `reason` are not read.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path = path
        self.fault: str | None = None
        self._header = header
        self._file: TextIO | None = None
        with self._noting_faults():
            path.unlink(missing_ok=True)

    def add(self, remark: Remark, cells: Sequence[str]) -> None:
        """Write one row with its reason. Where that fails, the import goes on and `fault` says why."""
        if self.fault:
            return
        with self._noting_faults():
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8-sig", newline="")
                self._write(["line", "column", "reason", *self._header])
            self._write([str(remark.line), remark.column or "", remark.reason, *cells])

    def close(self) -> Path | None:
        """The file, where there is one."""
        if self._file is None:
            return None
        with self._noting_faults():
            self._file.close()
        return self.path

    @contextmanager
    def _noting_faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.fault = f"the rejected rows could not be written to {self.path.name}: {error.strerror}"

    def _write(self, cells: Sequence[str]) -> None:
        csv.writer(self._file).writerow([harmless(cell) for cell in cells])  # type: ignore[arg-type]


def harmless(cell: str) -> str:
    """A text that a spreadsheet does not run as a formula: marked with a quote, which reading takes off again."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
