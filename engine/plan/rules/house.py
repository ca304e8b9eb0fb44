"""Holds that come from what the company says about days: a "not now" for many at once, and sensitive days."""

from sqlalchemy import Text, and_, func, literal, or_

from engine.plan.candidates import Judged
from engine.plan.sql import HoldRow, hold_row
from engine.storage.base import UtcDateTime
from engine.storage.models import Customer


def pause(j: Judged) -> list[HoldRow]:
    """Somebody said "not now", for everybody or for some, and did not take it back (engine/calendar/pauses.py)."""
    c, marketing = j.c.c, j.versions(legal_class="marketing")
    return [
        hold_row(
            j.c,
            "pause",
            detail=literal(one.reason, Text),
            since=literal(one.until, UtcDateTime) if one.until is not None else None,
        )
        .join(Customer, Customer.id == c.customer_id)
        .where(one.stops(c.family, c.version_id, marketing), one.meets())
        for one in j.circumstances.pauses
    ]


def sensitive_day(j: Judged) -> list[HoldRow]:
    """It is a day where the customer lives on which this would hurt: until it is over there."""
    days, c = j.sensitive, j.c.c
    if days is None:
        return []
    theirs = and_(
        days.c.zone == c.zone,
        days.c.country == func.coalesce(c.country, ""),
        days.c.family == c.family,
        or_(days.c.occasion == "", days.c.occasion == c.occasion),
    )
    return [hold_row(j.c, "sensitive_day", detail=days.c.name, since=days.c.over_at).join(days, theirs)]
