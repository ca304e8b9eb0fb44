"""Names as they are looked up: without capitals, in an order by which an index finds beginnings on both databases."""

from typing import Any

from sqlalchemy import ColumnElement, Text, and_, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.expression import FunctionElement

_LAST = "\U0010ffff"


class folded(FunctionElement[str]):  # noqa: N801 - reads as the SQL function it is
    """A name in small letters, compared letter by letter: the language of a database orders them otherwise."""

    inherit_cache = True
    type = Text()


def begins_with(name: InstrumentedAttribute[str | None], beginning: str) -> ColumnElement[bool]:
    """Whether a name begins so; an index answers it, as two comparisons and no pattern."""
    small = folded(literal(beginning, Text))  # by the database, as SQLite knows the small letters from a to z alone
    return and_(folded(name) >= small, folded(name) < small.concat(_LAST))


@compiles(folded)
def _on_sqlite(element: folded, compiler: Any, **kw: Any) -> str:
    return f"lower({compiler.process(element.clauses, **kw)})"


@compiles(folded, "postgresql")
def _on_postgresql(element: folded, compiler: Any, **kw: Any) -> str:
    return f'lower({compiler.process(element.clauses, **kw)}) COLLATE "C"'
