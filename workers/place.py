"""What the tasks of this process work on: its database, kinds and channels, opened once."""

import os
from functools import lru_cache

from engine.rounds import Jubilee
from engine.send.channels import open_channels
from engine.settings import settings
from engine.storage.session import Database
from triggers.table import KINDS


def place() -> Jubilee:
    """The database and channels that the settings name. A forked child opens its own: connections are not shared."""
    return _opened_by(os.getpid())


@lru_cache
def _opened_by(_process: int) -> Jubilee:
    configuration = settings()
    return Jubilee(
        db=Database(configuration.database), kinds=KINDS, channels=open_channels(configuration), settings=configuration
    )
