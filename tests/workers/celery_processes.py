"""Celery's processes as production starts them, for tests: children with their own environment, ended by the test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.run import ROOT

# A machine that does much else meanwhile takes its time; what hangs is still found.
PATIENCE = 120.0


def environment(database_url: str, broker_url: str, home: Path, **more: str) -> dict[str, str]:
    """What production would say, and nothing of ours."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("JUBILEE_")}
    named = {"DATABASE_URL": database_url, "BROKER_URL": broker_url, "HOME": str(home), "RELEASE_SECONDS": "0"}
    return ours | {f"JUBILEE_{name}": value for name, value in (named | more).items()} | {"PYTHONUNBUFFERED": "1"}


@contextmanager
def celery(what: str, *options: str, env: dict[str, str], log: Path, ready: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`celery -A workers.app worker|beat`, once it says that it is ready; killed where it did not end by itself."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", env.get("CELERY_APP", "workers.app"), what, "-l", "INFO", *options],
            cwd=ROOT,
            env=env,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            until(lambda: ready in log.read_text() or process.poll() is not None)
            assert process.poll() is None, log.read_text()[-3000:]
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def worker(env: dict[str, str], log: Path, *options: str, queues: str = "record,plan,write,send,listen"):  # type: ignore[no-untyped-def]
    """A worker as docker-compose.yml starts it."""
    return celery("worker", "-Q", queues, "-P", "prefork", "-c", "2", *options, env=env, log=log, ready=" ready.")


def beat(env: dict[str, str], log: Path):  # type: ignore[no-untyped-def]
    """A beat with a schedule file of its own."""
    return celery("beat", "--schedule", f"{log}.schedule", env=env, log=log, ready="beat: Starting")


def until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until it is true; a test that waits in vain fails here."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.05)


def ring(env: dict[str, str], *tasks: str) -> list[float]:
    """Publish task names from a process of its own, as a page would; the seconds that each ring took."""
    code = (
        "import sys, time\n"
        "from workers.app import publish\n"
        "took = []\n"
        "for task in sys.argv[1:]:\n"
        "    began = time.monotonic()\n"
        "    try:\n"
        "        publish(task)\n"
        "    except Exception as error:\n"
        "        print(type(error).__name__, file=sys.stderr)\n"
        "    took.append(time.monotonic() - began)\n"
        "print(*took)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *tasks], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return [float(seconds) for seconds in run.stdout.split()]
