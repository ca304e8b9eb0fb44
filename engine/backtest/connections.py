"""The connections of a run: whatever it does there, the database keeps the stored tables as they are, and nobody else
has to wait for it.
"""

import sqlite3
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.pool import NullPool

from engine.storage.session import BUSY_TIMEOUT_MS, NOT_FOR_EVER, Database, open_engine

# For one connection; what does not fit goes to the database's temporary files.
_SETTINGS = {
    **{"temp_buffers": "160MB", "work_mem": "128MB"},
    # Most statements are asked again and again about a few rows, for which compiling them takes longer than they do.
    "jit": "off",
    # To know about how much there is, three thousand rows tell as much as thirty thousand, in a tenth of the time.
    "default_statistics_target": "10",
    # A part of a run that is done waits for the others, and holds nothing that anybody else waits for.
    "idle_in_transaction_session_timeout": "1h",
}
_MAIN = "main"
_CHANGES = frozenset((sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE))


def engine_for_a_run(db: Database, snapshot: str | None = None) -> Engine:
    """An engine that pools nothing; on PostgreSQL its transactions see the database as it was at this snapshot."""
    made = _sqlite(db.url) if db.is_sqlite else _postgresql(db.url, snapshot)
    made.dialect.statement_compiler = _without_locks(made.dialect.statement_compiler)
    return made


def _postgresql(url: str, snapshot: str | None) -> Engine:
    made = open_engine(
        url,
        poolclass=NullPool,
        isolation_level="REPEATABLE READ",
        connect_args={**NOT_FOR_EVER, "prepare_threshold": None},
    )

    @event.listens_for(made, "begin")
    def _begin(connection: Any) -> None:
        if snapshot is not None:
            connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        for name, size in _SETTINGS.items():
            connection.exec_driver_sql(f"SET LOCAL {name} = '{size}'")

    return made


def _sqlite(url: str) -> Engine:
    wait = BUSY_TIMEOUT_MS / 1000
    arguments = {"isolation_level": None, "timeout": wait, "cached_statements": 1_000}
    made = open_engine(url, poolclass=NullPool, connect_args=arguments)

    @event.listens_for(made, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.set_authorizer(_may)

    @event.listens_for(made, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return made


def _may(action: int, table: str | None, _column: str | None, database: str | None, _by: str | None) -> int:
    """SQLite asks it of every step of a statement before it runs. (Its own `json_each` is declared like a table.)"""
    forbidden = action in _CHANGES and database == _MAIN and table != "sqlite_master"
    return sqlite3.SQLITE_DENY if forbidden else sqlite3.SQLITE_OK


def _without_locks(compiler: Any) -> Any:
    """The engine locks what it is about to change; in a run nobody else is there, and live rows must stay free."""

    def for_update_clause(_self: Any, _select: Any, **_kw: Any) -> str:
        return ""

    return type("WithoutLocks", (compiler,), {"for_update_clause": for_update_clause})
