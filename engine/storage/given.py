"""Rows that a statement joins with and that Python worked out, handed over as parameters.

A VALUES list would make each statement a new one, to be written, read and planned anew for every number of rows. So the
text stays the same: PostgreSQL is given an array for each column, SQLite one JSON document.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, CTE, Text, bindparam, cast, column, func, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from engine.storage.arrays import Many

Columns = Mapping[str, TypeEngine[Any]]


def given(session: Session, name: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> CTE:
    """These rows under this name; the columns in the order in which the rows have them."""
    if session.get_bind().dialect.name == "postgresql":
        arrays = [
            cast(bindparam(f"{name}_{at}", [row[at] for row in rows], Many(kind)), ARRAY(kind))
            for at, kind in enumerate(columns.values())
        ]
        table = func.unnest(*arrays).table_valued(*(column(one, kind) for one, kind in columns.items()), name="g")
        return select(*table.render_derived().c).cte(name)
    document = bindparam(f"{name}_0", _document(session, columns, rows), Text())
    each = func.json_each(document).table_valued("value").c.value
    # Read once, not again for every row that is compared with it.
    return (
        select(
            *(
                type_coerce(func.json_extract(each, f"$[{at}]"), kind).label(one)
                for at, (one, kind) in enumerate(columns.items())
            )
        )
        .cte(name)
        .prefix_with("MATERIALIZED")
    )


def given_again(session: Session, name: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """The parameters by which a statement that was given rows of this name is given others."""
    if session.get_bind().dialect.name == "postgresql":
        return {f"{name}_{at}": [row[at] for row in rows] for at in range(len(columns))}
    return {f"{name}_0": _document(session, columns, rows)}


def _document(session: Session, columns: Columns, rows: Sequence[Sequence[Any]]) -> str:
    """Every value as SQLite stores it."""
    dialect = session.get_bind().dialect
    stored = [kind.dialect_impl(dialect).bind_processor(dialect) for kind in columns.values()]
    return json.dumps([[way(one) if way else one for way, one in zip(stored, row, strict=True)] for row in rows])
