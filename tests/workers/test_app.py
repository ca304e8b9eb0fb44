"""The app's configuration: every name is one that Celery and kombu really know, and every task has its queue."""

import ast
import inspect
import subprocess
import sys

import pytest
from celery.app import defaults
from kombu.transport import redis as redis_transport

from engine.settings import Settings
from tests.servers.run import ROOT
from workers import app as app_module
from workers import tasks
from workers.app import QUEUES, ROUTES, make_app
from workers.schedule import SCHEDULE


def named_settings() -> list[str]:
    """The names given to `conf.update`, read from the source: Celery keeps unknown ones without a word."""
    tree = ast.parse(inspect.getsource(app_module.make_app))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "app.conf.update"
    ]
    return [keyword.arg for keyword in calls[0].keywords if keyword.arg]


@pytest.mark.parametrize("name", named_settings())
def test_celery_knows_the_setting(name: str) -> None:
    """A misspelt one would be ignored silently."""
    assert name in defaults.SETTING_KEYS


# What kombu's Connection reads itself, not the transport.
OF_THE_CONNECTION = {"connect_retries_timeout", "interval_start", "interval_step", "interval_max"}


@pytest.mark.parametrize("name", app_module._transport_options("redis://x", 1.0))
def test_the_broker_knows_the_option(name: str) -> None:
    """Else Redis would be waited for without an end."""
    assert name in {*redis_transport.Channel.from_transport_options, *OF_THE_CONNECTION}


def test_a_task_is_lost_rather_than_repeated_for_ever() -> None:
    """A poisoned one would come back four times a second; the sweep comes soon enough."""
    conf = make_app(Settings(broker_url="redis://x")).conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.task_ignore_result) == (True, False, True)


def test_every_task_has_a_queue_and_every_sweep_is_a_task() -> None:
    """What has no route would wait in a queue for nobody."""
    named = {task.name for task in vars(tasks).values() if getattr(task, "name", "").startswith("jubilee.")}
    assert named == set(ROUTES)
    assert set(ROUTES.values()) <= set(QUEUES)
    assert {entry["task"] for entry in SCHEDULE.values()} == named


def test_two_processes_import_each_other_in_any_order() -> None:
    """The tasks and the app know each other by name alone."""
    for first in ("workers.tasks", "workers.app"):
        subprocess.run([sys.executable, "-c", f"import {first}"], cwd=ROOT, check=True)
