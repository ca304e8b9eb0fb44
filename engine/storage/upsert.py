"""Statements over many rows that the two databases spell differently, or that SQLAlchemy makes dear."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Table,
    Text,
    column,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.storage.base import Base


def insert_into(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT into the table of `model` that takes `.on_conflict_do_nothing()` and `.on_conflict_do_update()`."""
    table = table_of(model)
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_new(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]], *, same: Mapping[str, Any]
) -> set[UUID]:
    """Insert rows that are alike in `same`, except where another stands in the way; the ids of those inserted.

    PostgreSQL is given a parameter for each column: the driver takes longer to read a statement with one for each value
    than the server takes to insert the rows.
    """
    table = table_of(model)
    insert = insert_into(session, model).on_conflict_do_nothing().returning(table.c.id)
    if session.get_bind().dialect.name != "postgresql":
        return set(session.scalars(insert, [{**same, **row} for row in rows]))
    names = list(rows[0])
    arrays = [literal([row[name] for row in rows], ARRAY(table.c[name].type)) for name in names]
    given = func.unnest(*arrays).table_valued(*(column(name, table.c[name].type) for name in names), name="given")
    alike = [literal(value, table.c[name].type) for name, value in same.items()]
    return set(session.scalars(insert.from_select([*names, *same], select(*given.render_derived().c, *alike))))


def is_among(
    session: Session, column: Column[Any] | InstrumentedAttribute[Any], values: Iterable[UUID | str]
) -> ColumnElement[bool]:
    """`column IN (values)` with all of them as one parameter: a thousand parameters take longer than the look-up."""
    if session.get_bind().dialect.name == "postgresql":
        return column == func.any(literal(list(values), ARRAY(column.type)))
    texts = [value.hex if isinstance(value, UUID) else value for value in values]
    return type_coerce(column, Text).in_(select(func.json_each(json.dumps(texts)).table_valued("value").c.value))


def table_of(model: type[Base]) -> Table:
    """The table itself: statements on it leave out the work that the ORM would do for each row."""
    table = model.__table__
    assert isinstance(table, Table)
    return table
