"""Databases and their sessions. Writing sessions on SQLite take the write lock when they begin, reading ones do not.

SQLite's default transactions lost updates silently in our trials; BEGIN IMMEDIATE lost none. With it on every session a
page had to wait for an import, hence two engines over one file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MS = 30_000
IMPORT_ROWS_PER_COMMIT = 1_000
# A server that is gone without a word is noticed: connecting is given up after seconds, a connection that nothing comes
# back on after half a minute or so. How long a statement may take is another matter, and not limited here.
NOT_FOR_EVER = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    # A process that is stopped inside a transaction, with locks in its hands, is sent away by the server.
    "options": "-c idle_in_transaction_session_timeout=120000",
}


class Database:
    """One database, opened by URL: `sqlite:///path/to/file` or `postgresql+psycopg://...`."""

    def __init__(self, url: str) -> None:
        self.url = url
        if self.is_sqlite:
            self._writer = _sqlite_engine(url, "BEGIN IMMEDIATE")
            self._durable = _sqlite_engine(url, "BEGIN IMMEDIATE", synchronous="FULL")
            self._reader = _sqlite_engine(url, "BEGIN")
        else:
            self._writer = self._durable = self._reader = create_engine(
                url, pool_size=5, max_overflow=15, pool_pre_ping=True, connect_args=NOT_FOR_EVER
            )

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the one-machine database."""
        return make_url(self.url).get_backend_name() == "sqlite"

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises. A `durable` commit, and all before
        it, survive a power cut on SQLite too, which otherwise may lose the last few."""
        with Session(self._durable if durable else self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for pages and look-ups; whatever it changed is rolled back."""
        with Session(self._reader, expire_on_commit=False) as session:
            yield session
            session.rollback()

    def dispose(self) -> None:
        """Close pooled connections; after a fork, do so in the child before its first query."""
        self._writer.dispose()
        self._durable.dispose()
        self._reader.dispose()


def _sqlite_engine(url: str, begin: str, synchronous: str = "NORMAL") -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
