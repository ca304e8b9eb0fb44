"""The next channel of a message that was refused for good, or came back: the customer's own order goes on where it is
certain that nothing arrived, and only there.
"""

import uuid
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.plan.chains import FELL_BACK, chains_of
from engine.plan.choosing import Choice, fallback
from engine.plan.ending import TOO_LATE, end_message
from engine.send.moving import carried, move
from engine.storage.models import Delivery, Message
from engine.transitions import FAILED_DELIVERY


def fall_back(session: Session, message_id: uuid.UUID, reason: str, *, offered: Offered, now: datetime) -> bool:
    """Move a message whose last delivery was refused for good or bounced to the next channel of its chain, or back to
    the people where one of them has not seen that channel's text. False where nothing is left to try: the caller then
    ends the message. `reason` is why the channel before failed. Call it in the transaction that recorded that, when the
    message is approved again.

    Where the chain has a channel but none opens before the message expires, it ends here, as too late. While a delivery
    may have reached the customer, nothing happens, and nothing is to be ended: what was accepted, or is not known, is
    never sent again.
    """
    message = session.get_one(Message, message_id, with_for_update=True, populate_existing=True)
    if message.state != "approved" or _may_have_arrived(session, message_id):
        return True
    chain = chains_of(session, [message_id], offered, now=now).get(message_id, ())
    others = [choice for choice in chain if choice.channel != message.channel]
    why = fallback(message.channel, reason)
    left = carried(session, message, [Choice(choice.channel, why) for choice in others])
    if not left:
        return False
    if not move(session, message, left, action=FELL_BACK, offered=offered, now=now):
        end_message(session, message_id, "expired", TOO_LATE, now=now)
    return True


def _may_have_arrived(session: Session, message_id: uuid.UUID) -> bool:
    under_way = exists().where(Delivery.message_id == message_id, Delivery.state.not_in(FAILED_DELIVERY))
    return bool(session.scalar(select(under_way)))
