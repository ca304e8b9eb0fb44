"""Messages that were handed over on a channel that stays in the house: in-app messages and calls to make."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.storage.models import Customer, Delivery, Message
from tests.engine.builders import NOW, make_trigger
from tests.engine.send.approved import approve


def hand_over(
    session: Session,
    customer: Customer,
    channel: str,
    *,
    state: str = "accepted",
    at: datetime = NOW - timedelta(hours=1),
    send_on: date = NOW.date(),
    address: str = "",
    **trigger: Any,
) -> tuple[Message, Delivery]:
    """An approved message on this channel, and its delivery in this state."""
    message = approve(session, customer, make_trigger(session, **trigger), channel=channel, send_on=send_on)
    message.state, message.handed_over_at = "handed_over", at
    session.flush()
    delivery = Delivery(
        message_id=message.id,
        channel=channel,
        address=address,
        state=state,
        fence=1,
        worker="test",
        claimed_at=at,
        submitting_at=at,
        lease_until=at + timedelta(minutes=1),
        accepted_at=at,
    )
    if state in ("refused", "bounced", "unconfirmed"):
        delivery.ended_at = delivery.unconfirmed_at = at
        delivery.reason = "test"
    session.add(delivery)
    session.flush()
    return message, delivery
