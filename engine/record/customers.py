"""The one way in for customers: a set of rows becomes customers, and each field that changed goes into the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.dates.birthdays import parse_partial_date
from engine.dates.zones import local_date
from engine.definitions.store import ActiveTrigger
from engine.record.consents import settle
from engine.record.customer_consequences import follow_up
from engine.record.customer_rows import (
    CheckedRow,
    ConsentRow,
    CustomerRow,
    PreferenceRow,
    check_row,
    placeholder,
)
from engine.record.customer_state import Difference, Known, create_missing, lock_known, write
from engine.record.places import guessed_zone
from engine.record.rejection import Notice, Rejection, RowRefused
from engine.record.unset import UNSET, Unset

__all__ = [
    "UNSET",
    "ConsentRow",
    "CustomerRow",
    "PreferenceRow",
    "Recorded",
    "Rejection",
    "Unset",
    "record_customers",
]

MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of the rows. A warning's row was recorded all the same."""

    created: int
    changed: int
    unchanged: int
    rejected: list[Rejection]
    warnings: list[Notice]


def record_customers(
    session: Session,
    rows: Sequence[CustomerRow],
    *,
    now: datetime,
    source: str,
    triggers: Sequence[ActiveTrigger] = (),
) -> Recorded:
    """Record at most 1,000 rows. A row changes only what it names, one that changes nothing writes nothing.

    A bad row is refused with its column and reason and the others are kept. `triggers`, the paused ones included, tell
    which traits they watch, and what to fold again for a customer who moved to another zone.
    """
    if len(rows) > MOST_ROWS:
        raise ValueError(f"{len(rows)} rows at once are too many: hand them over in pieces of {MOST_ROWS}")
    rejected: list[Rejection] = []
    warnings: list[Notice] = []
    checked = _check(rows, rejected, now=now, source=source)
    known, created = _lock_or_create(session, checked, now=now)
    differences: list[Difference] = []
    for row in checked.values():
        one = known[row.external_id]
        if one.erased:
            rejected.append(Rejection(row.index, "external_id", "this customer was erased and stays so"))
            continue
        differences.append(_difference(row, one, row.external_id in created, warnings, now=now, source=source))
    changed = [one for one in differences if one.changes or one.created]
    write(session, changed, now=now)
    follow_up(session, changed, triggers, now=now, source=source)
    rejected.sort(key=lambda rejection: rejection.index)
    return Recorded(len(created), len(changed) - len(created), len(differences) - len(changed), rejected, warnings)


def _check(
    rows: Sequence[CustomerRow], rejected: list[Rejection], *, now: datetime, source: str
) -> Mapping[str, CheckedRow]:
    """The rows that can be recorded, by external id; the first one of an id counts."""
    checked: dict[str, CheckedRow] = {}
    for index, row in enumerate(rows):
        try:
            good = check_row(index, row, now=now, source=source)
        except RowRefused as refused:
            rejected.append(Rejection(index, refused.column, refused.reason))
            continue
        if good.external_id in checked:
            reason = f"{good.external_id!r} stands in an earlier row already"
            rejected.append(Rejection(index, "external_id", reason))
        else:
            checked[good.external_id] = good
    return checked


def _lock_or_create(
    session: Session, checked: Mapping[str, CheckedRow], *, now: datetime
) -> tuple[Mapping[str, Known], set[str]]:
    known = lock_known(session, checked.keys())
    missing = {name: row.fields for name, row in checked.items() if name not in known}
    created = create_missing(session, missing, now=now)
    elsewhere = missing.keys() - created.keys()  # another import made them while we looked
    if elsewhere:
        known |= lock_known(session, elsewhere)
    return known | created, set(created)


def _difference(
    row: CheckedRow, known: Known, created: bool, warnings: list[Notice], *, now: datetime, source: str
) -> Difference:
    fields = _wanted(row, known, created)
    zone = fields.get("zone") or known.fields["zone"]
    changes: dict[str, tuple[Any, Any]] = {}
    for name, new in fields.items():
        old, remark = known.fields.get(name), None
        if name.startswith(("consents.", "preferences.")):
            new, remark = settle(old, new, dated=name in row.dated)
        elif name.startswith("dates.") and new is not None:
            remark = placeholder(name[6:], parse_partial_date(new), local_date(now, zone))
        if remark:
            warnings.append(Notice(row.index, _column_of(name), remark))
        if new != old and not (created and new is False):
            changes[name] = (old, new)
    return Difference(known, changes, row.effective_at, source, zone, created)


def _wanted(row: CheckedRow, known: Known, created: bool) -> dict[str, Any]:
    """The row's fields; without a zone a new customer gets that of their place, and a known one keeps what was said.

    A zone that was only guessed is marked, and guessed again when the place changes.
    """
    fields = dict(row.fields)
    if fields.pop("zone", None) is not None:
        return fields | {"zone": row.fields["zone"], "zone_guessed": False}
    if created or known.fields.get("zone_guessed"):
        country, region = (fields.get(name, known.fields.get(name)) for name in ("country", "region"))
        fields |= {"zone": guessed_zone(country, region), "zone_guessed": True}
    return fields


def _column_of(name: str) -> str:
    """The field as the columns of a file are named: `dates.birthday` -> `date:birthday`."""
    group, _, rest = name.partition(".")
    return f"{'wants' if group == 'preferences' else group.removesuffix('s')}:{rest.removesuffix('.*')}"
