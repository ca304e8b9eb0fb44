"""What the tasks of this process work on: its database, kinds and channels, opened once."""

import os
from functools import lru_cache

from engine.rounds import Jubilee
from engine.send.channels import open_channels
from engine.settings import settings
from engine.storage.schema import check_schema
from engine.storage.session import Database
from triggers.table import KINDS


def place() -> Jubilee:
    """The database and channels that the settings name. A forked child opens its own: connections are not shared.

    Asked for at the beginning of every task. Raises WrongSchema where the database was migrated meanwhile, or not yet.
    """
    opened = _opened_by(os.getpid())
    with opened.db.reading() as session:
        check_schema(session)
    return opened


def leave() -> None:
    """Close what this process opened, if it did. SQLite removes its log when the last connection is closed; where a
    task has one in its hands still, the log is emptied all the same."""
    if _opened_by.cache_info().currsize:
        place_of_this = _opened_by(os.getpid())
        _opened_by.cache_clear()
        place_of_this.db.empty_log()
        place_of_this.db.dispose()


@lru_cache
def _opened_by(_process: int) -> Jubilee:
    configuration = settings()
    return Jubilee(
        db=Database(configuration.database), kinds=KINDS, channels=open_channels(configuration), settings=configuration
    )
