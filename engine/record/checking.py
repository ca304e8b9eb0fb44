"""Checks one event before anything is stored, so that a bad row is refused by itself, with its column and a reason."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

from engine.record.event_kinds import AMENDED, CORRECTIONS
from engine.record.rejection import RowRefused
from engine.record.texts import clean_line

LONGEST_ID = 200
LARGEST_BODY = 32_000
LARGEST_NUMBER = 2**53  # beyond it, other programs that read our JSON would round
LARGEST_AMOUNT = 10**12
DEEPEST = 6
MOST_AHEAD = timedelta(days=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME = re.compile(r"[a-z][a-z0-9_]{1,59}")
_PLAIN_ID = re.compile(r"[\x21-\x7e]{1,200}")
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it comes in. `customer` is the external id; `occurred_at` must be aware; `properties` plain JSON."""

    message_id: str
    customer: str
    name: str
    occurred_at: datetime
    properties: Mapping[str, Any]
    source: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedEvent:
    """Row number `index`, fit to be stored. `corrects` is the message id that a correction names."""

    index: int
    row: EventRow
    occurred_at: datetime
    body_hash: str
    corrects: str | None


def check_event(index: int, row: EventRow, latest: datetime) -> CheckedEvent:
    """Raises RowRefused. `latest` is the last instant that is believed."""
    _check_id("message_id", row.message_id)
    _check_id("customer", row.customer)
    _check_name(row.name)
    occurred_at = _instant("occurred_at", row.occurred_at, latest)
    properties = _json(row.properties)
    corrects = _corrects(row, latest) if row.name in CORRECTIONS else None
    body = "\n".join((row.customer, row.name, occurred_at.isoformat(), properties))
    return CheckedEvent(index, row, occurred_at, hashlib.blake2b(body.encode(), digest_size=16).hexdigest(), corrects)


def _check_id(column: str, value: Any) -> None:
    if type(value) is str and _PLAIN_ID.fullmatch(value):
        return
    if clean_line(column, value, LONGEST_ID) != value or not value:
        raise RowRefused(column, "is empty" if not value or not value.strip() else f"{value!r} has spaces around it")


@lru_cache(maxsize=1024)
def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not _is_name(name):
        shown = ascii(name)[:80]
        raise RowRefused("name", f"{shown} is not a name: small letters, digits and _ are expected, a letter first")


def _instant(column: str, value: Any, latest: datetime) -> datetime:
    if not isinstance(value, datetime):
        raise RowRefused(column, f"{ascii(value)[:80]} is not a time")
    if value.utcoffset() is None:
        raise RowRefused(column, f"{value.isoformat()} has no time zone")
    try:
        instant: datetime = value.astimezone(UTC)
    except OverflowError:
        raise RowRefused(column, f"{value.isoformat()} lies beyond the calendar") from None
    if instant <= _EPOCH:
        reason = "is what the timestamp 0 reads as" if instant == _EPOCH else "lies before 1970"
        raise RowRefused(column, f"{value.isoformat()} {reason}, a stand-in for an unknown time")
    if instant > latest:
        raise RowRefused(column, f"{value.isoformat()} lies in the future")
    return instant


def _corrects(row: EventRow, latest: datetime) -> str:
    target = row.properties.get("message_id")
    _check_id("properties.message_id", target)
    if target == row.message_id:
        raise RowRefused("properties.message_id", "an event cannot correct itself")
    if row.name == AMENDED:
        _check_amendment(row.properties, latest)
    return str(target)


def _check_amendment(said: Mapping[str, Any], latest: datetime) -> None:
    occurred_at, properties = said.get("occurred_at"), said.get("properties")
    if occurred_at is None and properties is None:
        raise RowRefused("properties", "an amendment needs `occurred_at` or `properties`, or both")
    if properties is not None and not isinstance(properties, dict):
        raise RowRefused("properties.properties", "an amendment's properties are names with values")
    if occurred_at is None:
        return
    try:
        parsed = datetime.fromisoformat(occurred_at)
    except (TypeError, ValueError):
        raise RowRefused("properties.occurred_at", f"{ascii(occurred_at)[:80]} is not a time") from None
    _instant("properties.occurred_at", parsed, latest)


def _json(properties: Any) -> str:
    """The canonical text of the properties, once they are known to be plain."""
    if not isinstance(properties, dict):
        raise RowRefused("properties", "names with values are expected")
    _check_values("properties", properties, 1)
    text = _encode(properties)
    if len(text) > LARGEST_BODY:
        raise RowRefused("properties", f"{len(text)} characters are too many, at most {LARGEST_BODY} are expected")
    return text


def _check_values(column: str, values: Mapping[str, Any], depth: int) -> None:
    for name, value in values.items():
        if type(name) is not str or not name or len(name) > LONGEST_ID:
            raise RowRefused(column, f"{ascii(name)[:80]} is not the name of a property")
        kind = type(value)
        if kind is str:
            if not value.isascii() or "\0" in value:
                _check_text(f"{column}.{name}", value)
        elif kind is int:
            _check_int(column, name, value)
        elif kind is not bool and value is not None:
            _check_rest(f"{column}.{name}", name, value, depth)
        if not name.isascii() or "\0" in name:
            _check_text(column, name)


def _check_rest(column: str, name: str, value: Any, depth: int) -> None:
    if isinstance(value, float):
        if not isfinite(value):
            raise RowRefused(column, f"{value!r} is not a number")
        if name.endswith("_minor"):
            raise RowRefused(column, f"{value!r}: amounts are whole numbers of the smallest unit, such as cents")
    elif depth >= DEEPEST:
        raise RowRefused(column, f"nested more than {DEEPEST} deep")
    elif isinstance(value, dict):
        _check_values(column, value, depth + 1)
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            _check_values(column, {str(number): one}, depth + 1)
    else:
        raise RowRefused(column, f"a {type(value).__name__} is not plain: texts, numbers, lists and names with values")


def _check_int(column: str, name: str, value: int) -> None:
    largest = LARGEST_AMOUNT if name.endswith("_minor") else LARGEST_NUMBER
    if not -largest <= value <= largest:
        raise RowRefused(f"{column}.{name}", f"the number is too large, at most {largest} is expected")


def _check_text(column: str, text: str) -> None:
    """PostgreSQL stores neither NUL nor half a surrogate pair."""
    if "\0" in text:
        raise RowRefused(column, "holds the control character U+0000")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RowRefused(column, "holds half a character (a lone surrogate)") from None
