"""What both databases can do and SQLAlchemy has no common word for: JSON read by type, exact text comparison."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Numeric, Text, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeEngine


class json_text(FunctionElement[Any]):  # noqa: N801 - reads as the SQL function it is
    """The text at a path of a JSON column; NULL where there is none, or something else than a text."""

    inherit_cache = True
    json_type = "string"
    type: TypeEngine[Any] = Text()

    def __init__(self, column: ColumnElement[Any] | QueryableAttribute[Any], *path: str) -> None:
        sqlite_path = "$" + "".join(f'."{part}"' for part in path)
        super().__init__(column, literal(sqlite_path), *(literal(part) for part in path))


class json_number(json_text):  # noqa: N801
    """The number at a path of a JSON column, else NULL."""

    inherit_cache = True
    json_type = "number"
    type: TypeEngine[Any] = Numeric(asdecimal=False)


class json_boolean(json_text):  # noqa: N801
    """True or false at a path of a JSON column, else NULL."""

    inherit_cache = True
    json_type = "boolean"
    type: TypeEngine[Any] = Boolean()


class json_exists(json_text):  # noqa: N801
    """Whether there is anything but null at a path of a JSON column."""

    inherit_cache = True
    json_type = "null"
    type: TypeEngine[Any] = Boolean()


class contains(FunctionElement[bool]):  # noqa: N801
    """Whether the second text occurs in the first, to the letter: LIKE would ignore case on SQLite."""

    inherit_cache = True
    type = Boolean()


class by_bytes(FunctionElement[str]):  # noqa: N801
    """A text ordered by its code points, as Python orders it and whatever the database's own language is."""

    inherit_cache = True
    type = Text()


_SQLITE_TYPES = {
    "string": "= 'text'",
    "number": "IN ('integer', 'real')",
    "boolean": "IN ('true', 'false')",
}


@compiles(json_text)
def _json_on_sqlite(element: json_text, compiler: Any, **kw: Any) -> str:
    column, path = (compiler.process(clause, **kw) for clause in list(element.clauses)[:2])
    if element.json_type == "null":
        return f"(coalesce(json_type({column}, {path}), 'null') <> 'null')"
    is_of_type = f"json_type({column}, {path}) {_SQLITE_TYPES[element.json_type]}"
    return f"(CASE WHEN {is_of_type} THEN json_extract({column}, {path}) END)"


@compiles(json_text, "postgresql")
def _json_on_postgresql(element: json_text, compiler: Any, **kw: Any) -> str:
    column, _, *path = (compiler.process(clause, **kw) for clause in element.clauses)
    found = f"jsonb_extract_path({column}, {', '.join(path)})"
    if element.json_type == "null":
        return f"(coalesce(jsonb_typeof({found}), 'null') <> 'null')"
    # CASE, because AND does not promise to look at the type before it casts.
    value = (
        f"({found} #>> '{{}}')"
        if element.json_type == "string"
        else f"({found})::{_POSTGRESQL_TYPES[element.json_type]}"
    )
    return f"(CASE WHEN jsonb_typeof({found}) = '{element.json_type}' THEN {value} END)"


_POSTGRESQL_TYPES = {"number": "numeric", "boolean": "boolean"}


@compiles(contains)
def _contains_on_sqlite(element: contains, compiler: Any, **kw: Any) -> str:
    whole, part = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(instr({whole}, {part}) > 0)"


@compiles(contains, "postgresql")
def _contains_on_postgresql(element: contains, compiler: Any, **kw: Any) -> str:
    whole, part = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(strpos({whole}, {part}) > 0)"


@compiles(by_bytes)
def _by_bytes_on_sqlite(element: by_bytes, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(next(iter(element.clauses)), **kw))


@compiles(by_bytes, "postgresql")
def _by_bytes_on_postgresql(element: by_bytes, compiler: Any, **kw: Any) -> str:
    return f'({compiler.process(next(iter(element.clauses)), **kw)} COLLATE "C")'
