"""The alarm bell: publishes the name of a task after the commit, best effort.

The database is the calendar. A lost ring loses nothing, as sweeps find what is due; a ring only makes it sooner.
"""

from collections.abc import Callable

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

Publisher = Callable[[str], None]
log = structlog.get_logger()
_publisher: list[Publisher] = []


def hang(publisher: Publisher) -> None:
    """Say who publishes task names in this process; without one, ringing does nothing."""
    _publisher[:] = [publisher]


def ring(session: Session, task: str) -> None:
    """Publish `task` once when this session commits; a rollback forgets it."""
    rung: set[str] = session.info.setdefault("bell", set())
    if not rung:
        event.listen(session, "after_commit", _publish, once=True)
        event.listen(session, "after_rollback", _forget, once=True)
    rung.add(task)


def _publish(session: Session) -> None:
    for task in sorted(session.info.pop("bell", ())):
        for publisher in _publisher:
            try:
                publisher(task)
            except Exception as error:
                log.warning("bell_not_heard", task=task, error=type(error).__name__)


def _forget(session: Session) -> None:
    session.info.pop("bell", None)
