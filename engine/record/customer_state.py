"""Customers as flat fields, read and written for a whole set at once: the row itself and the tables that go with it."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from engine.dates.birthdays import PartialDate, parse_partial_date
from engine.dates.zones import local_date
from engine.ids import new_id
from engine.record.customer_rows import Flat, placeholder
from engine.record.places import guessed_zone
from engine.storage.base import Base
from engine.storage.models import Consent, ContactPoint, Customer, CustomerChange, CustomerDate, Preference
from engine.storage.upsert import insert_into, table_of

_FLAGS = ("zone_guessed", "deceased", "minor", "closed")
_HOURS = ("quiet_from", "quiet_until")
COLUMNS = (
    *("first_name", "last_name", "locale", "zone", "country", "region", "preferred_channel", "channel_order"),
    *_HOURS,
    *_FLAGS,
)


@dataclass(frozen=True, slots=True)
class Known:
    """One customer as stored. A customer that this very call made knows nothing yet."""

    id: UUID
    external_id: str
    fields: Flat
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of one customer: for each field that changes, the old value and the new."""

    known: Known
    changes: Mapping[str, tuple[Any, Any]]
    effective_at: datetime
    source: str
    zone: str
    created: bool = field(default=False)


def bucket_of(customer_id: UUID) -> int:
    """A uniform number below 2**31 that lasts as long as the id."""
    return int.from_bytes(hashlib.blake2b(customer_id.bytes, digest_size=8).digest(), "big") % 2**31


def tombstone(external_id: str) -> str:
    """What stands in place of the external id of an erased customer, so that an import does not bring them back."""
    return f"erased:{hashlib.blake2b(external_id.encode(), digest_size=16).hexdigest()}"


def erased_among(session: Session, external_ids: Collection[str]) -> set[str]:
    """Those of these external ids whose customer was erased."""
    names = {tombstone(one): one for one in external_ids}
    if not names:
        return set()
    return {names[one] for one in session.scalars(select(Customer.external_id).where(Customer.external_id.in_(names)))}


def lock_known(session: Session, external_ids: Collection[str]) -> dict[str, Known]:
    """The customers of these external ids, each locked, in the order of their ids."""
    names = {tombstone(one): one for one in external_ids} | {one: one for one in external_ids}
    query = select(Customer.id, Customer.external_id, Customer.erased_at, Customer.traits, *_columns())
    query = query.where(Customer.external_id.in_(names)).order_by(Customer.id).with_for_update(key_share=True)
    rows = session.execute(query).all()
    known = {row.id: Known(row.id, names[row.external_id], _flat(row), row.erased_at is not None) for row in rows}
    _read_satellites(session, known)
    return {one.external_id: one for one in known.values()}


def create_missing(session: Session, wanted: Mapping[str, Flat], *, now: datetime) -> dict[str, Known]:
    """Insert customers of these external ids; one that somebody else inserted meanwhile is not in the answer."""
    rows = [_new_customer(external_id, wanted[external_id], now) for external_id in sorted(wanted)]
    if not rows:
        return {}
    statement = insert_into(session, Customer).on_conflict_do_nothing(index_elements=["external_id"])
    made = session.execute(statement.returning(Customer.id, Customer.external_id), rows)
    return {row.external_id: Known(row.id, row.external_id, {}) for row in made}


def write(session: Session, differences: Sequence[Difference], *, now: datetime) -> None:
    """Apply the differences to every table, and append them to the change log."""
    _write_customers(session, [one for one in differences if not one.created], now)
    _write_dates(session, differences, now)
    _write_contacts(session, differences)
    _write_consents(session, differences)
    _write_preferences(session, differences)
    log = [
        {"id": new_id(), "customer_id": one.known.id, "field": name, "old": old, "new": new}
        | {"effective_at": one.effective_at, "recorded_at": now, "source": one.source}
        for one in differences
        for name, (old, new) in one.changes.items()
    ]
    _insert(session, CustomerChange, log)


def _columns() -> list[Any]:
    return [getattr(Customer, name) for name in COLUMNS]


def _flat(row: Any) -> Flat:
    columns = {name: getattr(row, name) for name in COLUMNS}
    hours = {name: columns[name] and columns[name].isoformat("minutes") for name in _HOURS}
    return columns | hours | {f"traits.{k}": v for k, v in row.traits.items()}


def _stored(name: str, value: Any) -> Any:
    """A flat value as its column has it."""
    return time.fromisoformat(value) if name in _HOURS and value else value


def _new_customer(external_id: str, fields: Flat, now: datetime) -> dict[str, Any]:
    customer_id = new_id()
    columns = {name: _stored(name, fields.get(name, False if name in _FLAGS else None)) for name in COLUMNS}
    columns["locale"] = columns["locale"] or "en"
    columns["zone_guessed"] = columns["zone"] is None
    columns["zone"] = columns["zone"] or guessed_zone(columns["country"], columns["region"])
    traits = {name[7:]: value for name, value in fields.items() if name.startswith("traits.") and value is not None}
    made = {"id": customer_id, "external_id": external_id, "bucket": bucket_of(customer_id), "traits": traits}
    return made | columns | {"created_at": now, "updated_at": now}


def _read_satellites(session: Session, known: Mapping[UUID, Known]) -> None:
    ids = list(known)
    if not ids:
        return
    for date in session.execute(_of(CustomerDate, ids)):
        known[date.customer_id].fields[f"dates.{date.name}"] = str(PartialDate(date.month, date.day, date.year))
    # The usable one comes last and stays, where a customer has several on one channel.
    points = _of(ContactPoint, ids).order_by(ContactPoint.usable, ContactPoint.id.desc())
    for point in session.execute(points):
        known[point.customer_id].fields[f"contacts.{point.channel}"] = point.address
    for consent in session.execute(_of(Consent, ids)):
        known[consent.customer_id].fields[f"consents.{consent.channel}.{consent.occasion}"] = {
            **{name: getattr(consent, name) for name in ("state", "basis", "source")},
            "given_at": consent.given_at.isoformat(),
            "expires_at": consent.expires_at and consent.expires_at.isoformat(),
        }
    for wish in session.execute(_of(Preference, ids)):
        known[wish.customer_id].fields[f"preferences.{wish.occasion}"] = {
            **{"wanted": wish.wanted, "channel": wish.channel, "changed_at": wish.changed_at.isoformat()},
        }


def _of(model: Any, ids: Sequence[UUID]) -> Any:
    return select(*model.__table__.columns).where(model.customer_id.in_(ids))


def _write_customers(session: Session, differences: Iterable[Difference], now: datetime) -> None:
    """One statement for each set of columns that changed together, so that no other column is written."""
    shapes: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for one in differences:
        values = {name: _stored(name, new) for name, (_, new) in one.changes.items() if name in COLUMNS}
        if any(name.startswith("traits.") for name in one.changes):
            values["traits"] = _traits_after(one)
        shapes[tuple(sorted(values))].append({"id": one.known.id, "updated_at": now} | values)
    for rows in shapes.values():
        session.execute(update(Customer), rows)


def _traits_after(one: Difference) -> dict[str, Any]:
    fields = one.known.fields | {name: new for name, (_, new) in one.changes.items()}
    return {name[7:]: value for name, value in fields.items() if name.startswith("traits.") and value is not None}


def _write_dates(session: Session, differences: Sequence[Difference], now: datetime) -> None:
    rows = []
    for one, (name,), text in _changed(session, CustomerDate, ("name",), differences, "dates"):
        date = parse_partial_date(text)
        rows.append(
            {"customer_id": one.known.id, "name": name, "year": date.year, "month": date.month, "day": date.day}
            | {"month_day": date.month * 100 + date.day, "source": one.source, "event_name": None}
            | {"placeholder": placeholder(name, date, local_date(now, one.zone))}
        )
    _insert(session, CustomerDate, rows)


def _write_contacts(session: Session, differences: Sequence[Difference]) -> None:
    changed = _changed(session, ContactPoint, ("channel",), differences, "contacts")
    rows = [
        {"id": new_id(), "customer_id": one.known.id, "channel": channel, "address": address, "usable": True}
        for one, (channel,), address in changed
    ]
    _insert(session, ContactPoint, rows)


def _write_consents(session: Session, differences: Sequence[Difference]) -> None:
    rows = []
    for one, (channel, occasion), said in _changed(session, Consent, ("channel", "occasion"), differences, "consents"):
        rows.append(
            {"customer_id": one.known.id, "channel": channel, "occasion": occasion}
            | {name: said[name] for name in ("state", "basis", "source")}
            | {name: said[name] and _instant(said[name]) for name in ("given_at", "expires_at")}
        )
    _insert(session, Consent, rows)


def _write_preferences(session: Session, differences: Sequence[Difference]) -> None:
    changed = _changed(session, Preference, ("occasion",), differences, "preferences")
    rows = [
        {"customer_id": one.known.id, "occasion": occasion, "wanted": said["wanted"], "channel": said["channel"]}
        | {"source": one.source, "changed_at": _instant(said["changed_at"])}
        for one, (occasion,), said in changed
    ]
    _insert(session, Preference, rows)


def _changed(
    session: Session, model: type[Base], keys: Sequence[str], differences: Sequence[Difference], prefix: str
) -> list[tuple[Difference, tuple[str, ...], Any]]:
    """Delete what the changed fields of this prefix had, and answer what they are to have now."""
    found = [
        (one, tuple(name.split(".")[1:]), old, new)
        for one in differences
        for name, (old, new) in one.changes.items()
        if name.startswith(f"{prefix}.")
    ]
    gone = [
        {"customer": one.known.id} | dict(zip((f"key_{key}" for key in keys), values, strict=True))
        for one, values, old, _ in found
        if old is not None
    ]
    if gone:
        table = table_of(model)
        matches = [table.c[key] == bindparam(f"key_{key}") for key in keys]
        session.connection().execute(table.delete().where(table.c.customer_id == bindparam("customer"), *matches), gone)
    return [(one, values, new) for one, values, _, new in found if new is not None]


def _insert(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        session.execute(insert(table_of(model)), rows)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
