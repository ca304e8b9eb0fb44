"""Looking back must not hang the desk: a statement that takes longer than a few seconds is given up, and said so."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.errors import JubileeError

SECONDS = 8.0
_STEPS = 20_000


class TakesTooLong(JubileeError):
    """That is more than can be counted while somebody waits. Look at fewer days, or at one trigger alone."""


@contextmanager
def bounded(session: Session, *, seconds: float = SECONDS) -> Iterator[Session]:
    """Each statement inside may take so long. Raises TakesTooLong, after which the session can only be left."""
    is_postgres = session.get_bind().dialect.name == "postgresql"
    if is_postgres:
        session.execute(text(f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}"))
    else:
        over_at = monotonic() + seconds
        _watch(session, lambda: monotonic() > over_at)
    try:
        yield session
    except DBAPIError as error:
        if type(error.orig).__name__ == "QueryCanceled" or "interrupted" in str(error.orig):
            raise TakesTooLong from error
        raise
    finally:
        if not is_postgres:
            _watch(session, None)


def _watch(session: Session, is_over: Any) -> None:
    """SQLite asks every so many steps whether to go on; a true answer ends the statement."""
    raw: Any = session.connection().connection.driver_connection
    raw.set_progress_handler(is_over, _STEPS)
