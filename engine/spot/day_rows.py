"""The rows of days and places that the statement about a dated trigger is handed (`date_rows.py`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CTE, BigInteger, Date, Text
from sqlalchemy.orm import Session

from engine.kinds import DateMatch
from engine.storage.base import UtcDateTime
from engine.storage.given import Columns, given

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class HomePlace:
    """Where customers live, as far as a calendar cares: the country is empty where no working-day shift asks for it."""

    zone: str
    country: str


@dataclass(frozen=True, slots=True)
class SendDay:
    """What a nominal date means at a place."""

    nominal_on: date
    place: HomePlace
    send_on: date
    expires_at: datetime


def rows_of_matches(session: Session, matches: Sequence[DateMatch]) -> CTE:
    """Each match, with what is reckoned from its day."""
    rows = [
        (
            match.nominal_on,
            match.nominal_on.year,
            match.month_day,
            match.year,
            match.key,
            match.number,
            match.nominal_on - (match.apart_days - 1) * _ONE_DAY,
            match.nominal_on + (match.apart_days - 1) * _ONE_DAY,
        )
        for match in matches
    ]
    whole = BigInteger()
    columns: Columns = {
        **{"nominal_on": Date(), "nominal_year": whole, "month_day": whole, "year": whole, "key": Text()},
        **{"number": whole, "apart_from": Date(), "apart_to": Date()},
    }
    return given(session, "due", columns, rows)


def rows_of_days(session: Session, days: Sequence[SendDay], spotted: Mapping[date, datetime] | None = None) -> CTE:
    """What the nominal dates mean at each place, and when they are spotted, where that is told."""
    rows: list[tuple[Any, ...]] = [
        (day.nominal_on, day.place.zone, day.place.country, day.send_on, day.expires_at) for day in days
    ]
    columns: Columns = {
        "nominal_on": Date(),
        "zone": Text(),
        "country": Text(),
        "send_on": Date(),
        "expires_at": UtcDateTime(),
    }
    if spotted is not None:
        rows = [(*row, spotted[row[0]]) for row in rows]
        columns = {**columns, "spotted_at": UtcDateTime()}
    return given(session, "sends", columns, rows)
