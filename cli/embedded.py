"""Everything in one process: the web pages in the main thread, Celery's worker and beat in threads beside it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from celery import Celery
from celery.beat import EmbeddedService
from web.app import make_app as make_web

from engine.settings import Settings
from workers.app import QUEUES, app

WORKER_THREADS = 4


def serve(configuration: Settings) -> None:
    """Serve the pages until a signal says stop; returns when every open request was answered."""
    signal.signal(signal.SIGTERM, _stop)
    server = uvicorn.Server(
        uvicorn.Config(
            make_web(configuration),
            host=configuration.host,
            port=configuration.port,
            log_level=configuration.log_level.lower(),
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    )
    try:
        server.run()
    except KeyboardInterrupt:
        return


@contextmanager
def working() -> Iterator[None]:
    """Celery's worker and beat on threads, stopped in order at the end: no task is left half-done unless it hangs."""
    beat = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler", max_interval=1)
    worker = _worker(app)
    working_thread = threading.Thread(target=worker.start, name="worker", daemon=True)
    working_thread.start()
    beat.start()
    try:
        yield
    finally:
        beat.stop()
        worker.stop()
        working_thread.join(timeout=10)


def _worker(celery: Celery):  # type: ignore[no-untyped-def] # Celery ships no types
    return celery.WorkController(
        pool="threads",
        concurrency=WORKER_THREADS,
        queues=list(QUEUES),
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
        loglevel="WARNING",
    )


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
