"""The PostgreSQL of the tests: starts under any account, forgets nothing on a restart, leaves nothing behind."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.servers.postgres import (
    PostgresServer,
    administration,
    create_database,
    drop_database,
    installed_binaries,
    reachable,
)
from tests.servers.run import ROOT
from tests.servers.server import ServerFailed, unprivileged_account


def ask(server: PostgresServer, question: str) -> str:
    with administration(server.url()) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return str(row[0])


def test_is_the_version_we_promise() -> None:
    """PostgreSQL 18 answers."""
    with PostgresServer() as server:
        assert ask(server, "SHOW server_version").startswith("18.")


def test_never_runs_as_root() -> None:
    """The process runs under an account without privileges, whoever started it."""
    with PostgresServer() as server:
        assert psutil.Process(server.pid).uids().real != 0


def test_sorts_by_code_point_on_every_machine() -> None:
    """The collation is PostgreSQL's own, so the same rows come in the same order everywhere."""
    with PostgresServer() as server:
        assert ask(server, "SELECT string_agg(x, '' ORDER BY x) FROM unnest(array['b', 'é', 'a', 'B']) x") == "Babé"


def test_keeps_its_data_over_a_crash() -> None:
    """After `kill` and `start` the same URL shows what was committed."""
    with PostgresServer() as server:
        create_database(server.url("kept"))
        before = server.url()
        server.kill()
        server.start()
        assert server.url() == before
        assert ask(server, "SELECT count(*) FROM pg_database WHERE datname = 'kept'") == "1"


def test_stopping_does_not_wait_for_clients() -> None:
    """`stop` disconnects whoever is still there."""
    with PostgresServer() as server, psycopg.connect(server.url().replace("+psycopg", "")) as client:
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")
        assert "database system is shut down" in (server.home / "log").read_text()


def test_leaves_nothing_behind() -> None:
    """After `close` the folder and all processes of the server are gone."""
    with PostgresServer() as server:
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    assert not server.home.exists()
    assert not [process for process in family if process.is_running()]


def test_a_port_that_is_taken_is_not_the_end() -> None:
    """Two servers that drew the same port both come up."""
    with PostgresServer() as first:
        second = PostgresServer()
        second.port = first.port
        with second:
            assert second.port != first.port


def test_a_start_that_fails_says_why() -> None:
    """The error carries the server's own last words."""
    server = PostgresServer()
    (server.home / "data" / "postgresql.conf").write_text("max_connections = many\n")
    with pytest.raises(ServerFailed, match=r'invalid value for parameter "max_connections": "many"'), server:
        pass


def test_binaries_behind_a_closed_door_are_copied_where_the_server_has_another_account(tmp_path: Path) -> None:
    """As root it does, and starts all the same; else it runs under our own account and may go where we may."""
    package = installed_binaries().parents[1]
    shutil.copytree(package, tmp_path / package.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), tmp_path / f"{package.name}.libs")
    tmp_path.chmod(0o700)
    with PostgresServer(tmp_path / package.name / "pginstall" / "bin") as server:
        copied = Path(psutil.Process(server.pid).exe()).is_relative_to(server.home)
    assert copied == (os.geteuid() == 0)


def test_starts_for_an_ordinary_user() -> None:
    """An account without privileges gets a server that runs under that very account."""
    # Python itself may lie where only root may look: so everything is imported and used once before root is given up.
    program = (
        "import os, sys, psutil\nfrom pathlib import Path\nfrom tests.servers.postgres import PostgresServer\n"
        "uid, gid, binaries = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])\n"
        "with PostgresServer(binaries) as server: psutil.Process(server.pid).uids()\n"
        "if os.geteuid() == 0: os.setgroups([]), os.setgid(gid), os.setuid(uid)\n"
        "with PostgresServer(binaries) as server: print(psutil.Process(server.pid).uids().real)\n"
    )
    user = unprivileged_account()
    uid, gid = user.uid or os.getuid(), user.gid or os.getgid()
    with tempfile.TemporaryDirectory(prefix="jubilee-") as folder:
        Path(folder).chmod(0o755)
        binaries = reachable(installed_binaries(), Path(folder), user)
        command = [sys.executable, "-c", program, str(uid), str(gid), str(binaries)]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.stdout.strip() == str(uid), said.stderr


def test_a_dropped_database_is_gone_even_while_in_use() -> None:
    """A test that forgot a connection cannot keep its database alive."""
    with PostgresServer() as server:
        create_database(server.url("t"))
        with psycopg.connect(server.url("t").replace("+psycopg", "")):
            drop_database(server.url("t"))
            assert ask(server, "SELECT count(*) FROM pg_database WHERE datname = 't'") == "0"
