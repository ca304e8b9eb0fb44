"""What counts for one customer now, as their page shows it: occasions, channels, quiet hours, and whether nothing goes.

No address is read into it: whoever holds a link to the page learns no more than a first name and these choices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine.channel_terms import TERMS, Offered
from engine.record.wishes import ASKED, occasions, refused_channels
from engine.settings import split
from engine.storage.models import Consent, ContactPoint, Customer, Preference, Suppression
from engine.storage.models.consent import ANY
from web.customer_words import known_channels

NOT_THIS_WAY = "no"
NOT_ASKED_FOR = "0"


@dataclass(frozen=True, slots=True)
class OccasionWish:
    """`wanted` is what counts, `said` what the customer said themselves."""

    name: str
    title: str
    marketing: bool
    wanted: bool
    said: bool | None


@dataclass(frozen=True, slots=True)
class ChannelWish:
    """`rank` is its place in the order, from 1; 0: not used. `refused`: they asked us not to use it."""

    name: str
    rank: int
    refused: bool

    @property
    def unused_as(self) -> str:
        """What the form says of it where it has no rank: a channel that nobody asked for is not a refused one."""
        return NOT_THIS_WAY if self.rank or self.refused else NOT_ASKED_FOR


@dataclass(frozen=True, slots=True)
class Standing:
    """One customer's page. `anything_new`: whether occasions they never spoke of may come, if they are marketing."""

    first_name: str
    locale: str
    zone: str
    occasions: Sequence[OccasionWish]
    anything_new: bool
    channels: Sequence[ChannelWish]
    quiet_from: time | None
    quiet_until: time | None
    nothing: bool
    blocked: bool

    @property
    def order(self) -> list[str]:
        """The channels in use, the first first."""
        return [one.name for one in sorted(self.channels, key=lambda one: one.rank) if one.rank]


def standing_of(session: Session, customer: Customer, offered: Offered) -> Standing:
    """What counts for this customer now."""
    said = dict(
        session.execute(
            select(Preference.occasion, Preference.wanted).where(Preference.customer_id == customer.id)
        ).all()
    )
    anything_new = said.get(ANY, True)
    stops = session.execute(
        select(Suppression.channel, Suppression.reason).where(
            Suppression.customer_id == customer.id, Suppression.lifted_at.is_(None)
        )
    ).all()
    everywhere = {reason for channel, reason in stops if channel is None}
    return Standing(
        first_name=customer.first_name or "",
        locale=customer.locale,
        zone=customer.zone,
        occasions=[
            OccasionWish(
                one.name,
                one.title,
                one.marketing,
                said.get(one.name, anything_new or not one.marketing),
                said.get(one.name),
            )
            for one in occasions(session)
        ],
        anything_new=anything_new,
        channels=_channels(session, customer, offered),
        quiet_from=customer.quiet_from,
        quiet_until=customer.quiet_until,
        nothing=ASKED in everywhere,
        blocked=bool(everywhere - {ASKED}) or _refused_everything(session, customer.id),
    )


def _channels(session: Session, customer: Customer, offered: Offered) -> list[ChannelWish]:
    """Those that are offered here, reach this customer, and mean something to them; their own order first."""
    reachable = _reachable(session, customer.id)
    names = [
        name for name in offered.names if name in known_channels() and (name in reachable or not TERMS[name].addressed)
    ]
    refused = refused_channels(session, customer.id)
    own = split(customer.channel_order or customer.preferred_channel or "")
    in_use = [name for name in dict.fromkeys((*own, *offered.order)) if name in names and name not in refused]
    ranks = {name: place for place, name in enumerate(in_use, 1)}
    return [ChannelWish(name, ranks.get(name, 0), name in refused) for name in names]


def _reachable(session: Session, customer_id: UUID) -> set[str]:
    """The channels with a usable address that nothing but the customer's own page keeps us from using."""
    stopped = select(Suppression.id).where(
        Suppression.lifted_at.is_(None),
        Suppression.reason != ASKED,
        or_(Suppression.channel.is_(None), Suppression.channel == ContactPoint.channel),
        or_(
            and_(Suppression.customer_id == customer_id, Suppression.channel.is_not(None)),
            Suppression.address_hash == ContactPoint.address_hash,
        ),
    )
    return set(
        session.scalars(
            select(ContactPoint.channel).where(
                ContactPoint.customer_id == customer_id, ContactPoint.usable, ~stopped.exists()
            )
        )
    )


def _refused_everything(session: Session, customer_id: UUID) -> bool:
    refusal = select(Consent.state).where(
        Consent.customer_id == customer_id,
        Consent.channel == ANY,
        Consent.occasion == ANY,
        Consent.state == "refused",
    )
    return session.scalar(refusal) is not None
