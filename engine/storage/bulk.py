"""Writes many rows of one shape with little work for each: column by column, past what SQLAlchemy does row by row.

A thousand rows of events cost half of what `session.execute(insert(...), rows)` takes; the types are the same.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, bindparam, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Insert, Update

from engine.storage.base import Base
from engine.storage.upsert import arrays_of, rows_given, table_of

Rows = Sequence[Mapping[str, Any]]


class _Prepared(NamedTuple):
    """The text of a statement, and for each of its parameters how values become what the driver takes."""

    sql: str
    positional: bool
    parameters: Sequence[tuple[str, Callable[[Any], Any] | None]]


_prepared: dict[tuple[str, type[Base], tuple[str, ...], tuple[str, ...]], _Prepared] = {}


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python from looking for cycles while many rows are worked on, none of which has any.

    The rows of one call are enough for it to search the whole memory of the process, again and again: a quarter of the
    time. Two threads may overlap; whoever found it on turns it on again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def insert_each(session: Session, model: type[Base], rows: Rows) -> None:
    """Insert rows that all name the same columns. Defaults that Python would fill in must be among them."""
    _write(session, model, rows, ())


def update_each(session: Session, model: type[Base], rows: Rows, by: tuple[str, ...] = ("id",)) -> None:
    """Update one row for each of `rows`, found by the columns `by`; the others are set. All name the same columns."""
    _write(session, model, rows, by)


def update_alike(session: Session, model: type[Base], rows: Rows, *, same: Mapping[str, Any]) -> None:
    """Update one row for each of `rows`, found by `id`, which are alike in `same`: on PostgreSQL in one statement."""
    if not rows:
        return
    if session.get_bind().dialect.name != "postgresql":
        update_each(session, model, [{**row, **same} for row in rows])
        return
    session.execute(_update_of_arrays(model, tuple(rows[0]), tuple(same)), arrays_of(rows) | dict(same))


@lru_cache(maxsize=64)
def _update_of_arrays(model: type[Base], names: tuple[str, ...], alike: tuple[str, ...]) -> Update:
    table = table_of(model)
    each = rows_given(model, names)
    values = {name: bindparam(name, type_=table.c[name].type) for name in alike}
    return update(table).where(table.c.id == each.c.id).values({**values, **{n: each.c[n] for n in names if n != "id"}})


def _write(session: Session, model: type[Base], rows: Rows, by: tuple[str, ...]) -> None:
    if not rows:
        return
    connection = session.connection()
    names = tuple(rows[0])
    key = (connection.dialect.name, model, by, names)
    if key not in _prepared:
        _prepared[key] = _prepare(connection.dialect, model, by, names)
    sql, positional, parameters = _prepared[key]
    columns = []
    for name, process in parameters:
        values = [row[name] for row in rows]
        columns.append(_processed(values, process) if process else values)
    lines = zip(*columns, strict=True)
    if positional:
        connection.exec_driver_sql(sql, list(lines))
    else:
        bound = [name if name not in by else f"by_{name}" for name, _ in parameters]
        connection.exec_driver_sql(sql, [dict(zip(bound, line, strict=True)) for line in lines])


def _processed(values: list[Any], process: Callable[[Any], Any]) -> list[Any]:
    """Times and dates repeat, and take the longest to write: each only once."""
    if not isinstance(values[0], date):
        return [process(value) for value in values]
    texts = {value: process(value) for value in set(values)}
    return [texts[value] for value in values]


def _prepare(dialect: Dialect, model: type[Base], by: tuple[str, ...], names: tuple[str, ...]) -> _Prepared:
    table = table_of(model)
    statement: Insert | Update = insert(table)
    if by:
        statement = update(table).where(*(table.c[name] == bindparam(f"by_{name}") for name in by))
    binds = [f"by_{name}" if name in by else name for name in names]
    compiled = statement.compile(dialect=dialect, column_keys=binds)
    order = compiled.positiontup if compiled.positional else binds
    assert order is not None
    parameters = [
        (
            name := bind.removeprefix("by_") if by else bind,
            table.c[name].type.dialect_impl(dialect).bind_processor(dialect),
        )
        for bind in order
    ]
    return _Prepared(str(compiled), bool(compiled.positional), parameters)
