"""docker-compose.yml says what the design asks of it, and names nothing that Jubilee would not understand."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.commands.probing import ACTIVITIES
from engine.settings import PREFIX, Settings
from workers.app import QUEUES, STOP_SECONDS
from workers.tasks import ROUND_SECONDS

COMPOSE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
KNOWN_SETTINGS = {f"{PREFIX}{name.upper()}{ending}" for name in Settings.model_fields for ending in ("", "_FILE")}
LASTING = sorted(set(SERVICES) - {"migrate"})
WORKERS = ("send", "write", "listen", "rehearse")
OURS = ("web", *WORKERS, "beat")


def test_all_parts_are_there() -> None:
    """Web, workers by purpose, beat, the two servers, and the migration that runs once."""
    assert set(SERVICES) == {"migrate", *OURS, "postgres", "redis"}


@pytest.mark.parametrize("service", LASTING)
def test_every_lasting_service_has_a_health_check(service: str) -> None:
    """Something other than 'the process exists' is asked, again and again."""
    assert {"test", "interval", "timeout", "retries"} <= set(SERVICES[service]["healthcheck"])


@pytest.mark.parametrize("service", OURS)
def test_nothing_of_ours_starts_before_the_migration_is_done(service: str) -> None:
    """A worker never meets a schema older than its code."""
    assert SERVICES[service]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_a_setting(service: str) -> None:
    """A misspelt variable would silently leave the default in force."""
    assert set(SERVICES[service]["environment"]) <= KNOWN_SETTINGS


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_what_a_service_mounts_is_declared(service: str) -> None:
    """Each secret and each volume is named at the bottom of the file."""
    volumes = {mount.partition(":")[0] for mount in SERVICES[service]["volumes"]}
    assert set(SERVICES[service]["secrets"] if service != "redis" else ()) <= set(COMPOSE["secrets"])
    assert volumes <= set(COMPOSE["volumes"])


def test_no_secret_stands_in_the_file() -> None:
    """Passwords and keys come from files, never from the environment."""
    variables = {name for service in SERVICES.values() for name in service.get("environment", {})}
    assert {name for name in variables if "PASSWORD" in name or "SECRET" in name} == {
        "JUBILEE_SECRET_KEY_FILE",
        "POSTGRES_PASSWORD_FILE",
    }


def test_redis_neither_evicts_nor_forgets() -> None:
    """Eviction drops Celery's bindings; without the append-only file a restart loses the queue."""
    command = SERVICES["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--appendonly") + 1] == "yes"


def option(service: str, name: str) -> str:
    """What stands after `-Q` or `-P` in a worker's command."""
    command = SERVICES[service]["command"]
    return str(command[command.index(name) + 1])


def test_the_workers_serve_every_queue_once() -> None:
    """A queue that nobody serves would fill in silence; sending shares its workers with nobody."""
    served = [queue for service in WORKERS for queue in option(service, "-Q").split(",")]
    assert sorted(served) == sorted(QUEUES)
    assert option("send", "-Q") == "send"


def test_time_limits_bind_where_something_may_hang() -> None:
    """They work in the prefork pool alone; threads are for what only waits, and every wait there has a limit."""
    assert {service: option(service, "-P") for service in WORKERS} == {
        "send": "prefork",
        "write": "prefork",
        "listen": "threads",
        "rehearse": "prefork",
    }


@pytest.mark.parametrize("service", WORKERS)
def test_a_worker_is_well_if_its_work_moves(service: str) -> None:
    """The process may be there and hear nothing: the age of the oldest due row is asked too."""
    asked = SERVICES[service]["healthcheck"]["test"][1]
    probed = re.match(r"jubilee probe ((?:\w+ ?)+) &&", asked)
    assert probed is not None
    assert set(probed.group(1).split()) <= set(ACTIVITIES)
    assert f"--destination {service}@$$HOSTNAME" in asked
    assert option(service, "-n") == f"{service}@%h"


def test_every_activity_is_probed() -> None:
    """By the worker that does it."""
    tests = " ".join(SERVICES[service]["healthcheck"]["test"][1].partition("&&")[0] for service in WORKERS)
    assert set(ACTIVITIES) <= set(tests.split())


@pytest.mark.parametrize("service", WORKERS)
def test_a_worker_has_time_to_stop(service: str) -> None:
    """What it waits for by itself ends before the container's grace does, and a round before that."""
    grace = int(SERVICES[service]["stop_grace_period"].removesuffix("s"))
    assert ROUND_SECONDS < STOP_SECONDS < grace
