"""The process that keeps one server for a test run: starts it, says its address, and ends it when the run's lease is
over. It stands apart so that a run that was killed leaves no server behind."""

import contextlib
import fcntl
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import NoReturn

from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer
from tests.servers.run import Run
from tests.servers.server import ServerFailed

KINDS = {"postgres": PostgresServer, "redis": RedisServer}


def keep(kind: str, run: Run) -> None:
    """Keep one server until nobody holds the run's lease."""
    with run.keeping.open() as keeping, run.lease.open() as lease:
        fcntl.flock(keeping, fcntl.LOCK_SH)
        with KINDS[kind]() as server:
            print(server.url(), flush=True)  # noqa: T201 - the run reads it
            _fall_silent()
            fcntl.flock(lease, fcntl.LOCK_EX)
        with contextlib.suppress(BlockingIOError):  # another server is still ending: its keeper will do this
            fcntl.flock(keeping, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(run.folder, ignore_errors=True)  # a run that was killed could not do so


def _fall_silent() -> None:
    """Let go of the run's pipe: nobody reads it any more."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.dup2(null, sys.stderr.fileno())


def _leave(*_: object) -> NoReturn:
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _leave)
    try:
        keep(sys.argv[1], Run(Path(sys.argv[2])))
    except ServerFailed as failed:
        sys.exit(str(failed))
