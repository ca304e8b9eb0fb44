"""Statements over many rows that the two databases spell differently, or that SQLAlchemy makes dear."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    Table,
    TableValuedAlias,
    Text,
    TypeDecorator,
    Uuid,
    bindparam,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, QueryableAttribute, Session
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeEngine

from engine.storage.arrays import Many
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
    if session.get_bind().dialect.name == "postgresql":
        statement = _insert_of_arrays(model, tuple(rows[0]), tuple(same))
        return set(session.scalars(statement, arrays_of(rows) | dict(same)))
    insert = insert_into(session, model).on_conflict_do_nothing().returning(table_of(model).c.id)
    return set(session.scalars(insert, [{**same, **row} for row in rows]))


@lru_cache(maxsize=64)
def _insert_of_arrays(model: type[Base], names: tuple[str, ...], alike: tuple[str, ...]) -> ReturningInsert[Any]:
    table = table_of(model)
    values = (bindparam(name, type_=table.c[name].type) for name in alike)
    insert = postgresql.insert(table).from_select([*names, *alike], select(*rows_given(model, names).c, *values))
    return insert.on_conflict_do_nothing().returning(table.c.id)


def rows_given(model: type[Base], names: Iterable[str]) -> TableValuedAlias:
    """Rows of these columns of `model` as PostgreSQL's table of arrays, each a parameter: see `arrays_of`."""
    types = {name: table_of(model).c[name].type for name in names}
    arrays = (
        bindparam(f"each_{name}", type_=_Ids() if isinstance(kind, Uuid) else Many(kind))
        for name, kind in types.items()
    )
    columns = (column(name, kind) for name, kind in types.items())
    return func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


def arrays_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The parameters of `rows_given`."""
    return {f"each_{name}": [row[name] for row in rows] for name in rows[0]}


def is_among(
    session: Session, column: Column[Any] | InstrumentedAttribute[Any], values: Iterable[UUID | str]
) -> ColumnElement[bool]:
    """`column IN (values)` with all of them as one parameter: a thousand parameters take longer than the look-up."""
    listed = list(values)
    if isinstance(column.type, Uuid):
        return _among(column, literal(listed, _Ids()))
    if session.get_bind().dialect.name == "postgresql":
        return column == func.any(literal(listed, Many(column.type)))
    return column.in_(select(func.json_each(json.dumps(listed)).table_valued("value").c.value))


def is_given(column: Column[Any] | QueryableAttribute[Any], name: str = "given_ids") -> ColumnElement[bool]:
    """The same for ids that are `given` only when the statement is executed. It may then be made once, for either
    database: making a statement takes longer than asking it."""
    return _among(column, bindparam(name, type_=_Ids(), required=True))


def given(ids: Iterable[UUID], name: str = "given_ids") -> dict[str, list[UUID]]:
    """The parameter of `is_given`."""
    return {name: list(ids)}


class _among(FunctionElement[bool]):  # noqa: N801 - reads as the operator it is
    """Whether an id is one of many that are one parameter."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: object = None) -> Self:
        """As it is: SQLite, told to compare it with 1, would use no index."""
        del against
        return self


@compiles(_among)
def _among_on_sqlite(element: _among, compiler: Any, **kw: Any) -> str:
    one, ids = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({one} IN (SELECT value FROM json_each({ids})))"  # noqa: S608 - a column and a parameter


@compiles(_among, "postgresql")
def _among_on_postgresql(element: _among, compiler: Any, **kw: Any) -> str:
    one, ids = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({one} = ANY ({ids}))"


class _Ids(TypeDecorator[list[UUID]]):
    """Many ids as one text: the driver takes ten times as long to write an array of them. The database is told that it
    is an array: a cast in the statement would be done again for every row that it looks at."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The parameter's type, as the database sees it."""
        return dialect.type_descriptor(ARRAY(Uuid()) if dialect.name == "postgresql" else Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[list[UUID] | None], str]:
        """What PostgreSQL reads as an array, or JSON."""
        is_postgres = dialect.name == "postgresql"

        def process(ids: list[UUID] | None) -> str:
            texts = [one.hex for one in ids or ()]
            return "{" + ",".join(texts) + "}" if is_postgres else json.dumps(texts)

        return process


def table_of(model: type[Base]) -> Table:
    """The table itself: statements on it leave out the work that the ORM would do for each row."""
    table = model.__table__
    assert isinstance(table, Table)
    return table
