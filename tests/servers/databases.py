"""New databases for tests: the schema is migrated once in a run, and every test works on a copy of its own."""

import contextlib
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import make_url

from engine.storage.migrate import upgrade
from tests.servers.postgres import create_database, drop_database
from tests.servers.run import Run

POSTGRES_TEMPLATE = "jubilee_template"


@contextlib.contextmanager
def sqlite_url(run: Run, migrated: bool = True) -> Iterator[str]:
    """The URL of a SQLite file of its own, with the newest schema or not yet made; removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="sqlite-", dir=run.folder) as folder:
        file = Path(folder) / "jubilee.db"
        if migrated:
            shutil.copyfile(run.once("sqlite-template", lambda: _migrated_file(run)), file)
        yield f"sqlite:///{file}"


@contextlib.contextmanager
def postgres_url(run: Run, migrated: bool = True) -> Iterator[str]:
    """The URL of a PostgreSQL database of its own, with the newest schema or empty; dropped afterwards."""
    server = run.server("postgres")
    url = _named(server, f"test_{uuid.uuid4().hex}")
    if migrated:
        create_database(url, run.once("postgres-template", lambda: _migrated_template(server)))
    else:
        create_database(url)
    try:
        yield url
    finally:
        drop_database(url)


def _migrated_file(run: Run) -> str:
    file = run.folder / "template.db"
    upgrade(f"sqlite:///{file}")
    with contextlib.closing(sqlite3.connect(file)) as connection:  # what still lies in the log goes into the file
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return str(file)


def _migrated_template(server: str) -> str:
    url = _named(server, POSTGRES_TEMPLATE)
    create_database(url)
    upgrade(url)
    return POSTGRES_TEMPLATE


def _named(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)


NewUrl = Callable[..., AbstractContextManager[str]]
KINDS: dict[str, NewUrl] = {"sqlite": sqlite_url, "postgres": postgres_url}
