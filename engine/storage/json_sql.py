"""JSON objects, local dates as text and lasting keys, made inside a statement on both databases.

A set of rows that one INSERT ... SELECT makes needs them where Python never sees a row.
"""

import json
import uuid
from typing import Any

from sqlalchemy import ColumnElement, Integer, Text, Uuid, cast, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from engine.ids import new_id
from engine.storage.base import JsonValue

# The hex digits of a key that the rows of a statement share, of 32.
_ALIKE = 20


class json_object(FunctionElement[Any]):  # noqa: N801 - reads as the SQL function it is
    """An object of these names and expressions; an expression may itself be one."""

    inherit_cache = True
    type = JsonValue()

    def __init__(self, **values: ColumnElement[Any]) -> None:
        super().__init__(*(part for name, value in values.items() for part in (literal(name, Text), value)))


class json_constant(FunctionElement[Any]):  # noqa: N801
    """A plain value as JSON: true, 3, "text" or null."""

    inherit_cache = True
    type = JsonValue()

    def __init__(self, value: bool | int | str | None) -> None:
        super().__init__(literal(json.dumps(value), Text))


class new_key(FunctionElement[uuid.UUID]):  # noqa: N801
    """A new UUIDv7 for each row, from the database's own clock."""

    inherit_cache = True
    type = Uuid()


class numbered_key(FunctionElement[uuid.UUID]):  # noqa: N801
    """A new UUIDv7 for each row of one statement, for a million rows: they are alike but for their last 48 bits, which
    number the rows. PostgreSQL asks the machine for chance for each `new_key`, and that may take longer than the row.
    """

    inherit_cache = True
    type = Uuid()

    def __init__(self) -> None:
        super().__init__(literal(new_id().hex[:_ALIKE], Text))


def date_text(year: ColumnElement[Any], month: ColumnElement[Any], day: ColumnElement[Any]) -> ColumnElement[str]:
    """`1997-02-14` from three numbers; NULL where one is NULL."""
    return _digits(year, 4) + "-" + _digits(month, 2) + "-" + _digits(day, 2)


def _digits(number: ColumnElement[Any], count: int) -> ColumnElement[str]:
    return func.substr(cast(number + literal(10**count, Integer), Text), 2, type_=Text)


@compiles(json_object)
def _object_on_sqlite(element: json_object, compiler: Any, **kw: Any) -> str:
    return f"json_object({compiler.process(element.clauses, **kw)})"


@compiles(json_object, "postgresql")
def _object_on_postgresql(element: json_object, compiler: Any, **kw: Any) -> str:
    return f"jsonb_build_object({compiler.process(element.clauses, **kw)})"


@compiles(json_constant)
def _constant_on_sqlite(element: json_constant, compiler: Any, **kw: Any) -> str:
    return f"json({compiler.process(element.clauses, **kw)})"


@compiles(json_constant, "postgresql")
def _constant_on_postgresql(element: json_constant, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS JSONB)"


@compiles(new_key)
def _key_on_sqlite(_element: new_key, _compiler: Any, **_kw: Any) -> str:
    """48 bits of milliseconds, the version 7, 12 random bits, the variant 10, 62 random bits, as 32 hex digits."""
    milliseconds = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    random = "hex(randomblob(2))"
    return (
        f"lower(printf('%012x', {milliseconds}) || '7' || substr({random}, 2) || "
        f"substr('89ab', 1 + (random() & 3), 1) || substr({random}, 2) || hex(randomblob(6)))"
    )


@compiles(new_key, "postgresql")
def _key_on_postgresql(_element: new_key, _compiler: Any, **_kw: Any) -> str:
    return "uuidv7()"


@compiles(numbered_key)
def _numbered_on_sqlite(element: numbered_key, compiler: Any, **kw: Any) -> str:
    return f"{compiler.process(element.clauses, **kw)} || printf('%012x', row_number() OVER ())"


@compiles(numbered_key, "postgresql")
def _numbered_on_postgresql(element: numbered_key, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} || lpad(to_hex(row_number() OVER ()), 12, '0') AS UUID)"
