"""The Celery app: only the alarm bell. What a lost message would have done, a sweep finds; no promise lives here."""

from typing import Any

from celery import Celery
from celery.signals import worker_shutting_down
from kombu.entity import Queue

from engine import bell
from engine.logs import keep_values_out
from engine.settings import Settings, settings
from workers.schedule import KEEP_SECONDS, SCHEDULE
from workers.stopping import stopping

QUEUES = ("record", "plan", "write", "send", "listen", "rehearse")
ROUTES = {
    "jubilee.fold": "record",
    "jubilee.spot": "plan",
    "jubilee.plan": "plan",
    "jubilee.write": "write",
    "jubilee.facts": "write",
    "jubilee.deadlines": "write",
    "jubilee.alerts": "write",
    "jubilee.send": "send",
    "jubilee.answer": "send",
    "jubilee.settle": "listen",
    "jubilee.listen": "listen",
    "jubilee.mailbox": "listen",
    "jubilee.notices": "listen",
    "jubilee.digest": "listen",
    "jubilee.effects": "rehearse",
    "jubilee.rehearse": "rehearse",
}
SOCKET_SECONDS = 3.0
# Shorter for who rings the bell, as a page waits for that: a Redis that is silent or away costs it this much, once in
# a while (the bell stays silent afterwards).
RINGING_SECONDS = 0.5
SOFT_SECONDS, HARD_SECONDS = 240, 300
# How long SIGQUIT waits before it cuts tasks short; below the grace that docker-compose.yml gives a container. SIGTERM
# needs much less: the tasks hear of it and leave off after the batch in their hands.
STOP_SECONDS = 45
# A child of the prefork pool that has grown to so much is replaced after its task; Celery counts in kilobytes.
CHILD_KILOBYTES = 200_000


def make_app(configuration: Settings, *, socket_seconds: float = SOCKET_SECONDS) -> Celery:
    """A Celery app for this configuration, with its tasks, queues and schedule."""
    app = Celery("jubilee", broker=configuration.broker_url, include=["workers.tasks"], set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        # A task that kills its worker would come back at once, for ever. The next sweep comes soon enough.
        task_reject_on_worker_lost=False,
        task_serializer="json",
        accept_content=["json"],
        task_queues=[Queue(name, routing_key=name) for name in QUEUES],
        task_default_queue="record",
        task_routes={task: {"queue": queue} for task, queue in ROUTES.items()},
        task_create_missing_queues=False,
        task_publish_retry=False,
        task_soft_time_limit=SOFT_SECONDS,
        task_time_limit=HARD_SECONDS,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=1_000,
        worker_max_memory_per_child=CHILD_KILOBYTES,
        worker_soft_shutdown_timeout=STOP_SECONDS,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport_options(configuration.broker_url, socket_seconds),
        beat_schedule=SCHEDULE,
        timezone="UTC",
    )
    return app


def _transport_options(broker_url: str, socket_seconds: float) -> dict[str, Any]:
    if broker_url.startswith("memory:"):
        return {"polling_interval": 0.005}
    return {
        "socket_timeout": socket_seconds,
        "socket_connect_timeout": socket_seconds,
        "socket_keepalive": True,
        # How long publishing tries to connect; a worker's own connection has settings of its own.
        "connect_retries_timeout": socket_seconds,
        "interval_start": 0.1,
        "interval_step": 0.1,
        "interval_max": 0.5,
        "visibility_timeout": 2 * HARD_SECONDS,
        "global_keyprefix": "jubilee:",
    }


def publish(task: str) -> None:
    """Ring the bell for a task by its name. A ring that nobody hears for a while is not worth hearing."""
    _ringing.send_task(task, ignore_result=True, expires=KEEP_SECONDS)


keep_values_out()
app = make_app(settings())
_ringing = make_app(settings(), socket_seconds=RINGING_SECONDS)
app.set_default()
bell.hang(publish)


@worker_shutting_down.connect
def _finish_soon(**_: object) -> None:
    stopping.set()
