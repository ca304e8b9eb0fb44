"""The only place that asks the machine for the time. A demonstration may run some days ahead of it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from engine.storage.models import Installation

HOURS_AHEAD = "clock_hours_ahead"


def now(session: Session) -> datetime:
    """The present instant in UTC, moved by the hours this installation runs ahead."""
    ahead = session.get(Installation, HOURS_AHEAD)
    return machine_now() + timedelta(hours=ahead.value if ahead else 0)


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
