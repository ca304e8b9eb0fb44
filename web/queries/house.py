"""What the frame of every page says of the house: whether sending is stopped, and how much waits in two of the rooms.

Every page asks it, so it is one statement, and that is made once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.calendar.pauses import in_force, standing_at
from engine.calendar.scope import NotNow
from engine.listen.replies import waiting
from engine.send.call_tasks import calls_waiting
from engine.send.follow_up_calls import follow_ups_waiting
from engine.send.switch import SWITCH
from engine.storage.base import UtcDateTime
from engine.storage.models import Pause

_NOW = bindparam("now", type_=UtcDateTime())
_HOUSE = select(
    SWITCH.scalar_subquery(),
    waiting().scalar_subquery(),
    follow_ups_waiting(_NOW).scalar_subquery(),
    calls_waiting(_NOW).scalar_subquery(),
    select(func.count()).select_from(Pause).where(*standing_at(_NOW)).scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class House:
    """`follow_ups` and `calls` are to be made now; `replies` nobody has dealt with. `pauses`: what waits, and why."""

    stopped: bool
    replies: int
    follow_ups: int
    calls: int
    pauses: Sequence[NotNow] = ()


def house(session: Session, *, now: datetime) -> House:
    """How it stands now."""
    stopped, replies, follow_ups, calls, pauses = session.execute(_HOUSE, {"now": now}).one()
    return House(bool(stopped), replies, follow_ups, calls, in_force(session, now=now) if pauses else ())
