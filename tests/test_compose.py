"""docker-compose.yml says what the design asks of it, and names nothing that Jubilee would not understand."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.settings import PREFIX, Settings

COMPOSE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
KNOWN_SETTINGS = {f"{PREFIX}{name.upper()}{ending}" for name in Settings.model_fields for ending in ("", "_FILE")}
LASTING = sorted(set(SERVICES) - {"migrate"})
OURS = ("web", "worker", "beat")


def test_all_parts_are_there() -> None:
    """Web, worker, beat, the two servers, and the migration that runs once."""
    assert set(SERVICES) == {"migrate", "web", "worker", "beat", "postgres", "redis"}


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


def test_the_worker_serves_every_queue() -> None:
    """A queue that nobody serves would fill in silence."""
    command = SERVICES["worker"]["command"]
    assert set(command[command.index("-Q") + 1].split(",")) == {"record", "plan", "write", "send", "listen"}
