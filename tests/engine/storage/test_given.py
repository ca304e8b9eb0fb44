"""Rows and keys that statements are handed or make: on both databases every value comes back as it went in."""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, Boolean, Date, Text, Uuid, literal, select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from engine.ids import new_id
from engine.storage.base import JsonValue, UtcDateTime
from engine.storage.given import given
from engine.storage.json_sql import numbered_key

INDIA = timezone(timedelta(hours=5, minutes=30))
AWKWARD = ['say "no"', "back\\slash", '\\"', "{a,b}", "a, b", "", " ", "NULL", "null", "O'Brien", "%s", "é\n\t☃", "{}"]


def comes_back(session: Session, kind: TypeEngine[Any], values: list[Any]) -> list[Any]:
    """What the database makes of these values, in their order."""
    rows = given(session, "given", {"at": BigInteger(), "value": kind}, list(enumerate(values)))
    return list(session.scalars(select(rows.c.value).order_by(rows.c.at)))


def test_texts(session: Session) -> None:
    """Also those that mean something in an array, and none."""
    assert comes_back(session, Text(), [*AWKWARD, None]) == [*AWKWARD, None]


def test_json(session: Session) -> None:
    """Objects of awkward texts; PostgreSQL's own null is not the one of JSON."""
    values = [{"value": text, "of": [text, None, 1, True]} for text in AWKWARD]
    assert comes_back(session, JsonValue(), [*values, None]) == [*values, None]


def test_numbers_days_and_keys(session: Session) -> None:
    """Each as it is."""
    for kind, values in (
        (BigInteger(), [0, -1, 2**62, None]),
        (Boolean(), [True, False, None]),
        (Date(), [date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31), None]),
        (Uuid(), [new_id(), UUID(int=0), None]),
    ):
        assert comes_back(session, kind, values) == values


def test_instants(session: Session) -> None:
    """In whatever zone they are told."""
    at = datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
    assert comes_back(session, UtcDateTime(), [at, at.astimezone(INDIA), None]) == [at, at, None]


def test_a_naive_time_is_refused(session: Session) -> None:
    """As in any other column."""
    with pytest.raises((StatementError, ValueError), match="naive"):
        comes_back(session, UtcDateTime(), [datetime(2024, 2, 29)])  # noqa: DTZ001 - it is the point


def test_no_rows(session: Session) -> None:
    """Nothing is given, and nothing comes back."""
    assert comes_back(session, Text(), []) == []


def test_numbered_keys_are_those_of_this_moment_and_each_another(session: Session) -> None:
    """UUIDv7 in the order of the rows, and those of another statement are others."""
    before = time.time_ns() // 1_000_000
    rows = given(session, "given", {"at": BigInteger()}, [(at,) for at in range(300)])
    made = [key for _ in range(2) for key in session.scalars(select(numbered_key()).select_from(rows))]
    kept = [session.scalar(select(literal(key, Uuid))) for key in made]
    assert kept == made
    assert len(set(made)) == 600
    assert {(key.version, key.variant) for key in made} == {(7, "specified in RFC 4122")}
    assert made == sorted(made)
    assert all(before <= key.int >> 80 <= time.time_ns() // 1_000_000 for key in made)
