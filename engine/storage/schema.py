"""Whether the database has the schema that this code was written for. Asked before each task, so without Alembic: old
workers on a new schema, or new ones on an old, must refuse in words and not half-way through a hand-over.
"""

from functools import lru_cache
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from engine.errors import JubileeError

_VERSIONS = Path(__file__).with_name("migrations") / "versions"


class WrongSchema(JubileeError):
    """The database has another schema than this process was written for."""


@lru_cache
def wanted_revision() -> str:
    """The newest migration of this code. Their files begin with their number."""
    return max(file.name[:4] for file in _VERSIONS.glob("[0-9]*.py"))


def check_schema(session: Session) -> None:
    """Raises WrongSchema where code and database do not belong together."""
    there = inspect(session.connection()).has_table("alembic_version")
    found = session.scalar(text("SELECT version_num FROM alembic_version")) if there else None
    if found == wanted_revision():
        return
    if found is None or found < wanted_revision():
        advice = "run `jubilee migrate`"
    else:
        advice = "this process is an old one; start it anew from the new release"
    raise WrongSchema(
        f"the database is at schema {found or 'none'}, and this process was written for {wanted_revision()}: {advice}"
    )
