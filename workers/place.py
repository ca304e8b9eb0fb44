"""What the tasks of this process work on: its database, kinds and channels, opened once."""

from functools import lru_cache

from engine.rounds import Jubilee
from engine.send.channels import open_channels
from engine.settings import settings
from engine.storage.session import Database
from triggers.table import KINDS


@lru_cache
def place() -> Jubilee:
    """Open the database and channels that the settings name."""
    configuration = settings()
    return Jubilee(
        db=Database(configuration.database), kinds=KINDS, channels=open_channels(configuration), settings=configuration
    )
