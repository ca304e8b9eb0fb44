"""Imports a CSV file in pieces of at most 1,000 rows, each a transaction of its own, and reports every row it refused.

Good rows are kept. A crash leaves whole pieces behind, and importing the file again finishes them. Pages stay quick
meanwhile, as the write lock is held for one piece at a time.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from engine.dates.zones import UnknownZone
from engine.dates.zones import zone as known_zone
from engine.definitions.store import ActiveTrigger
from engine.errors import InvalidInput
from engine.imports.cells import customer_row, event_row
from engine.imports.columns import Columns, customer_columns, event_columns
from engine.imports.reading import Line, open_csv
from engine.imports.report import ImportReport, RejectedRows, Remark, rejected_path
from engine.record.checking import EventRow
from engine.record.customer_rows import CustomerRow
from engine.record.customers import record_customers
from engine.record.events import record_events
from engine.record.rejection import Notice, Rejection, RowRefused
from engine.storage.session import IMPORT_ROWS_PER_COMMIT, Database

Progress = Callable[[int], None]
Row = TypeVar("Row", CustomerRow, EventRow)
_Refused = tuple[Line, str | None, str]


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How to read the file. `zone` is that of times without one; `source` is the file's name unless given.

    For events, `event_name` names them all where the file has no column for it, and `message_id_prefix` makes message
    ids of the prefix and the line's number where the file has none: then the file may only ever grow at its end.
    """

    encoding: str | None = None
    zone: str | None = None
    source: str | None = None
    event_name: str | None = None
    message_id_prefix: str | None = None


@dataclass(frozen=True, slots=True)
class _Counts:
    """What recording one piece came to; the names of `counted` are those of the report."""

    counted: Mapping[str, int]
    rejected: Sequence[Rejection]
    warnings: Sequence[Notice] = ()


@dataclass(frozen=True, slots=True)
class _Job(Generic[Row]):
    """What differs between customers and events. `repeats_refused`: a key may stand in the file only once."""

    columns: Callable[[Sequence[str]], Columns]
    read: Callable[[Columns, Line], Row]
    record: Callable[[Session, Sequence[Row]], _Counts]
    key: Callable[[Row], str]
    repeats_refused: bool


def import_customers(
    db: Database,
    path: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    now: datetime,
    triggers: Sequence[ActiveTrigger] = (),
    progress: Progress | None = None,
    options: CsvOptions | None = None,
) -> ImportReport:
    """Record the customers of a file, and commit in between. `progress` is told how many bytes of the file are done.

    A dry run does the same and keeps nothing. InvalidInput where the file as a whole cannot be read; then nothing is
    recorded. `triggers` as in `record_customers`.
    """
    options = _checked(options, path)

    def record(session: Session, rows: Sequence[CustomerRow]) -> _Counts:
        done = record_customers(session, rows, now=now, source=str(options.source), triggers=triggers)
        counted = {"created": done.created, "changed": done.changed, "unchanged": done.unchanged}
        return _Counts(counted, done.rejected, done.warnings)

    job = _Job(
        columns=lambda header: customer_columns(header, mapping),
        read=lambda columns, line: customer_row(columns, line.cells, options.zone),
        record=record,
        key=lambda row: row.external_id.strip(),
        repeats_refused=True,
    )
    return _import(db, path, job, dry_run=dry_run, progress=progress, encoding=options.encoding)


def import_events(
    db: Database,
    path: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    now: datetime,
    triggers: Sequence[ActiveTrigger],
    progress: Progress | None = None,
    options: CsvOptions | None = None,
) -> ImportReport:
    """Record the events of a file as `import_customers` does its customers. `triggers` as in `record_events`.

    An event recorded before under the same message id counts as a duplicate; with another body it is refused.
    """
    options = _checked(options, path)
    given = {"name": options.event_name} if options.event_name else {}
    prefix = options.message_id_prefix

    def read(columns: Columns, line: Line) -> EventRow:
        numbered = {"message_id": f"{prefix}{line.number}"} if prefix is not None else {}
        return event_row(columns, line.cells, options.zone, given | numbered)

    def record(session: Session, rows: Sequence[EventRow]) -> _Counts:
        done = record_events(session, rows, triggers=triggers, now=now, source=str(options.source))
        return _Counts({"recorded": done.recorded, "duplicates": done.duplicates}, done.rejected)

    job = _Job(
        columns=lambda header: event_columns(header, mapping, [*given, *(() if prefix is None else ("message_id",))]),
        read=read,
        record=record,
        key=lambda row: row.message_id,
        repeats_refused=False,
    )
    return _import(db, path, job, dry_run=dry_run, progress=progress, encoding=options.encoding)


def _checked(options: CsvOptions | None, path: Path) -> CsvOptions:
    options = options or CsvOptions()
    try:
        if options.zone is not None:
            known_zone(options.zone)
    except UnknownZone as error:
        raise InvalidInput(str(error)) from None
    return replace(options, source=options.source or path.name)


def _import(
    db: Database, path: Path, job: _Job[Row], *, dry_run: bool, progress: Progress | None, encoding: str | None
) -> ImportReport:
    with open_csv(path, encoding) as file, closing(_SeenKeys()) as seen:
        columns = job.columns(file.columns)
        report = ImportReport(path, dry_run, unread_columns=columns.unread)
        refused = None if dry_run else RejectedRows(rejected_path(path), file.columns)
        run = _Run(db, job, columns, report, refused, seen)
        with closing(run):
            while lines := list(islice(file.lines, IMPORT_ROWS_PER_COMMIT)):
                run.piece(lines)
                if progress:
                    progress(file.bytes_read())
    return report


@dataclass(slots=True)
class _Run(Generic[Row]):
    """One import on its way through the file."""

    db: Database
    job: _Job[Row]
    columns: Columns
    report: ImportReport
    refused: RejectedRows | None
    seen: "_SeenKeys"

    def piece(self, lines: Sequence[Line]) -> None:
        """Record these lines in one transaction, and count what became of each."""
        self.report.read += len(lines)
        refused: list[_Refused] = []
        readable = self._without_repeats(self._readable(lines, refused), refused)
        if readable:
            self._record(readable, refused)
        for line, column, reason in sorted(refused, key=lambda one: one[0].number):
            remark = Remark(line.number, self.columns.column_of(column), reason)
            self.report.reject(remark)
            if self.refused:
                self.refused.add(remark, line.cells)

    def close(self) -> None:
        """Finish the file of rejected rows."""
        if self.refused is None:
            return
        self.report.rejected_file = self.refused.close()
        if self.refused.fault:
            self.report.warn(Remark(0, None, self.refused.fault))

    def _record(self, readable: Sequence[tuple[Line, Row]], refused: list[_Refused]) -> None:
        with _transaction(self.db, keep=not self.report.dry_run) as session:
            done = self.job.record(session, [row for _, row in readable])
        for name, number in done.counted.items():
            setattr(self.report, name, getattr(self.report, name) + number)
        refused += ((readable[one.index][0], one.column, one.reason) for one in done.rejected)
        for notice in done.warnings:
            line = readable[notice.index][0].number
            self.report.warn(Remark(line, self.columns.column_of(notice.column), notice.reason))

    def _readable(self, lines: Sequence[Line], refused: list[_Refused]) -> list[tuple[Line, Row]]:
        readable = []
        for line in lines:
            if line.fault:
                refused.append((line, None, line.fault))
                continue
            try:
                readable.append((line, self.job.read(self.columns, line)))
            except RowRefused as refusal:
                refused.append((line, refusal.column, refusal.reason))
        return readable

    def _without_repeats(self, rows: Sequence[tuple[Line, Row]], refused: list[_Refused]) -> Sequence[tuple[Line, Row]]:
        """Customers stand in a file once. Of events the ledger knows more, except in a dry run, which keeps nothing."""
        if not rows or not (self.job.repeats_refused or self.report.dry_run):
            return rows
        first = self.seen.first_lines((self.job.key(row), line.number) for line, row in rows)
        begins = rows[0][0].number
        kept = []
        for line, row in rows:
            at = first.get(self.job.key(row), line.number)
            if self.job.repeats_refused and at < line.number:
                refused.append((line, "external_id", f"{self.job.key(row)!r} stands in line {at} already"))
            elif not self.job.repeats_refused and at < begins:
                self.report.duplicates += 1
            else:
                kept.append((line, row))
        return kept


class _SeenKeys:
    """On which line a key stood first. Kept in a temporary file, as memory must stay bounded."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")

    def first_lines(self, keyed: Iterator[tuple[str, int]]) -> Mapping[str, int]:
        """Remember these keys, and answer with the line of each one's first appearance."""
        rows = [(key, line) for key, line in keyed if key]
        self._file.execute("BEGIN")
        self._file.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows)
        self._file.execute("COMMIT")
        keys = {key for key, _ in rows}
        found = self._file.execute(f"SELECT key, line FROM seen WHERE key IN ({', '.join('?' * len(keys))})", [*keys])  # noqa: S608 - question marks
        return dict(found)

    def close(self) -> None:
        """Drop the temporary file."""
        self._file.close()


class _NotKept(Exception):
    """Ends the transaction of a dry run."""


@contextmanager
def _transaction(db: Database, *, keep: bool) -> Iterator[Session]:
    with suppress(_NotKept), db.writing() as session:
        yield session
        if not keep:
            raise _NotKept
