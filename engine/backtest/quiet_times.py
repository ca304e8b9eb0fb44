"""Whom a "not now" or a sensitive day of a run's time may have kept: they are looked at day by day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any

from sqlalchemy import Select, Text, func, or_, select

from engine.backtest.days import Stage
from engine.backtest.staging import Looks
from engine.calendar.keeping import marketing_versions
from engine.calendar.pauses import overlapping
from engine.calendar.scope import NotNow
from engine.conditions.tree import fields_of
from engine.storage.base import UtcDateTime
from engine.storage.given import Columns, given
from engine.storage.models import Customer, Moment, Pause

# Local days begin and end at most so far from those of UTC.
_FARTHEST = timedelta(hours=15)
_ONE_DAY = timedelta(days=1)
_TOUCHED: Columns = {
    **{"country": Text(), "family": Text(), "occasion": Text()},
    **{"since": UtcDateTime(), "until": UtcDateTime()},
}


def kept_by_days(stage: Stage, looks: Looks) -> Iterator[Select[Any]]:
    """The customers of staged moments that may meet one between the look that spots them and their expiry."""
    session = stage.run.session
    rows = {row.id: row for row in session.scalars(select(Pause))}
    for one in overlapping(session, looks.at[0], looks.end):
        ends = [at for at in (rows[one.id].ended_at, one.until) if at is not None]
        met = [Moment.expires_at > rows[one.id].began_at, *([Moment.check_at < min(ends)] if ends else [])]
        stops = one.stops(Moment.family, Moment.trigger_version_id, marketing_versions())
        query = select(Moment.customer_id).where(*met, stops)
        if not _moves(one):
            query = query.join(Customer, Customer.id == Moment.customer_id).where(one.meets())
        yield query.distinct()
    if touched := list(_stretches(stage, looks)):
        days = given(session, "sensitive_stretches", _TOUCHED, touched)
        yield (
            select(Moment.customer_id)
            .join(Customer, Customer.id == Moment.customer_id)
            .join(days, days.c.country == func.coalesce(Customer.country, ""))
            .where(
                days.c.family == Moment.family,
                or_(days.c.occasion == "", days.c.occasion == Moment.occasion),
                Moment.check_at < days.c.until,
                Moment.expires_at > days.c.since,
            )
            .distinct()
        )


def _stretches(stage: Stage, looks: Looks) -> Iterator[tuple[str, str, str, datetime, datetime]]:
    """Every sensitive day of the run that holds, wherever anybody lives."""
    rules = stage.offered.holding
    if not rules:
        return
    customers = stage.run.stored(Customer).c
    countries = stage.run.session.scalars(select(func.coalesce(customers.country, "")).distinct()).all()
    first, last = looks.at[0].date() - _ONE_DAY, looks.end.date() + _ONE_DAY
    for rule, country in product(rules, countries):
        for on in rule.dates(first, last, country or None):
            for family, occasion in rule.speaks_to:
                yield country, family, occasion, *_at_longest(on)


def _at_longest(on: date) -> tuple[datetime, datetime]:
    midnight = datetime.combine(on, time.min, UTC)
    return midnight - _FARTHEST, midnight + _ONE_DAY + _FARTHEST


def _moves(pause: NotNow) -> bool:
    """Whether who is in its segment may change with an event: then everybody may be in it."""
    return pause.segment is not None and any(field.startswith("total.") for field in fields_of(pause.segment))
