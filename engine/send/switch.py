"""The one switch that stops all sending. It is looked at before each claim and again before each hand-over."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.storage.models import Installation, Pause
from engine.storage.session import past_the_orm

STOPPED = "sending_stopped"
# The switch as it stands, to be read by itself or as a part of another statement; no row where nobody ever touched it.
SWITCH = select(Installation.value).where(Installation.name == STOPPED)
_HALTS = select(SWITCH.scalar_subquery(), select(func.max(Pause.began_at)).scalar_subquery())


def sending_stopped(session: Session) -> bool:
    """Whether someone pulled the switch."""
    return bool(past_the_orm(session).scalar(SWITCH))


def halts(session: Session) -> tuple[bool, datetime | None]:
    """Whether someone pulled the switch, and when the newest "not now" began: one statement, as it is asked often."""
    stopped, began_at = past_the_orm(session).execute(_HALTS).one()
    return bool(stopped), began_at


def stop_sending(session: Session, stopped: bool = True) -> None:
    """Pull the switch, or put it back. What has been handed over is gone; nothing else goes while it is pulled."""
    session.merge(Installation(name=STOPPED, value=stopped))
