"""Databases and their sessions. Writing sessions on SQLite take the write lock when they begin, reading ones do not.

SQLite's default transactions lost updates silently in our trials; BEGIN IMMEDIATE lost none. With it on every session a
page had to wait for an import, hence two engines over one file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.orm import Session

from engine.private import own_file, own_folder
from engine.storage.compiled import CompiledStatements

BUSY_TIMEOUT_MS = 30_000
# Whoever empties the log keeps others from writing while somebody still reads: not for as long as they would wait.
EMPTYING_TIMEOUT_MS = 5_000
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
            # The driver forgets what the server has prepared at every rollback, and reading ends with one: so that
            # batches find their statements planned, what writes has connections of its own.
            self._writer = self._durable = _postgres_engine(url)
            self._reader = _postgres_engine(url)

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

    def empty_log(self) -> bool:
        """Write SQLite's log into its file and leave nothing in it: until then it holds what was deleted. False where
        somebody who reads was in the way. PostgreSQL's log is the server's."""
        if not self.is_sqlite:
            return True
        connection = self._writer.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={EMPTYING_TIMEOUT_MS}")
            (busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        finally:
            connection.invalidate()  # its patience is not that of the others

    def dispose(self) -> None:
        """Close pooled connections; after a fork, do so in the child before its first query."""
        self._writer.dispose()
        self._durable.dispose()
        self._reader.dispose()


def past_the_orm(session: Session) -> Connection:
    """The session's connection, for small statements that are asked of every batch and that read columns: what the ORM
    adds to one of them takes as long as asking it. Asked for a model, it answers rows of its columns. What waits in the
    session is written first, as the ORM would."""
    session.flush()
    return session.connection()


def open_engine(url: str, **options: Any) -> Engine:
    """An engine whose errors tell no values: they end up in logs, and what is stored is about people."""
    kept = {"compiled_cache": CompiledStatements()}
    engine = create_engine(url, hide_parameters=True, execution_options=kept, **options)
    event.listen(engine, "handle_error", _leave_out_details)
    return engine


def _leave_out_details(context: ExceptionContext) -> None:
    """PostgreSQL adds the row or key that was refused; its first sentence names the constraint, which is enough."""
    error, told = context.original_exception, context.sqlalchemy_exception
    said = getattr(getattr(error, "diag", None), "message_primary", None)
    if said is not None:
        error.args = (said,)
        if told is not None:
            told.args = (f"({type(error).__module__}.{type(error).__name__}) {said}",)


def _postgres_engine(url: str) -> Engine:
    _remember_long_statements()
    return open_engine(url, pool_size=5, max_overflow=15, pool_pre_ping=True, connect_args=NOT_FOR_EVER)


def _remember_long_statements() -> None:
    """The driver reads a statement for its parameters each time it is asked, and remembers what it has read of short
    ones only: those of the rules have thirty thousand letters, and to read them took an eighth of Python's time."""
    from psycopg import _queries  # where there is SQLite alone, the driver is not loaded

    _queries.MAX_CACHED_STATEMENT_LENGTH = 65_536
    _queries.MAX_CACHED_STATEMENT_PARAMS = 1_000


def _sqlite_engine(url: str, begin: str, synchronous: str = "NORMAL") -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        own_folder(Path(path).parent)
        own_file(Path(path))
    engine = open_engine(url, connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",  # what was erased is overwritten; some builds of SQLite do so by themselves, others not
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
