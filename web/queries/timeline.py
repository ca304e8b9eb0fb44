"""Everything that happened with one customer, newest first, in pages: as many statements for many years as for one.

Each source (web/queries/timeline_lines.py; all in timeline_sources.py) tells where its newest lines stand, by an index
on the customer: all of them in one statement. What stands there is then read, of the sources that the page shows. A
place is an instant, a source and a row, so that nothing is left out or shown twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, literal_column, or_, select, union_all
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from web.queries.timeline_lines import Said, Source
from web.queries.timeline_sources import SOURCES

PAGE = 25
# What can be asked for, in the order in which it is offered.
SORTS = {
    "": "Everything",
    "events": "What they did",
    "problems": "Problems",
    "messages": "Messages",
    "answers": "Answers and calls",
    "notes": "Notes",
    "wishes": "Consent and wishes",
    "record": "Their record",
    "holds": "Moments and holds",
}


@dataclass(frozen=True, slots=True)
class Place:
    """After which line to go on."""

    at: datetime
    rank: int
    key: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.rank}~{self.key}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """As a link of ours has it. Raises InvalidInput."""
        try:
            at, rank, key = text.split("~")
            instant = datetime.fromisoformat(at)
            if instant.tzinfo is None:
                raise ValueError("no zone")
            return cls(instant, int(rank), UUID(key))
        except ValueError:
            raise InvalidInput("There is no such place in what happened. Begin at the top again.") from None


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened, with the sort it belongs to. `times`: how often in a row the very same was said."""

    at: datetime
    sort: str
    said: Said
    times: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, newest first, and where it goes on; nowhere at the end."""

    lines: Sequence[Line]
    goes_on: Place | None


def timeline(
    session: Session, customer_id: UUID, *, viewer: str, sort: str = "", after: Place | None = None, size: int = PAGE
) -> Page:
    """One page of what happened. `viewer` is the role of who reads it. Raises InvalidInput for an unknown sort."""
    if sort not in SORTS:
        raise InvalidInput("There is no such sort of thing.")
    ranks = tuple(rank for rank, source in enumerate(SOURCES) if sort in ("", source.sort))
    asked: dict[str, object] = {"customer": customer_id}
    if after is not None:
        asked |= {"after_at": after.at, "after_key": after.key}
    places = [
        Place(*row) for row in session.execute(_places(ranks, viewer, after.rank if after else None, size), asked)
    ]
    shown = places[:size]
    rows = _rows_at(session, customer_id, viewer, shown)
    lines = (_line(session, place, rows) for place in shown if place in rows)
    return Page(_merged(lines), shown[-1] if len(places) > size else None)


@lru_cache(maxsize=1_000)
def _places(ranks: Sequence[int], viewer: str, after: int | None, size: int) -> Select[Any]:
    """Where the newest lines of all these sources stand, in one statement; where a page goes on, those after its place,
    which lies in the source `after`. Each source is asked for one page by its own index, and one place more.

    How many stands in the statement itself: a database that does not know it plans the statement each time anew."""
    most = literal_column(str(size + 1), Integer)
    each = [_places_of(r, viewer, None if after is None else (r > after) - (r < after)).limit(most) for r in ranks]
    either = union_all(*(select(one.subquery()) for one in each)).subquery()
    newest = (either.c.at.desc(), either.c.rank, either.c.key.desc())
    return select(either.c.at, either.c.rank, either.c.key).order_by(*newest).limit(most)


def _places_of(rank: int, viewer: str, beside: int | None) -> Select[Any]:
    """The newest places of a source: those after a place that lies in a source before this one (1), in this one (0) or
    in one behind it (-1)."""
    source = SOURCES[rank]
    query = source.rows(viewer).with_only_columns(
        source.at.label("at"), literal_column(str(rank), Integer).label("rank"), source.key.label("key")
    )
    if source.may_be_missing:
        query = query.where(source.at.is_not(None))
    if beside is not None:
        query = query.where(_later_in_the_list(source, beside))
    return query.order_by(source.at.desc(), source.key.desc())


def _rows_at(session: Session, customer_id: UUID, viewer: str, places: Sequence[Place]) -> Mapping[Place, Any]:
    """What stands at these places: one statement for each source that has any."""
    found: dict[Place, Any] = {}
    for rank, of_source in groupby(sorted(places, key=lambda place: place.rank), key=lambda place: place.rank):
        asked = {"customer": customer_id, "keys": [place.key for place in of_source]}
        found |= {Place(row.at, rank, row.key): row for row in session.execute(_rows_of(rank, viewer), asked)}
    return found


@lru_cache(maxsize=1_000)
def _rows_of(rank: int, viewer: str) -> Select[Any]:
    source = SOURCES[rank]
    of = source.rows(viewer).add_columns(source.at.label("at"), source.key.label("key"))
    return of.where(source.key.in_(bindparam("keys", expanding=True)))


def _line(session: Session, place: Place, rows: Mapping[Place, Any]) -> Line:
    source = SOURCES[place.rank]
    return Line(place.at, source.sort, source.say(session, rows[place]))


def _later_in_the_list(source: Source, beside: int) -> ColumnElement[bool]:
    at = bindparam("after_at", type_=source.at.type)
    if beside < 0:
        return source.at < at
    if beside > 0:
        return source.at <= at
    return or_(source.at < at, and_(source.at == at, source.key < bindparam("after_key", type_=source.key.type)))


def _merged(lines: Iterable[Line]) -> list[Line]:
    """Lines in a row that say the very same are one; so are the fields that one import changed in one instant."""
    merged: list[Line] = []
    for _, group in groupby(lines, key=_likeness):
        several = list(group)
        first = several[0]
        if first.said.field:
            fields = [line.said.field for line in several if line.said.field]
            said = first.said if len(fields) == 1 else replace(first.said, what="Recorded", detail=_listed(fields))
            merged.append(replace(first, said=said))
        else:
            merged.append(replace(first, times=len(several)))
    return merged


def _likeness(line: Line) -> object:
    if line.said.field:
        return line.at, line.sort, line.said.source
    return line.sort, line.said


def _listed(fields: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(fields))
