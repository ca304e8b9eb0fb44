"""The only place that asks the machine for the time. A demonstration may run some days ahead of it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from engine.storage.models import Installation

DAYS_AHEAD = "clock_days_ahead"


def now(session: Session) -> datetime:
    """The present instant in UTC, moved by the days this installation runs ahead."""
    ahead = session.get(Installation, DAYS_AHEAD)
    return machine_now() + timedelta(days=ahead.value if ahead else 0)


def machine_now() -> datetime:
    """The present instant in UTC that no demonstration moves: leases of workers run by it."""
    return datetime.now(UTC)


def move_on(session: Session, days: int) -> None:
    """Run `days` more days ahead. Only forward: what was planned against a later clock cannot be taken back."""
    if days < 0:
        raise ValueError("the clock only moves forward")
    ahead = session.get(Installation, DAYS_AHEAD)
    if ahead is None:
        session.add(Installation(name=DAYS_AHEAD, value=days))
    else:
        ahead.value = ahead.value + days
