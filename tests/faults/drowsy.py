"""The workers' app, in which a process that has just committed `submitting` falls asleep before it calls the channel,
as one does whose machine is suspended. It wakes by SIGCONT. Its leases are short, so that nobody has to wait."""

import os
import signal
from datetime import timedelta
from typing import Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from engine.send import claiming
from workers.app import app as app

_slept = False
claiming.LEASE = timedelta(seconds=8)


@event.listens_for(Session, "after_commit")
def _fall_asleep(_session: Any) -> None:
    global _slept
    if _slept or os.environ.get("JUBILEE_TEST_DROWSY") != "yes":
        return
    looking = create_engine(os.environ["JUBILEE_DATABASE_URL"])
    with looking.connect() as connection:
        submitting = connection.scalar(text("SELECT count(*) FROM deliveries WHERE state = 'submitting'"))
    looking.dispose()
    if submitting:
        _slept = True
        os.kill(os.getpid(), signal.SIGSTOP)
