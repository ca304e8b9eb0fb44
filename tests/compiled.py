"""Keeps what SQLAlchemy has compiled for the whole life of a test process, as a worker's process does.

SQLAlchemy keeps compiled statements by engine. Every test has a database, and so engines, of its own; making the same
statements anew for each took a third of the suite's processor time. Which engine a statement was first made for does
not matter to it: engines of one kind here differ in their address alone, or make statements by a compiler of their own,
as those of backtests, and share nothing then. And a statement whose key leaves out something that changes it is found
sooner where it meets the statements of other tests.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect

from engine.storage import session
from engine.storage.compiled import CompiledStatements

MOST = 4_000


def keep_compiled() -> None:
    """Let all engines that are opened from now on share what is compiled. Once, when a process of the run begins."""
    kept = {"compiled_cache": CompiledStatements(MOST)}
    make: Callable[..., Engine] = session.create_engine

    def made(*arguments: Any, **options: Any) -> Engine:
        assert isinstance(options["execution_options"]["compiled_cache"], CompiledStatements)
        return make(*arguments, **(options | {"execution_options": kept}))

    session.create_engine = made  # type: ignore[assignment]
    # The key of a compiled statement names its dialect.
    DefaultDialect.__eq__ = _is_alike  # type: ignore[method-assign,assignment]
    DefaultDialect.__hash__ = _hash_of_kind  # type: ignore[method-assign,assignment]


def _is_alike(one: Dialect, other: object) -> bool:
    return isinstance(other, type(one)) and one.statement_compiler is other.statement_compiler


def _hash_of_kind(one: Dialect) -> int:
    return hash(type(one))
