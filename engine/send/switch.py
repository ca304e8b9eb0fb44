"""The one switch that stops all sending. It is looked at before each claim and again before each hand-over."""

from sqlalchemy.orm import Session

from engine.storage.models import Installation

STOPPED = "sending_stopped"


def sending_stopped(session: Session) -> bool:
    """Whether someone pulled the switch."""
    stopped = session.get(Installation, STOPPED)
    return bool(stopped and stopped.value)


def stop_sending(session: Session, stopped: bool = True) -> None:
    """Pull the switch, or put it back. What has been handed over is gone; nothing else goes while it is pulled."""
    session.merge(Installation(name=STOPPED, value=stopped))
