"""Holds that come from the customer as a person: who they are, what they live through, whether they are with us."""

from sqlalchemy import and_, func, or_, select

from engine.plan.candidates import Judged
from engine.plan.sql import NOW, HoldRow, hold_row
from engine.storage.models import Note


def deceased(j: Judged) -> HoldRow:
    """Hard suppression on all channels (cx-rules L17)."""
    return hold_row(j.c, "deceased").where(j.c.c.deceased)


def closed(j: Judged) -> HoldRow:
    """The customer left (design section 1: `closed` ends celebrations for good); nothing calls them back."""
    return hold_row(j.c, "closed").where(j.c.c.closed)


def erased(j: Judged) -> HoldRow:
    """Erasing a customer stops what is on its way (design section 8)."""
    return hold_row(j.c, "erased").where(j.c.c.erased_at.is_not(None))


def minor(j: Judged) -> HoldRow:
    """No celebration, which is marketing, to children (cx-rules L16)."""
    return hold_row(j.c, "minor").where(j.c.c.minor, j.c.c.family == "celebrate")


def life_event(j: Judged) -> HoldRow:
    """Someone at the front line noted a life event, and celebrations would hurt (design section 8)."""
    return _noted(j, "life_event").where(j.c.c.family == "celebrate")


def not_now(j: Judged) -> HoldRow:
    """The customer asked to be left alone for a while, whatever it is that we would say (design section 8)."""
    return _noted(j, "not_now")


def relationship_quiet(j: Judged) -> list[HoldRow]:
    """Tenure occasions hold where the customer did nothing in the last 12 months (design section 4).

    What they did on the very day twelve months before the nominal day does not count: the first order of a customer who
    bought once lies exactly there on its first anniversary.
    """
    active_from = j.active_from
    if active_from is None:
        return []
    c = j.c.c
    held = (
        hold_row(j.c, "relationship_quiet")
        .join(active_from, and_(active_from.c.zone == c.zone, active_from.c.nominal_on == c.nominal_on))
        .where(
            c.version_id.in_(j.versions(holds_quiet_relationship=True)),
            or_(c.last_active_at.is_(None), c.last_active_at < active_from.c.from_at),
        )
    )
    return [held]


def _noted(j: Judged, kind: str) -> HoldRow:
    """A note in force: neither expired nor withdrawn. One without an end outlasts all others."""
    unexpired = or_(Note.expires_at.is_(None), Note.expires_at > NOW)
    noted = (
        select(Note.customer_id, func.max(Note.expires_at).label("until"))
        .where(
            Note.customer_id.in_(select(j.c.c.customer_id)), Note.kind == kind, Note.withdrawn_at.is_(None), unexpired
        )
        .group_by(Note.customer_id)
        .subquery(f"noted_{kind}")
    )
    return hold_row(j.c, kind, since=noted.c.until).join(noted, noted.c.customer_id == j.c.c.customer_id)
