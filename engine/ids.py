"""Keys that last: UUIDv7, so that rows sort by the time they were made and tables can be partitioned by id."""

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """A new UUIDv7 as a standard library UUID."""
    return uuid7()
