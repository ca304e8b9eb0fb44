"""What a line of the timeline is made of: a source for each time that a table keeps, and what it says of a row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute, Session

# Whose lines are asked for. A statement is made once and asked with each customer's id: making it takes longer than
# the database takes to answer.
MINE = bindparam("customer", type_=Uuid())
ENDED = ("skipped", "expired", "cancelled")
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says. `detail` are somebody's own words, `source` is who or what knows it, `href` where it leads.

    `field` is what a change changed: several of one instant are said together.
    """

    what: str
    detail: str | None = None
    source: str | None = None
    href: str | None = None
    wrong: bool = False
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """`rows` are those of the customer MINE that a viewer of this role may see; `at` and `key` order them."""

    sort: str
    at: InstrumentedAttribute[Any]
    key: InstrumentedAttribute[UUID]
    rows: Callable[[str], Select[Any]]
    say: Callable[[Session, Any], Said]
    may_be_missing: bool = False


def chosen(*columns: Any) -> Select[Any]:
    """A select of these columns, whatever their types."""
    return select(*columns)


def short(text: str | None) -> str | None:
    """Somebody's own words, as far as a line has room for them."""
    if not text:
        return None
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} …"
