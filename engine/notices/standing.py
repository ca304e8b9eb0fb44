"""How the carrying of notices stands, for those who look after the installation."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.notices.carrying import WAITING
from engine.storage.models import Notice


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The notices that wait: how many, for how long the oldest, and how late what is due is."""

    count: int
    oldest: timedelta
    late: timedelta


def undelivered(session: Session, *, now: datetime) -> Undelivered:
    """How notices stand, for the doctor."""
    count, created_at, next_at = session.execute(
        select(func.count(), func.min(Notice.created_at), func.min(Notice.next_at)).where(WAITING)
    ).one()
    if not count:
        return Undelivered(0, timedelta(), timedelta())
    return Undelivered(count, now - created_at, max(now - next_at, timedelta()))
