"""The only place that asks the machine for the time. A demonstration may run some days ahead of it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.storage.models import Installation
from engine.storage.session import past_the_orm

HOURS_AHEAD = "clock_hours_ahead"
_HOURS_AHEAD = select(Installation.value).where(Installation.name == HOURS_AHEAD)


def now(session: Session) -> datetime:
    """The present instant in UTC, moved by the hours this installation runs ahead."""
    return machine_now() + timedelta(hours=past_the_orm(session).scalar(_HOURS_AHEAD) or 0)


def machine_now() -> datetime:
    """The present instant in UTC that no demonstration moves: leases of workers run by it."""
    return datetime.now(UTC)


def move_on(session: Session, *, hours: int) -> None:
    """Run `hours` more ahead. Only forward: what was planned against a later clock cannot be taken back."""
    if hours < 0:
        raise ValueError("the clock only moves forward")
    ahead = session.get(Installation, HOURS_AHEAD)
    if ahead is None:
        session.add(Installation(name=HOURS_AHEAD, value=hours))
    else:
        ahead.value = ahead.value + hours
