"""SQLAlchemy's memory of compiled statements, which knows one that was made once by which object it is.

By itself it compares all that a statement is made of, at every asking: for one with all rules in it that takes longer
than PostgreSQL takes to answer a small one.
"""

from typing import Any

from sqlalchemy.util import LRUCache

# As many as SQLAlchemy keeps; and so many objects are known, as each keeps what its statement is made of alive.
_STATEMENTS, _OBJECTS = 500, 300


class CompiledStatements(LRUCache[Any, Any]):
    """For one engine or several. In a key the dialect comes first, then what the statement is made of: one and the same
    object for as long as the statement is there."""

    __slots__ = ("_by_object",)

    def __init__(self, capacity: int = _STATEMENTS) -> None:
        super().__init__(capacity)
        self._by_object: dict[tuple[Any, int], tuple[Any, Any]] = {}

    def get(self, key: Any, default: Any = None) -> Any:
        """What was compiled of it."""
        known = self._by_object.get((key[0], id(key[1])))  # no other lies there while this one is remembered
        if known is not None and known[0][2:] == key[2:]:
            return known[1]
        compiled = super().get(key)
        if compiled is None:
            return default
        self._remember(key, compiled)
        return compiled

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(key, compiled)
        self._remember(key, compiled)

    def _remember(self, key: Any, compiled: Any) -> None:
        """Those that are asked again and again are back at once, so that all of them may be forgotten."""
        if len(self._by_object) >= _OBJECTS:
            self._by_object = {}
        self._by_object[key[0], id(key[1])] = (key, compiled)
