"""The Celery app: only the alarm bell. What a lost message would have done, a sweep finds; no promise lives here."""

from typing import Any

from celery import Celery
from celery.signals import worker_shutting_down
from kombu.entity import Queue

from engine import bell
from engine.settings import Settings, settings
from workers.schedule import KEEP_SECONDS, SCHEDULE
from workers.stopping import stopping

QUEUES = ("record", "plan", "write", "send", "listen")
ROUTES = {
    "jubilee.spot": "plan",
    "jubilee.plan": "plan",
    "jubilee.write": "write",
    "jubilee.facts": "write",
    "jubilee.deadlines": "write",
    "jubilee.send": "send",
    "jubilee.settle": "listen",
}
# Short, so that a silent Redis cannot hang who rings the bell.
SOCKET_SECONDS = 3
SOFT_SECONDS, HARD_SECONDS = 240, 300


def make_app(configuration: Settings) -> Celery:
    """A Celery app for this configuration, with its tasks, queues and schedule."""
    app = Celery("jubilee", broker=configuration.broker_url, include=["workers.tasks"])
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        # A task that kills its worker would come back at once, for ever. The next sweep comes soon enough.
        task_reject_on_worker_lost=False,
        task_serializer="json",
        accept_content=["json"],
        task_queues=[Queue(name) for name in QUEUES],
        task_default_queue="record",
        task_routes={task: {"queue": queue} for task, queue in ROUTES.items()},
        task_create_missing_queues=False,
        task_publish_retry=False,
        task_soft_time_limit=SOFT_SECONDS,
        task_time_limit=HARD_SECONDS,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=1_000,
        worker_soft_shutdown_timeout=20,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport_options(configuration.broker_url),
        beat_schedule=SCHEDULE,
        timezone="UTC",
    )
    return app


def _transport_options(broker_url: str) -> dict[str, Any]:
    if broker_url.startswith("memory:"):
        return {"polling_interval": 0.005}
    return {
        "socket_timeout": SOCKET_SECONDS,
        "socket_connect_timeout": SOCKET_SECONDS,
        "socket_keepalive": True,
        "visibility_timeout": 2 * HARD_SECONDS,
        "global_keyprefix": "jubilee:",
    }


def publish(task: str) -> None:
    """Ring the bell for a task by its name. A ring that nobody hears for a while is not worth hearing."""
    app.send_task(task, ignore_result=True, expires=KEEP_SECONDS)


app = make_app(settings())
app.set_default()
bell.hang(publish)


@worker_shutting_down.connect
def _finish_soon(**_: object) -> None:
    stopping.set()
