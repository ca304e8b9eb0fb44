"""Fills a run's customers: as they are for most, and as they were in between for those of whom something changed.

What was told when a customer was first recorded counts from the beginning, and what changed later from the day on which
it became true. Read before the run's names stand before the stored ones.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, literal, select
from sqlalchemy.orm import Session

from engine.backtest.past_tables import RECORD, SINCE, UNTIL, past_table, put
from engine.backtest.players import PLAYERS
from engine.backtest.rewinding import Change, Flat, Stretch, rewind
from engine.backtest.scratch import ALWAYS, NEVER, Scratch
from engine.dates.birthdays import parse_partial_date
from engine.dates.zones import local_date
from engine.ids import new_id
from engine.record.customer_rows import placeholder
from engine.record.customer_state import COLUMNS, lock_known
from engine.storage.base import Base, UtcDateTime
from engine.storage.models import Consent, ContactPoint, Customer, CustomerChange, CustomerDate, Preference
from engine.storage.models.contact_point import hash_of_address
from engine.storage.upsert import is_among

_PIECE = 1_000
_HOURS = ("quiet_from", "quiet_until")
_FLAGS = ("zone_guessed", "deceased", "minor", "closed")
# Days of first events follow from the events, and are copied as they are.
_OF_EVENTS = "dates.first:"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Life:
    """One customer whose record changed: the stored row, what was known when, and addresses that do not work.
    What became true after `until` is left out."""

    row: Row
    stretches: Sequence[Stretch]
    known_since: datetime
    dead: frozenset[str]
    until: datetime = NEVER

    @property
    def times(self) -> Iterator[tuple[Flat, Row]]:
        """Each stretch's fields, and the times of its rows."""
        ends = [stretch.since for stretch in self.stretches[1:]]
        for stretch, until in zip(self.stretches, [*ends, NEVER], strict=True):
            if until > self.known_since and stretch.since <= self.until:
                since = max(stretch.since, self.known_since)
                yield stretch.fields, {"customer_id": self.row["id"], SINCE: since, UNTIL: until}


def fill_past(run: Scratch, *, since: datetime) -> None:
    """Copy the players whose record stayed as it is in one statement each, and work out the others from their log."""
    never_changed = PLAYERS.c.changed.is_(None)
    _copy(run, CustomerDate, never_changed, literal(ALWAYS, UtcDateTime))
    of_events = run.stored(CustomerDate).c.event_name.is_not(None)
    _copy(run, CustomerDate, PLAYERS.c.changed.is_not(None) & of_events, literal(ALWAYS, UtcDateTime))
    _copy_record(run)
    for ids in _pages(run):
        lives = list(_lives(run, ids, since))
        put(run.session, CustomerDate, [row for life in lives for row in _rows(life, "dates", _date)])
        _keep_record(run.session, lives)
    run.measure(past_table(CustomerDate).name, *(past_table(model).name for model in RECORD))


def fill_record(run: Scratch, *, at: datetime) -> None:
    """The same of the players' record alone, as it was at this instant."""
    _copy_record(run)
    for ids in _pages(run):
        _keep_record(run.session, [replace(life, until=at) for life in _lives(run, ids, at)])
    run.measure(*(past_table(model).name for model in RECORD))


def _copy_record(run: Scratch) -> None:
    never_changed = PLAYERS.c.changed.is_(None)
    _copy(run, Customer, never_changed, PLAYERS.c.known_since)
    for model in (ContactPoint, Preference):
        _copy(run, model, never_changed, literal(ALWAYS, UtcDateTime))
    _copy(run, Consent, never_changed, run.stored(Consent).c.given_at)


def _copy(run: Scratch, model: type[Base], which: ColumnElement[bool], since: ColumnElement[Any]) -> None:
    stored, past = run.stored(model), past_table(model)
    owner = stored.c.id if model is Customer else stored.c.customer_id
    rows = select(*stored.c, since, literal(NEVER, UtcDateTime)).join(PLAYERS, PLAYERS.c.customer_id == owner)
    run.session.execute(insert(past).from_select([column.name for column in past.c], rows.where(which)))


def _pages(run: Scratch) -> Iterator[Sequence[UUID]]:
    query = select(PLAYERS.c.customer_id).where(PLAYERS.c.changed.is_not(None)).order_by(PLAYERS.c.customer_id)
    ids = run.session.scalars(query).all()
    return (ids[at : at + _PIECE] for at in range(0, len(ids), _PIECE))


def _lives(run: Scratch, ids: Sequence[UUID], since: datetime) -> Iterator[Life]:
    session = run.session
    table = run.stored(Customer)
    stored = {
        row.id: row._asdict() for row in session.execute(select(*table.c).where(is_among(session, table.c.id, ids)))
    }
    known = {
        one.id: one.fields for one in lock_known(session, [row["external_id"] for row in stored.values()]).values()
    }
    changes, dead = _changes(run, ids, since, stored), _dead_addresses(run, ids)
    query = select(PLAYERS.c.customer_id, PLAYERS.c.known_since).where(is_among(session, PLAYERS.c.customer_id, ids))
    for customer_id, known_since in session.execute(query):
        stretches = rewind(known[customer_id], changes[customer_id], ALWAYS)
        yield Life(stored[customer_id], stretches, known_since, frozenset(dead[customer_id]))


def _changes(
    run: Scratch, ids: Sequence[UUID], since: datetime, stored: Mapping[UUID, Row]
) -> Mapping[UUID, Sequence[Change]]:
    log = run.stored(CustomerChange).c
    rows = run.session.execute(
        select(log.customer_id, log.field, log.old, log.effective_at, log.recorded_at)
        .where(is_among(run.session, log.customer_id, ids), log.effective_at > since)
        .order_by(log.recorded_at, log.id)
    )
    found: dict[UUID, list[Change]] = defaultdict(list)
    for customer_id, field, old, effective_at, recorded_at in rows:
        if recorded_at > stored[customer_id]["created_at"]:
            found[customer_id].append(Change(field, old, effective_at))
    return found


def _dead_addresses(run: Scratch, ids: Sequence[UUID]) -> Mapping[UUID, set[str]]:
    points = run.stored(ContactPoint).c
    found: dict[UUID, set[str]] = defaultdict(set)
    query = select(points.customer_id, points.address).where(
        is_among(run.session, points.customer_id, ids), ~points.usable
    )
    for customer_id, address in run.session.execute(query):
        found[customer_id].add(address)
    return found


def _keep_record(session: Session, lives: Sequence[Life]) -> None:
    put(session, Customer, [_customer(life, fields, times) for life in lives for fields, times in life.times])
    put(session, ContactPoint, [row for life in lives for row in _rows(life, "contacts", _contact)])
    put(session, Consent, [row for life in lives for row in _rows(life, "consents", _consent)])
    put(session, Preference, [row for life in lives for row in _rows(life, "preferences", _preference)])


def _rows(life: Life, prefix: str, made: Any) -> Iterator[Row]:
    for fields, times in life.times:
        for name, value in fields.items():
            if value is not None and name.startswith(f"{prefix}.") and not name.startswith(_OF_EVENTS):
                row = made(life, name.removeprefix(f"{prefix}."), value, times)
                if row[SINCE] < row[UNTIL]:
                    yield row


def _customer(life: Life, fields: Flat, times: Row) -> Row:
    columns = {name: fields.get(name) for name in COLUMNS}
    columns |= {name: time.fromisoformat(hour) if (hour := fields.get(name)) else None for name in _HOURS}
    columns |= {name: bool(columns[name]) for name in _FLAGS}
    columns |= {name: columns[name] or life.row[name] for name in ("locale", "zone")}
    traits = {name[7:]: value for name, value in fields.items() if name.startswith("traits.") and value is not None}
    return life.row | columns | {"traits": traits, SINCE: times[SINCE], UNTIL: times[UNTIL]}


def _date(life: Life, name: str, text: str, times: Row) -> Row:
    said = parse_partial_date(text)
    return times | {
        **{"name": name, "year": said.year, "month": said.month, "day": said.day},
        **{"month_day": said.month * 100 + said.day, "source": "change log", "event_name": None},
        "placeholder": placeholder(name, said, local_date(life.row["updated_at"], life.row["zone"])),
    }


def _contact(life: Life, channel: str, address: str, times: Row) -> Row:
    return times | {
        **{"id": new_id(), "channel": channel, "address": address, "address_hash": hash_of_address(address)},
        **{"usable": address not in life.dead, "unusable_reason": None, "heard_at": None},
    }


def _consent(_life: Life, name: str, said: Row, times: Row) -> Row:
    channel, _, occasion = name.partition(".")
    given_at = _instant(said["given_at"])
    return times | {
        **{"channel": channel, "occasion": occasion, "state": said["state"], "basis": said["basis"]},
        **{"source": said["source"], "given_at": given_at},
        "expires_at": said["expires_at"] and _instant(said["expires_at"]),
        SINCE: max(times[SINCE], given_at),
    }


def _preference(_life: Life, occasion: str, said: Row, times: Row) -> Row:
    wish = {"occasion": occasion, "wanted": said["wanted"], "channel": said.get("channel")}
    return times | wish | {"source": "change log", "changed_at": _instant(said["changed_at"])}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
