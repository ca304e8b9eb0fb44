"""Brings a database to the newest schema with Alembic, and says which revision it has."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.storage.session import open_engine

MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(url: str) -> None:
    """Run every migration that the database has not had yet."""
    command.upgrade(_config(url), "head")


def revision(url: str) -> str | None:
    """The revision the database has now, or None where it is empty."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def newest_revision() -> str | None:
    """The revision this code wants."""
    return ScriptDirectory.from_config(_config("")).get_current_head()


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config
