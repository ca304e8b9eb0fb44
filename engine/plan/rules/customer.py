"""Holds that come from the customer as a person: who they are, what they live through, whether they are with us."""

from sqlalchemy import CTE, Date, Text, and_, column, func, or_, select, values
from sqlalchemy.orm import Session

from engine.dates.anniversaries import month_anniversary
from engine.dates.zones import day_bounds
from engine.plan.candidates import Judged
from engine.plan.sql import HoldRow, hold_row
from engine.storage.base import UtcDateTime
from engine.storage.models import Customer, Note

QUIET_MONTHS = 12


def deceased(j: Judged) -> HoldRow:
    """Hard suppression on all channels (cx-rules L17)."""
    return hold_row(j.c, "deceased").join(Customer, Customer.id == j.c.c.customer_id).where(Customer.deceased)


def closed(j: Judged) -> HoldRow:
    """The customer left (design section 1: `closed` ends celebrations for good); nothing calls them back."""
    return hold_row(j.c, "closed").join(Customer, Customer.id == j.c.c.customer_id).where(Customer.closed)


def erased(j: Judged) -> HoldRow:
    """Erasing a customer stops what is on its way (design section 8)."""
    return (
        hold_row(j.c, "erased").join(Customer, Customer.id == j.c.c.customer_id).where(Customer.erased_at.is_not(None))
    )


def minor(j: Judged) -> HoldRow:
    """No celebration, which is marketing, to children (cx-rules L16)."""
    return (
        hold_row(j.c, "minor")
        .join(Customer, Customer.id == j.c.c.customer_id)
        .where(Customer.minor, j.c.c.family == "celebrate")
    )


def life_event(j: Judged) -> HoldRow:
    """Someone at the front line noted a life event, and celebrations would hurt (design section 8)."""
    return _noted(j, "life_event").where(j.c.c.family == "celebrate")


def not_now(j: Judged) -> HoldRow:
    """The customer asked to be left alone for a while, whatever it is that we would say (design section 8)."""
    return _noted(j, "not_now")


def relationship_quiet(j: Judged, session: Session) -> HoldRow | None:
    """Tenure occasions hold where the customer did nothing in the last 12 months (design section 4).

    What they did on the very day twelve months before the nominal day does not count: the first order of a customer who
    bought once lies exactly there on its first anniversary.
    """
    versions = j.versions(holds_quiet_relationship=True)
    active_from = _active_from(j, session) if versions else None
    if active_from is None:
        return None
    c = j.c.c
    return (
        hold_row(j.c, "relationship_quiet")
        .join(Customer, Customer.id == c.customer_id)
        .join(active_from, and_(active_from.c.zone == Customer.zone, active_from.c.nominal_on == c.nominal_on))
        .where(
            c.version_id.in_(versions),
            or_(Customer.last_active_at.is_(None), Customer.last_active_at < active_from.c.from_at),
        )
    )


def _noted(j: Judged, kind: str) -> HoldRow:
    unexpired = or_(Note.expires_at.is_(None), Note.expires_at > j.now)
    noted = (
        select(Note.customer_id, func.max(Note.expires_at).label("until"))
        .where(Note.customer_id.in_(select(j.c.c.customer_id)), Note.kind == kind, unexpired)
        .group_by(Note.customer_id)
        .subquery(f"noted_{kind}")
    )
    return hold_row(j.c, kind, since=noted.c.until).join(noted, noted.c.customer_id == j.c.c.customer_id)


def _active_from(j: Judged, session: Session) -> CTE | None:
    """From when on something done counts, once for each zone and nominal day: few, and joined."""
    pairs = session.execute(
        select(Customer.zone, j.c.c.nominal_on).join(Customer, Customer.id == j.c.c.customer_id).distinct()
    ).all()
    if not pairs:
        return None
    rows = [(zone, on, day_bounds(month_anniversary(on, -QUIET_MONTHS), zone)[1]) for zone, on in pairs]
    table = values(column("zone", Text), column("nominal_on", Date), column("from_at", UtcDateTime), name="active_from")
    return table.data(rows).cte("active_from")
