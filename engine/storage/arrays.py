"""PostgreSQL's arrays as one text each: the driver takes several times as long, as it writes value by value."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Dialect, Text, TypeDecorator, Uuid
from sqlalchemy.types import TypeEngine

from engine.storage.base import JsonValue, UtcDateTime

Way = Callable[[Any], str]


class Many(TypeDecorator[Sequence[Any]]):
    """Many values of one kind as a parameter, None among them, for PostgreSQL alone."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The parameter's type, as the database sees it."""
        return dialect.type_descriptor(ARRAY(self.kind))

    def bind_processor(self, dialect: Dialect) -> Callable[[Sequence[Any] | None], str | None]:
        """What PostgreSQL reads as an array of them."""
        way = _way(self.kind, dialect)

        def process(values: Sequence[Any] | None) -> str | None:
            if values is None:
                return None
            if isinstance(self.kind, UtcDateTime):  # few are of many rows, and to write one takes long
                known = {one: way(one) for one in {*values} if one is not None}
                return "{" + ",".join([known.get(one, "NULL") for one in values]) + "}"
            return "{" + ",".join(["NULL" if one is None else way(one) for one in values]) + "}"

        return process


def _way(kind: TypeEngine[Any], dialect: Dialect) -> Way:
    """How a value that is there is written: in quotes where it may hold what means something in an array."""
    if isinstance(kind, JsonValue):
        return lambda value: _quoted(json.dumps(value))
    if isinstance(kind, Uuid):
        return lambda value: value.hex
    if isinstance(kind, Text):
        return _quoted
    stored = kind.dialect_impl(dialect).bind_processor(dialect)
    return (lambda value: f'"{stored(value)}"') if stored else (lambda value: f'"{value}"')


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
