"""Statements over many rows: INSERT with ON CONFLICT, spelled once for each database, and UPDATE by key."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, Update, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.storage.base import Base


def insert_into(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT into the table of `model` that takes `.on_conflict_do_nothing()` and `.on_conflict_do_update()`."""
    table = table_of(model)
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def update_each(
    session: Session, model: type[Base], rows: Iterable[Mapping[str, Any]], by: tuple[str, ...] = ("id",)
) -> None:
    """One UPDATE for each row, found by its columns `by`; the others are set. All rows name the same columns."""
    values = [{f"by_{name}" if name in by else name: value for name, value in row.items()} for row in rows]
    if values:
        session.execute(_update(model, by), values)


def table_of(model: type[Base]) -> Table:
    """The table itself: statements on it leave out the work that the ORM would do for each row."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


@lru_cache(maxsize=64)
def _update(model: type[Base], by: tuple[str, ...]) -> Update:
    table = table_of(model)
    return update(table).where(*(table.c[name] == bindparam(f"by_{name}") for name in by))
