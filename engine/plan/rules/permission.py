"""Holds that come from what the customer allowed: consent, suppression, wishes, and a way to reach them."""

from sqlalchemy import and_, case, exists, not_, or_
from sqlalchemy.orm import aliased

from engine.channel_terms import TERMS
from engine.plan.candidates import Judged
from engine.plan.channels import told_of_consent
from engine.plan.sql import HoldRow, hold_row
from engine.storage.models import ContactPoint, Preference, Suppression
from engine.storage.models.consent import ANY


def consent(j: Judged) -> HoldRow:
    """Unknown: no recorded legal basis is a hold for everything of class marketing (design section 8; cx-rules L7).

    Refused: an objection is absolute (L10), also for service: nobody is written to against their word. Expired: implied
    consent ends, two years after a purchase and six months after an inquiry (L11).
    """
    c = j.c.c
    granted, in_force, basis = told_of_consent(c.consent)
    is_marketing = c.version_id.in_(j.versions(legal_class="marketing"))
    name = case(
        (not_(granted), "consent_refused"),
        (and_(is_marketing, c.consent.is_(None)), "consent_unknown"),
        (and_(is_marketing, not_(in_force)), "consent_expired"),
        else_=None,
    )
    return hold_row(j.c, name, detail=basis).where(name.is_not(None))


def suppressed(j: Judged) -> list[HoldRow]:
    """We must not write to this customer, or to one of their addresses, on this channel or any (design promise 4)."""
    c = j.c.c
    here = or_(Suppression.channel.is_(None), Suppression.channel == c.channel)
    row = hold_row(j.c, "suppressed", detail=Suppression.reason)
    their_address = and_(
        ContactPoint.customer_id == c.customer_id,
        or_(Suppression.channel.is_(None), ContactPoint.channel == c.channel),
    )
    by_hash = Suppression.address_hash == ContactPoint.address_hash
    return [
        row.join(Suppression, Suppression.customer_id == c.customer_id).where(Suppression.lifted_at.is_(None), here),
        row.join(ContactPoint, ContactPoint.customer_id == c.customer_id)
        .join(Suppression, by_hash)
        .where(Suppression.lifted_at.is_(None), here, their_address),
    ]


def occasion_off(j: Judged) -> HoldRow:
    """The customer does not want to hear about this occasion (cx-rules M11), or left everything of class marketing (the
    wish for `*`) and did not come back to this occasion."""
    c = j.c.c
    own, general = aliased(Preference), aliased(Preference)
    is_marketing = c.version_id.in_(j.versions(legal_class="marketing"))
    left = and_(own.wanted.is_(None), general.wanted.is_(False), is_marketing)
    return (
        hold_row(j.c, "occasion_off")
        .outerjoin(own, and_(own.customer_id == c.customer_id, own.occasion == c.occasion))
        .outerjoin(general, and_(general.customer_id == c.customer_id, general.occasion == ANY))
        .where(or_(own.wanted.is_(False), left))
    )


def no_channel(j: Judged) -> HoldRow:
    """There is no address to reach them on the channel, and it needs one."""
    c = j.c.c
    reachable = exists().where(
        ContactPoint.customer_id == c.customer_id, ContactPoint.channel == c.channel, ContactPoint.usable
    )
    addressed = [name for name, terms in TERMS.items() if terms.addressed]
    return hold_row(j.c, "no_channel", detail=c.channel).where(c.channel.in_(addressed), ~reachable)
