"""`jubilee up` as a process of its own: it answers, stops cleanly, keeps its data, and says when it cannot begin."""

import contextlib
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 180
# Below those that connections out of this machine are given: between looking and listening nobody takes one of them.
QUIET_PORTS = range(20_000, 32_000)


@contextmanager
def started(home: Path, port: int, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """`jubilee up`, killed at the end where the test did not stop it."""
    code = "from cli.main import app; app(prog_name='jubilee')"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "up", *options],
        env=os.environ | {"JUBILEE_HOME": str(home), "JUBILEE_PORT": str(port), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def answers(process: "subprocess.Popen[str]", port: int) -> None:
    """Wait for the first page."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=5) as page:
                assert page.status == 200
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"no page: {process.communicate(timeout=5)[0] if process.poll() is not None else 'too slow'}")


def wait_until(is_so: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    ends = time.monotonic() + PATIENCE
    while not is_so():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < ends, "too slow"
        time.sleep(0.05)


def customers(home: Path) -> int:
    """How many customers are recorded."""
    try:
        with sqlite3.connect(f"file:{home / 'jubilee.db'}?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM customers").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def stop(process: "subprocess.Popen[str]", with_signal: signal.Signals) -> str:
    """What it said, after this signal has ended it well."""
    process.send_signal(with_signal)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert said.endswith("Stopped. Your data are kept.\n")
    return said


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    for number in random.sample(QUIET_PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", number))
            return number
    pytest.fail("no port is free")


def test_it_answers_stops_on_both_signals_and_keeps_its_data(tmp_path: Path, port: int) -> None:
    """Ctrl-C and SIGTERM end it with exit code 0, and leave no log that holds what was erased; the second start has the
    sign-in of the first."""
    signs_in = []
    for with_signal in (signal.SIGINT, signal.SIGTERM):
        with started(tmp_path, port, "--sample", "none") as process:
            answers(process, port)
            signs_in.append(re.findall(r"Sign in: (.*)", stop(process, with_signal)))
        log = tmp_path / "jubilee.db-wal"
        assert not log.exists() or log.stat().st_size == 0
    assert signs_in[0] == signs_in[1]
    assert len(signs_in[0]) == 1


def test_it_stops_cleanly_in_the_middle_of_loading_and_goes_on_the_next_time(tmp_path: Path, port: int) -> None:
    """A first start that is ended early leaves whole pieces behind, with the dates that the next start goes on with."""
    for _ in range(2):
        before = customers(tmp_path)
        with started(tmp_path, port) as process:
            wait_until(lambda before=before: customers(tmp_path) > before, process)
            said = stop(process, signal.SIGTERM)
    assert "Loading the sample was cut short the last time; going on." in said
    assert customers(tmp_path) % 1_000 == 0


def test_a_port_that_is_taken_is_said_before_anything_is_made(tmp_path: Path, port: int) -> None:
    """One line with the variable's name, exit code 1, and an untouched home folder."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with started(tmp_path / "home", port) as process:
            said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert said.startswith(f"error: JUBILEE_HOST, JUBILEE_PORT: cannot listen on 127.0.0.1:{port}")
    assert not (tmp_path / "home").exists()


def test_a_sample_that_does_not_exist_is_refused(tmp_path: Path, port: int) -> None:
    """Exit code 2, with those that do."""
    with started(tmp_path, port, "--sample", "amazon") as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "neither `cdnow` nor `none`" in said
