"""By which way a reply can be answered, and why it cannot: asked when the page is shown, when an answer is written, and
again in the commit that hands it over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine.channel_terms import POSTBOX, Offered
from engine.send.channels.whatsapp import WINDOW
from engine.send.redirect import HINDRANCE, Redirect
from engine.storage.models import Customer, Reply, Suppression
from engine.storage.models.contact_point import hash_of_address

WHATSAPP = "whatsapp"
WHY_NOT: Mapping[str, str] = {
    "automatic": "A program wrote this, and nobody would read an answer.",
    "not_offered": "The channel it came by is not offered here any more.",
    "erased": "The customer asked to be erased.",
    "deceased": "The customer has died.",
    "suppressed": "They asked not to be written to in this way, or this address must not be used.",
    "outside_whatsapp_window": "WhatsApp lets us answer for 24 hours after they wrote, and that time is over.",
    HINDRANCE: "Redirect mode is on, and no test address is set for this channel.",
}
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Way:
    """Where an answer would go. `came_by` is the channel of the reply: another only where the postbox stands in."""

    channel: str
    address: str
    customer_id: UUID | None
    came_by: str


def way_back(reply: Reply, offered: Offered) -> Way | None:
    """The channel that the reply came by; the postbox where there is no other. None where that channel is offered no
    more: an answer by another would reach them where they did not ask."""
    channel = POSTBOX if offered.names == (POSTBOX,) else reply.channel
    if channel not in offered.names:
        return None
    return Way(channel, reply.from_address, reply.customer_id, reply.channel)


def why_not(session: Session, reply: Reply, way: Way | None, *, redirect: Redirect, now: datetime) -> str | None:
    """The name of what keeps this reply from being answered; None where nothing does."""
    if reply.meaning == "automatic":
        return "automatic"
    if way is None:
        return "not_offered"
    return hindrances(session, {reply.id: way}, redirect=redirect, now=now).get(reply.id)


def hindrances(session: Session, ways: Mapping[Key, Way], *, redirect: Redirect, now: datetime) -> dict[Key, str]:
    """What keeps answers from going these ways, by name; in as many statements for many as for one."""
    gone, stops, heard = _gone(session, ways), _stops(session, ways), _heard(session, ways)
    found: dict[Key, str] = {}
    for key, way in ways.items():
        if way.customer_id in gone:
            found[key] = gone[way.customer_id]
        elif any(_stopped(way, stop) for stop in stops):
            found[key] = "suppressed"
        elif way.channel == WHATSAPP and not _in_window(heard.get(way.address), now):
            found[key] = "outside_whatsapp_window"
        elif redirect.address_of(way.channel, way.address) is None:
            found[key] = HINDRANCE
    return found


def _gone(session: Session, ways: Mapping[Key, Way]) -> dict[UUID | None, str]:
    ids = {way.customer_id for way in ways.values() if way.customer_id}
    rows = session.execute(
        select(Customer.id, Customer.erased_at).where(
            Customer.id.in_(ids), or_(Customer.deceased, Customer.erased_at.is_not(None))
        )
    )
    return {customer_id: "erased" if erased_at else "deceased" for customer_id, erased_at in rows}


def _stops(session: Session, ways: Mapping[Key, Way]) -> list[tuple[UUID | None, str | None, str | None]]:
    """Whatever stands against one of these customers or addresses: whom or which it is about, and on which channel."""
    rows = session.execute(
        select(Suppression.customer_id, Suppression.address_hash, Suppression.channel).where(
            Suppression.lifted_at.is_(None),
            or_(
                Suppression.customer_id.in_({way.customer_id for way in ways.values() if way.customer_id}),
                Suppression.address_hash.in_({hash_of_address(way.address) for way in ways.values()}),
            ),
        )
    )
    return [(customer_id, hashed, channel) for customer_id, hashed, channel in rows]


def _stopped(way: Way, stop: tuple[UUID | None, str | None, str | None]) -> bool:
    customer_id, hashed, channel = stop
    here = channel in (None, way.channel, way.came_by)
    theirs = customer_id is not None and customer_id == way.customer_id
    return here and (theirs or hashed == hash_of_address(way.address))


def _heard(session: Session, ways: Mapping[Key, Way]) -> dict[str, datetime]:
    """When each number last wrote by WhatsApp."""
    numbers = {way.address for way in ways.values() if way.channel == WHATSAPP}
    if not numbers:
        return {}
    rows = session.execute(
        select(Reply.from_address, func.max(Reply.received_at))
        .where(Reply.channel == WHATSAPP, Reply.from_address.in_(numbers))
        .group_by(Reply.from_address)
    )
    return {row[0]: row[1] for row in rows}


def _in_window(heard_at: datetime | None, now: datetime) -> bool:
    return heard_at is not None and now - heard_at < WINDOW
