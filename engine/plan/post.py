"""For which moments a letter would come too late, for any number of them in one statement.

A letter has to be on its way so many working days of the customer's country before the day; the pairs of country and
zone are few, and the first day that can still be kept is worked out once for each.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import CTE, ColumnElement, Text, and_, false, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from engine.channel_terms import TERMS, Offered
from engine.dates.openings import posting_day
from engine.dates.zones import local_date

_ONE_DAY = timedelta(days=1)


def by_post(offered: Offered) -> bool:
    """Whether any of these channels is counted in days."""
    return any(TERMS[name].by_post for name in offered.names)


def too_late_by_post(session: Session, moments: CTE, offered: Offered, *, now: datetime) -> ColumnElement[bool]:
    """Of each row of `moments` (send_on, country, zone) whether a letter posted today would arrive after its day."""
    if not by_post(offered):
        return false()
    country = func.coalesce(moments.c.country, literal("", Text))
    first: dict[date, list[tuple[str, str]]] = defaultdict(list)
    for place, zone in session.execute(select(country, moments.c.zone).distinct()):
        first[first_arrival(local_date(now, zone), offered.lead_days, place or None)].append((place, zone))
    return or_(
        false(),
        *(and_(moments.c.send_on < on, tuple_(country, moments.c.zone).in_(pairs)) for on, pairs in first.items()),
    )


@lru_cache(maxsize=4_096)
def first_arrival(posted_on: date, lead_days: int, country: str | None) -> date:
    """The first day that a letter posted on this day, a working day or not, still keeps."""
    on = posted_on
    while posting_day(on, lead_days, country) < posted_on:
        on += _ONE_DAY
    return on
