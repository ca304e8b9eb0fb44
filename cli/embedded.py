"""Everything in one process: the web pages in the main thread, Celery's worker and beat in threads beside it."""

import ctypes
import gc
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from celery import Celery
from celery.beat import EmbeddedService

from engine.settings import Settings
from web.app import make_app as make_web
from workers.app import QUEUES, app
from workers.place import leave
from workers.stopping import stopping

# One of them may be busy with a backtest for a while.
WORKER_THREADS = 5
STOP_SECONDS = 10


def serve(configuration: Settings) -> None:
    """Serve the pages until a signal says stop; returns when every open request was answered."""
    signal.signal(signal.SIGTERM, _stop)
    server = _Server(
        uvicorn.Config(
            make_web(configuration),
            host=configuration.host,
            port=configuration.port,
            log_level=configuration.log_level.lower(),
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    )
    _keep_what_is_there()
    try:
        server.run()
    except KeyboardInterrupt:
        return


def _keep_what_is_there() -> None:
    """What a process has loaded by now stays for its life: looking through it again for what can be thrown away would
    hold up a page every few requests."""
    gc.collect()
    gc.freeze()


class _Server(uvicorn.Server):
    """Lets pages go that listen for news: an answer that never ends would keep the process from stopping."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal says stop."""
        if pulse := getattr(getattr(self.config.app, "state", None), "pulse", None):
            pulse.close()
        super().handle_exit(sig, frame)


@contextmanager
def working() -> Iterator[None]:
    """Celery's worker and beat on threads. At the end each task finishes the batch in its hands and leaves the rest."""
    _give_back_memory()
    app.set_default()
    _quieten()
    stopping.clear()
    beat = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    worker = _worker(app)
    thread = threading.Thread(target=worker.start, name="worker", daemon=True)
    thread.start()
    beat.start()
    try:
        yield
    finally:
        stopping.set()
        beat.service.stop(wait=False)
        worker.stop()
        thread.join(timeout=STOP_SECONDS)
        beat.join(timeout=STOP_SECONDS)
        leave()


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


def _give_back_memory() -> None:
    """What loading took goes back to the system before the long life begins: the C library keeps the pages of
    a peak (209 MB measured, 175 MB after this). Libraries without `malloc_trim` go without."""
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _quieten() -> None:
    """Beat and worker say at length what they do every five seconds; the terminal belongs to the person before it."""
    for name in ("celery", "kombu"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
