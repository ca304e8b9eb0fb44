"""Whom and what a "not now" touches, as a value, and as a condition over customers and messages."""

import re
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, and_, literal, or_

from engine.calendar.countries import country_code
from engine.conditions import Condition, to_sql
from engine.conditions.countries import wrong_countries
from engine.conditions.sql import home_in
from engine.conditions.tree import fields_of, write_condition
from engine.dates.text_law import is_region
from engine.dates.zones import UnknownZone, zone
from engine.errors import InvalidInput
from engine.storage.models import Customer

# Celebrations, whatever else is of class marketing, and the two families that speak of a customer's own problem.
Sort = Literal["celebrate", "marketing", "reassure", "recover"]
SORTS: tuple[Sort, ...] = get_args(Sort)
BY_DEFAULT: tuple[Sort, ...] = ("celebrate", "marketing")
_COUNTRY, _REGION = re.compile(r"[A-Z]{2}"), re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
MOST_PLACES = 100


class WrongPlace(InvalidInput):
    """What was written as a place is none."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """One "not now". Without `places` and `segment` it is for everybody; with both, for who is in both.

    A place is a country (`DE`), a subdivision of one (`US-TX`) or a time zone (`Europe/Madrid`).
    """

    id: uuid.UUID
    reason: str
    touches: tuple[str, ...]
    places: tuple[str, ...] = ()
    segment: Condition | None = None
    until: datetime | None = None

    @property
    def is_for_everybody(self) -> bool:
        """Whether nothing needs to be known of a customer."""
        return not self.places and self.segment is None

    def meets(self) -> ColumnElement[bool]:
        """Whether a row of `customers` is meant."""
        parts: list[ColumnElement[bool]] = [lives_in(self.places)] if self.places else []
        parts += [to_sql(self.segment)] if self.segment is not None else []
        return and_(*parts) if parts else literal(1) == literal(1)

    def stops(
        self, family: Any, version_id: Any, marketing: Collection[uuid.UUID] | Select[uuid.UUID]
    ) -> ColumnElement[bool]:
        """Whether a message of this family and trigger version waits; `marketing` are the versions of that class."""
        families = [sort for sort in self.touches if sort != "marketing"]
        parts: list[ColumnElement[bool]] = [family.in_(families)] if families else []
        if "marketing" in self.touches:  # of celebrations the one is said by the other
            parts.append(and_(family != "celebrate", version_id.in_(marketing)))
        return or_(*parts)


def lives_in(places: Sequence[str]) -> ColumnElement[bool]:
    """Whether a customer lives in one of these."""
    named = [place for place in places if _COUNTRY.fullmatch(place) or _REGION.fullmatch(place)]
    zones = [place for place in places if place not in named]
    parts = [home_in(place) for place in named]
    parts += [Customer.zone.in_(zones)] if zones else []
    return or_(*parts)


def checked_places(words: Iterable[str]) -> tuple[str, ...]:
    """These places as they are stored, each once. Raises InvalidInput for what is none."""
    found: dict[str, None] = {}
    for word in words:
        if place := word.strip():
            found[_place(place)] = None
    if len(found) > MOST_PLACES:
        raise WrongPlace(f"{len(found)} places are too many to name: {MOST_PLACES} at most.")
    return tuple(sorted(found))


def checked_segment(segment: Condition | None) -> Condition | None:
    """The same; a segment is about customers. Raises InvalidInput where it asks about a moment, or for no country."""
    if segment is not None and any(field.startswith("moment.") for field in fields_of(segment)):
        raise InvalidInput("A segment is about customers: it cannot ask about a single moment.")
    if segment is not None and (wrong := next(wrong_countries(write_condition(segment)), None)):
        raise InvalidInput(f"{wrong[1]}.")
    return segment


def checked_touches(touches: Iterable[str]) -> tuple[str, ...]:
    """The sorts in their order. Raises InvalidInput where there is none, or one that there is not."""
    wanted = set(touches)
    if not wanted or wanted - set(SORTS):
        raise InvalidInput(f"Choose what is to wait: {', '.join(SORTS)}.")
    return tuple(sort for sort in SORTS if sort in wanted)


def _place(word: str) -> str:
    if code := country_code(word):
        return code
    country, _, part = word.upper().partition("-")
    if _REGION.fullmatch(word.upper()) and country_code(country) == country and is_region(country, part):
        return word.upper()
    try:
        return zone(word).key
    except UnknownZone:
        raise WrongPlace(
            f"“{word}” is no place: write a country (Germany or DE), a part of one (US-TX) "
            "or a time zone (Europe/Madrid)."
        ) from None
