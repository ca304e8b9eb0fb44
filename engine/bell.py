"""The alarm bell: publishes the name of a task after the commit, best effort.

The database is the calendar. A lost ring loses nothing, as sweeps find what is due; a ring only makes it sooner.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

Publisher = Callable[[str], None]
# After a ring that failed nobody tries again for so long: a dead broker must not slow every request down.
SILENT_SECONDS = 10.0
log = structlog.get_logger()


@dataclass
class _Bell:
    publisher: Publisher | None = None
    silent_until: float = 0.0


_bell = _Bell()


def hang(publisher: Publisher | None) -> None:
    """Say who publishes task names in this process; without one, ringing does nothing."""
    _bell.publisher, _bell.silent_until = publisher, 0.0


def ring(session: Session, task: str) -> None:
    """Publish `task` once when this session's transaction commits; a rollback forgets it."""
    session.info.setdefault("bell", set()).add(task)


# Listeners of the class, as those of one session would pile up: `once` silences a listener, but does not remove it.
@event.listens_for(Session, "after_commit")
def _publish(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint: nobody else sees anything yet
        return
    for task in sorted(session.info.pop("bell", ())):
        _sound(task)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():  # one ring too many, from a savepoint that was undone, does no harm
        session.info.pop("bell", None)


def _sound(task: str) -> None:
    if _bell.publisher is None or time.monotonic() < _bell.silent_until:
        return
    try:
        _bell.publisher(task)
    except Exception as error:
        _bell.silent_until = time.monotonic() + SILENT_SECONDS
        log.warning("bell_not_heard", task=task, error=type(error).__name__)
