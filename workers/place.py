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


@lru_cache
def _opened_by(_process: int) -> Jubilee:
    configuration = settings()
    return Jubilee(
        db=Database(configuration.database), kinds=KINDS, channels=open_channels(configuration), settings=configuration
    )
