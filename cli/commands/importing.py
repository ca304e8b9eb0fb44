"""Commands that record customers and events from CSV files, with a progress bar and a report of every refused row."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from cli.output import AsJson, Exit, err, out, say_json
from cli.place import opened
from engine import clock
from engine.definitions.store import active_triggers
from engine.errors import InvalidInput
from engine.imports.files import CsvOptions, import_customers, import_events
from engine.imports.report import ImportReport
from engine.imports.suppressions import Told, import_suppressions
from engine.rounds import Jubilee

MOST_SHOWN = 10

_USUAL = (
    'Columns with usual names are understood; others are mapped: --map "Kunde=external_id" --map "Geb.=date:birthday". '
    "`Column=ignore` leaves one out."
)
CUSTOMER_FIELDS = (
    f"{_USUAL}\n\nFields: external_id, first_name, last_name, locale, zone, country, region, preferred_channel, "
    "channel_order, quiet_from, quiet_until, deceased, minor, closed; and with a name of their own date:birthday, "
    "contact:sms, trait:plan, trait:seats:int, consent:sms, consent:sms:birthday, wants:birthday."
)
EVENT_FIELDS = (
    f"{_USUAL}\n\nFields: message_id, customer, name, occurred_at; and property:reason, property:amount_minor:int. "
    "A column that nothing names becomes a property of its own name."
)

files = typer.Typer(add_completion=False, no_args_is_help=True, help="Record customers or events from a CSV file.")

File = Annotated[Path, typer.Argument(help="The CSV file.", exists=True, dir_okay=False, readable=True)]
Maps = Annotated[list[str] | None, typer.Option("--map", metavar="COLUMN=FIELD", help="What a column means.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do everything, report, and keep nothing.")]
Encoding = Annotated[str | None, typer.Option(help="The file's encoding where it is not UTF-8, such as cp1252.")]
Zone = Annotated[str | None, typer.Option(help="The time zone of times that name none, such as Europe/Berlin.")]


@files.command("customers", epilog=CUSTOMER_FIELDS)
def customers(
    file: File,
    maps: Maps = None,
    dry_run: DryRun = False,
    encoding: Encoding = None,
    zone: Zone = None,
    as_json: AsJson = False,
) -> None:
    """Record the customers of a file. A row changes only what its columns name; good rows are kept."""
    options = CsvOptions(encoding=encoding, zone=zone)
    mapping = _mapping(maps or [])

    def run(jubilee: Jubilee, progress: Callable[[int], None]) -> ImportReport:
        with jubilee.db.reading() as session:
            now, triggers = clock.now(session), active_triggers(session, jubilee.kinds, include_paused=True)
        return import_customers(
            jubilee.db,
            file,
            mapping=mapping,
            dry_run=dry_run,
            now=now,
            triggers=triggers,
            progress=progress,
            options=options,
        )

    _import(file, run, as_json)


@files.command("events", epilog=EVENT_FIELDS)
def events(
    file: File,
    maps: Maps = None,
    dry_run: DryRun = False,
    encoding: Encoding = None,
    zone: Zone = None,
    name: Annotated[str | None, typer.Option(help="The name of all events, where no column holds it.")] = None,
    id_prefix: Annotated[
        str | None, typer.Option(help="Number events by their line after this; the file may then only grow at its end.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record the events of a file. An event that was recorded before, by its message id, is not recorded again."""
    options = CsvOptions(encoding=encoding, zone=zone, event_name=name, message_id_prefix=id_prefix)
    mapping = _mapping(maps or [])

    def run(jubilee: Jubilee, progress: Callable[[int], None]) -> ImportReport:
        with jubilee.db.reading() as session:
            now, triggers = clock.now(session), active_triggers(session, jubilee.kinds, include_paused=True)
        return import_events(
            jubilee.db,
            file,
            mapping=mapping,
            dry_run=dry_run,
            now=now,
            triggers=triggers,
            progress=progress,
            options=options,
        )

    _import(file, run, as_json)


@files.command("suppressions")
def suppressions(
    file: File,
    reason: Annotated[str, typer.Option(help="Why they must not be written to, where no column says it.")] = "imported",
    channel: Annotated[
        str | None,
        typer.Option(
            help="The channel meant, where no column says it; else e-mail for e-mail addresses, all for numbers."
        ),
    ] = None,
    dry_run: DryRun = False,
    encoding: Encoding = None,
    as_json: AsJson = False,
) -> None:
    """Suppress the addresses or customers of a file, such as the list of the system that was used before."""

    def run(jubilee: Jubilee, _progress: Callable[[int], None]) -> ImportReport:
        with jubilee.db.reading() as session:
            told = Told(reason, file.name, clock.now(session), channel, dry_run)
        return import_suppressions(jubilee.db, file, told, encoding=encoding)

    _import(file, run, as_json)


def _mapping(maps: Sequence[str]) -> dict[str, str]:
    mapping = {}
    for one in maps:
        column, equals, field = one.rpartition("=")
        if not equals or not column.strip() or not field.strip():
            raise InvalidInput(f'--map: {one!r} should look like "Column=field"')
        mapping[column.strip()] = field.strip()
    return mapping


def _import(file: Path, run: Callable[[Jubilee, Callable[[int], None]], ImportReport], as_json: bool) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with opened() as jubilee, Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(file.name, total=file.stat().st_size)
        report = run(jubilee, lambda done: bar.update(task, completed=done))
    _tell(report, as_json)
    if report.rejected_rows:
        raise typer.Exit(Exit.FOUND_FAULTS)


COUNTED = ("created", "changed", "unchanged", "recorded", "duplicates")


def _tell(report: ImportReport, as_json: bool) -> None:
    counts = {name: getattr(report, name) for name in COUNTED}
    if as_json:
        say_json(
            {
                "file": report.path,
                "dry_run": report.dry_run,
                "read": report.read,
                **counts,
                "rejected": report.rejected_rows,
                "rejected_file": report.rejected_file,
                "rejections": [_remark(one) for one in report.rejected],
                "warned": report.warned,
                "warnings": [_remark(one) for one in report.warnings],
                "columns_not_read": list(report.unread_columns),
            }
        )
        return
    done = [f"{count:,} {name}" for name, count in counts.items() if count]
    out.print(f"{report.read:,} rows read: {', '.join([*done, f'{report.rejected_rows:,} rejected'])}.", markup=False)
    if report.unread_columns:
        out.print(f"Columns not read: {', '.join(report.unread_columns)}", markup=False)
    _list("warning", report.warnings, report.warned)
    _list("rejected", report.rejected, report.rejected_rows)
    if report.rejected_file:
        out.print(f"The rejected rows, with their reasons, are in {report.rejected_file}", markup=False, soft_wrap=True)
    if report.dry_run:
        out.print("This was a dry run: nothing was kept.")


def _list(word: str, remarks: Sequence[object], count: int) -> None:
    for remark in remarks[:MOST_SHOWN]:
        one = _remark(remark)
        column = f", {one['column']}" if one["column"] else ""
        place = f"line {one['line']}{column}" if one["line"] else "file"
        out.print(f"  {word}: {place}: {one['reason']}", markup=False)
    if count > MOST_SHOWN:
        out.print(f"  ... and {count - MOST_SHOWN:,} more")


def _remark(remark: object) -> dict[str, object]:
    return {name: getattr(remark, name) for name in ("line", "column", "reason")}
