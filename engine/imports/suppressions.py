"""Imports the suppression list of the system that was used before, so that nobody hears from the new one who told the
old one to stop."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from engine.channel_terms import TERMS
from engine.errors import InvalidInput
from engine.imports.reading import Line, open_csv
from engine.imports.report import ImportReport, RejectedRows, Remark, rejected_path
from engine.record.addresses import clean_address
from engine.record.rejection import RowRefused
from engine.record.suppressions import Suppressed, suppress
from engine.storage.models import Customer
from engine.storage.session import IMPORT_ROWS_PER_COMMIT, Database

# As the exports of mail systems name them; compared without case, spaces and signs.
_NAMES: Mapping[str, str] = {
    **dict.fromkeys(
        ("email", "emailaddress", "mail", "address", "phone", "phonenumber", "number", "mobile"), "address"
    ),
    **dict.fromkeys(("externalid", "customer", "customerid"), "customer"),
    "channel": "channel",
    **dict.fromkeys(("reason", "type", "status"), "reason"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What the whole file means: the reason and the channel of rows that name none, and where it comes from."""

    reason: str
    source: str
    now: datetime
    channel: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    line: Line
    address: str | None
    customer: str
    channel: str | None
    reason: str


def import_suppressions(db: Database, path: Path, told: Told, *, encoding: str | None = None) -> ImportReport:
    """Suppress every address or customer of the file, in pieces of at most 1,000 rows, each a commit of its own.

    A row names an address, or a customer by external id, or both. Its own columns `channel` and `reason` go before
    what is told for all; without any channel an address with an @ is suppressed for e-mail, a telephone number on every
    channel. Addresses are brought into the one spelling that customers' have: in another, nobody would be held by them.
    Rows that name nobody, or what cannot be an address, or a channel or customer that is not known, are refused and the
    others kept.
    """
    if told.channel is not None and told.channel not in TERMS:
        raise InvalidInput(_unknown(told.channel))
    with open_csv(path, encoding) as file:
        columns = _columns(file.columns, path)
        unread = [name for place, name in enumerate(file.columns) if place not in columns]
        report = ImportReport(path, told.dry_run, unread_columns=unread)
        with closing(RejectedRows(rejected_path(path), file.columns)) as refused:
            while lines := list(islice(file.lines, IMPORT_ROWS_PER_COMMIT)):
                _piece(db, lines, columns, told, report, refused)
            report.rejected_file = refused.close()
    return report


def _columns(header: Sequence[str], path: Path) -> dict[int, str]:
    known = {
        place: _NAMES[plain]
        for place, name in enumerate(header)
        if (plain := "".join(letter for letter in name.casefold() if letter.isalnum())) in _NAMES
    }
    if not {"address", "customer"} & set(known.values()):
        wanted = "a column `address` (or email, phone), or `customer` with the external id"
        raise InvalidInput(f"{path.name} names nobody: it needs {wanted}. It has: {', '.join(header[:12])}.")
    return known


def _piece(
    db: Database,
    lines: Sequence[Line],
    columns: Mapping[int, str],
    told: Told,
    report: ImportReport,
    refused: RejectedRows,
) -> None:
    rows, faults = [], []
    for line in lines:
        try:
            rows.append(_row(line, columns, told))
        except RowRefused as fault:
            faults.append((line, fault))
    with db.writing() as session:
        names = [row.customer for row in rows if row.customer]
        found = session.execute(select(Customer.external_id, Customer.id).where(Customer.external_id.in_(names)))
        ids = {row.external_id: row.id for row in found}
        unknown = [row for row in rows if row.customer and row.customer not in ids]
        faults += [(row.line, RowRefused("customer", f"there is no customer {row.customer!r}")) for row in unknown]
        known = [row for row in rows if not row.customer or row.customer in ids]
        new = suppress(session, [_suppressed(row, ids.get(row.customer), told) for row in known], now=told.now)
        if told.dry_run:
            session.rollback()
    report.read += len(lines)
    report.created += new
    report.unchanged += len(known) - new
    for line, why in sorted(faults, key=lambda one: one[0].number):
        remark = Remark(line.number, why.column, why.reason)
        report.reject(remark)
        if not told.dry_run:
            refused.add(remark, line.cells)


def _row(line: Line, columns: Mapping[int, str], told: Told) -> _Row:
    if line.fault:
        raise RowRefused(None, line.fault)
    cells = {name: line.cells[place].strip() for place, name in sorted(columns.items(), reverse=True)}
    addresses = [cell for place, name in columns.items() if name == "address" and (cell := line.cells[place].strip())]
    address, customer = next(iter(addresses), ""), cells.get("customer", "")
    channel = cells.get("channel", "").casefold() or told.channel
    if not address and not customer:
        raise RowRefused("address", "names neither an address nor a customer")
    if len(addresses) > 1:
        raise RowRefused("address", "names two addresses: write each in a row of its own")
    if channel is not None and channel not in TERMS:
        raise RowRefused("channel", _unknown(channel))
    cleaned = clean_address("address", channel or ("email" if "@" in address else "call"), address)
    if channel is None and "@" in address and not customer:
        channel = "email"
    return _Row(line, cleaned, customer, channel, cells.get("reason") or told.reason)


def _suppressed(row: _Row, customer_id: UUID | None, told: Told) -> Suppressed:
    return Suppressed(row.reason, told.source, customer_id, row.address, row.channel)


def _unknown(channel: str) -> str:
    return f"there is no channel {channel!r}; known are {', '.join(TERMS)}"
