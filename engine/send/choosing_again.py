"""The second check of the channel: does what was approved still go where its customer wants it, and can be reached?

What they wish for now counts, not what they wished for when it was approved.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import POSTBOX, Offered
from engine.plan.chains import MOVED, Chain, chains_of, in_turn
from engine.plan.channel_reasons import NOT_OFFERED
from engine.plan.choosing import Choice, fallback
from engine.plan.holds import holds_of
from engine.plan.sql import NOW
from engine.send.moving import carried, move
from engine.storage.models import Message, MessageMoment
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_given

CHANNEL_CHANGED = "channel_changed"
_APPROVED = select(Message.id, Message.channel, Message.channel_reason).where(
    is_given(Message.id), Message.state == "approved", Message.expires_at > NOW
)
# What says that a channel may not be used, in the order in which it is told.
_PERMISSION = ("no_channel", "suppressed", "consent_refused", "consent_expired", "consent_unknown")


def move_to_present_channels(
    session: Session, deliveries: Mapping[UUID, UUID], *, offered: Offered, now: datetime
) -> dict[UUID, str]:
    """Move the approved messages among these, locked by the caller, whose customers now want another channel, or that
    may not use theirs any more. `deliveries` maps each delivery to its message; answers the reason why a delivery does
    not go. What finds no other channel is left as it is: what holds it is named by the rules.
    """
    ids = list(deliveries.values())
    rows = past_the_orm(session).execute(_APPROVED, given(ids) | {NOW.key: now}).all()
    if not _leaves_a_choice(offered, {row.channel for row in rows}):
        return {}
    chains = chains_of(session, ids, offered, now=now)
    better = {row.id: choices for row in rows if (choices := _before_its_own(row, chains.get(row.id, ())))}
    moved = {one for one, choices in better.items() if _move(session, one, choices, offered, now=now)}
    return {delivery: CHANNEL_CHANGED for delivery, message in deliveries.items() if message in moved}


def _leaves_a_choice(offered: Offered, planned: set[str]) -> bool:
    """One channel does where they were planned for one that is offered no more: the postbox of a trial, most often.

    Not the other way round: a message meant for a real channel that is gone reached nobody if the postbox took it.
    """
    return len(offered.names) > 1 or (offered.names != (POSTBOX,) and not planned <= set(offered.names))


def _before_its_own(row: Any, chain: Chain) -> Sequence[Choice]:
    """The channels that come before the message's own by now; all of them where its own may not be used."""
    turns = in_turn(chain, row.channel, row.channel_reason)
    return tuple(takewhile(lambda choice: choice.channel != row.channel, turns))


def _move(session: Session, message_id: UUID, choices: Sequence[Choice], offered: Offered, *, now: datetime) -> bool:
    message = session.get_one(Message, message_id, populate_existing=True)
    left = carried(session, message, choices)
    if left and (barred := _barred(session, message, offered, now=now)):
        left = [Choice(choice.channel, fallback(message.channel, barred)) for choice in left]
    return bool(left) and move(session, message, left, action=MOVED, offered=offered, now=now)


def _barred(session: Session, message: Message, offered: Offered, *, now: datetime) -> str | None:
    """Why the message's own channel may not be used; None where it may."""
    if message.channel not in offered.names:
        return NOT_OFFERED
    moments = session.scalars(
        select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id, MessageMoment.live)
    ).all()
    holds = holds_of(session, moments, now=now, channels=offered)
    found = {hold.name for of_moment in holds.values() for hold in of_moment}
    return next((name for name in _PERMISSION if name in found), None)
