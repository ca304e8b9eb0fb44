"""How many seconds lie between two instants, inside a statement, on both databases."""

from typing import Any

from sqlalchemy import ColumnElement, Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.sql.expression import FunctionElement

At = ColumnElement[Any] | QueryableAttribute[Any]


class seconds_between(FunctionElement[float]):  # noqa: N801 - reads as the SQL function it is
    """From the first instant to the second; negative where the second was earlier."""

    inherit_cache = True
    type = Float()

    def __init__(self, begin: At, end: At) -> None:
        super().__init__(begin, end)


@compiles(seconds_between)
def _on_sqlite(element: seconds_between, compiler: Any, **kw: Any) -> str:
    begin, end = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"((julianday({end}) - julianday({begin})) * 86400.0)"


@compiles(seconds_between, "postgresql")
def _on_postgresql(element: seconds_between, compiler: Any, **kw: Any) -> str:
    begin, end = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"CAST(EXTRACT(EPOCH FROM ({end} - {begin})) AS DOUBLE PRECISION)"
