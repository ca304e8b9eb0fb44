"""For which moments a letter would come too late, for any number of them in one statement.

A letter has to be on its way so many working days of the customer's country before the day; the pairs of country and
zone are few, and the first day that can still be kept is worked out once for each.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import CTE, ColumnElement, Text, and_, false, func, literal, or_, tuple_

from engine.channel_terms import TERMS, Offered
from engine.dates.openings import posting_day
from engine.dates.zones import local_date

_ONE_DAY = timedelta(days=1)
# The first day that a letter posted now still keeps, and the pairs of country and zone for which it is that day.
Arrivals = tuple[tuple[date, tuple[tuple[str, str], ...]], ...]


def by_post(offered: Offered) -> bool:
    """Whether any of these channels is counted in days."""
    return any(TERMS[name].by_post for name in offered.names)


def arrivals(places: Iterable[tuple[str | None, str]], offered: Offered, *, now: datetime) -> Arrivals:
    """When letters posted now arrive in these countries and zones; nothing where no channel goes by post."""
    if not by_post(offered):
        return ()
    first: dict[date, list[tuple[str, str]]] = defaultdict(list)
    for country, zone in sorted({(country or "", zone) for country, zone in places}):
        first[first_arrival(local_date(now, zone), offered.lead_days, country or None)].append((country, zone))
    return tuple((on, tuple(pairs)) for on, pairs in sorted(first.items()))


def too_late_by_post(moments: CTE, first: Arrivals) -> ColumnElement[bool]:
    """Of each row of `moments` (send_on, country, zone) whether a letter posted today would arrive after its day."""
    country = func.coalesce(moments.c.country, literal("", Text))
    return or_(
        false(), *(and_(moments.c.send_on < on, tuple_(country, moments.c.zone).in_(pairs)) for on, pairs in first)
    )


@lru_cache(maxsize=4_096)
def first_arrival(posted_on: date, lead_days: int, country: str | None) -> date:
    """The first day that a letter posted on this day, a working day or not, still keeps."""
    on = posted_on
    while posting_day(on, lead_days, country) < posted_on:
        on += _ONE_DAY
    return on
