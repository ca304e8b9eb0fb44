"""Holds that come from what the customer allowed: consent, suppression, wishes, and a way to reach them."""

from sqlalchemy import ColumnElement, Subquery, and_, case, exists, func, or_, select

from engine.plan.candidates import POSTBOX, Judged
from engine.plan.sql import HoldRow, hold_row
from engine.storage.models import Consent, ContactPoint, Preference, Suppression
from engine.storage.models.consent import ANY


def consent_unknown(j: Judged) -> HoldRow:
    """No recorded legal basis is a hold for everything of class marketing (design section 8; cx-rules L7, L10)."""
    ruling = _ruling_consent(j)
    return (
        hold_row(j.c, "consent_unknown")
        .outerjoin(ruling, ruling.c.moment_id == j.c.c.moment_id)
        .where(_is_marketing(j), ruling.c.moment_id.is_(None))
    )


def consent_refused(j: Judged) -> HoldRow:
    """An objection is absolute (cx-rules L10), also for service: nobody is written to against their word."""
    ruling = _ruling_consent(j)
    return (
        hold_row(j.c, "consent_refused")
        .join(ruling, ruling.c.moment_id == j.c.c.moment_id)
        .where(ruling.c.state == "refused")
    )


def consent_expired(j: Judged) -> HoldRow:
    """Implied consent ends: two years after a purchase, six months after an inquiry (cx-rules L11)."""
    ruling = _ruling_consent(j)
    return (
        hold_row(j.c, "consent_expired", detail=ruling.c.basis)
        .join(ruling, ruling.c.moment_id == j.c.c.moment_id)
        .where(_is_marketing(j), ruling.c.state == "granted", ruling.c.expires_at <= j.now)
    )


def suppressed(j: Judged) -> HoldRow:
    """We must not write to this customer, or to one of their addresses, on this channel or any (design promise 4)."""
    c = j.c.c
    theirs = exists().where(
        ContactPoint.customer_id == c.customer_id,
        ContactPoint.address_hash == Suppression.address_hash,
        or_(Suppression.channel.is_(None), ContactPoint.channel == c.channel),
    )
    found = and_(
        Suppression.lifted_at.is_(None),
        or_(Suppression.channel.is_(None), Suppression.channel == c.channel),
        or_(Suppression.customer_id == c.customer_id, theirs),
    )
    reason = select(func.min(Suppression.reason)).where(found).correlate(j.c).scalar_subquery()
    return hold_row(j.c, "suppressed", detail=reason).where(exists().where(found))


def occasion_off(j: Judged) -> HoldRow:
    """The customer does not want to hear about this occasion (cx-rules M11)."""
    c = j.c.c
    return (
        hold_row(j.c, "occasion_off")
        .join(Preference, and_(Preference.customer_id == c.customer_id, Preference.occasion == c.occasion))
        .where(~Preference.wanted)
    )


def no_channel(j: Judged) -> HoldRow:
    """There is no address to reach them on the channel; the postbox needs none."""
    c = j.c.c
    reachable = exists().where(
        ContactPoint.customer_id == c.customer_id, ContactPoint.channel == c.channel, ContactPoint.usable
    )
    return hold_row(j.c, "no_channel", detail=c.channel).where(c.channel != POSTBOX, ~reachable)


def _is_marketing(j: Judged) -> ColumnElement[bool]:
    return j.c.c.version_id.in_(j.versions(legal_class="marketing"))


def _ruling_consent(j: Judged) -> Subquery:
    """The consent that decides: one in force before one that expired, then the more particular, occasion first."""
    c = j.c.c
    in_force = or_(Consent.state == "refused", Consent.expires_at.is_(None), Consent.expires_at > j.now)
    order = (
        case((in_force, 0), else_=1),
        case((Consent.occasion == ANY, 1), else_=0),
        case((Consent.channel == ANY, 1), else_=0),
    )
    ranked = select(
        c.moment_id,
        Consent.state,
        Consent.basis,
        Consent.expires_at,
        func.row_number().over(partition_by=c.moment_id, order_by=order).label("place"),
    ).join(
        Consent,
        and_(
            Consent.customer_id == c.customer_id,
            Consent.channel.in_((c.channel, ANY)),
            Consent.occasion.in_((c.occasion, ANY)),
        ),
    )
    found = ranked.subquery()
    return select(found).where(found.c.place == 1).subquery()
