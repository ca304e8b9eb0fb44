"""One server of our own: a folder, a free port, a process that is waited for and ended. PostgreSQL and Redis differ
only in their command line and in how one asks whether they are up."""

import atexit
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

START_TIMEOUT = 60.0  # seconds; a start takes under one, a busy machine with two test runs may need many
STOP_TIMEOUT = 15.0
PORT_TRIES = 5
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded before any fork: the child only calls it


class ServerFailed(Exception):
    """A server that the tests need could not be started."""


@dataclass(frozen=True)
class Account:
    """The operating system's account a server runs under; ours, where nothing else is said."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int | str] | None:
        """The other groups: none for another account, unchanged for our own."""
        return None if self.uid is None else []

    def own(self, *paths: Path) -> None:
        """Hand these files over to the account."""
        if self.uid is not None and self.gid is not None:
            for path in paths:
                os.chown(path, self.uid, self.gid)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command as this account and keep what it says."""
        return subprocess.run(
            [str(part) for part in command],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=self.uid,
            group=self.gid,
            extra_groups=self.groups,
        )


def unprivileged_account() -> Account:
    """Our own account, or `nobody` where we are root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return Account()
    nobody = pwd.getpwnam("nobody")
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def free_port() -> int:
    """A port nobody listens on at this moment. Somebody may take it before we do, so a start tries more than one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server(ABC):
    """`stop` and `kill` end the process and keep folder and port for another `start`; `close` leaves nothing behind.

    Linux ends the server when the thread that started it is gone, however it went; so start it from the main thread.
    """

    name: ClassVar[str]
    polite: ClassVar[signal.Signals]  # asks for an orderly end that does not wait for clients
    port_taken: ClassVar[str]  # what the log says when somebody else has the port

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or Account()
        # Not below pytest's folders: those are closed to every account but ours, and the server may be another.
        self.home = Path(tempfile.mkdtemp(prefix=f"jubilee-{self.name}-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    @abstractmethod
    def command(self) -> list[str | Path]:
        """What starts this server on `port`, in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether this very server (not another one on its port) takes connections."""

    @property
    def pid(self) -> int:
        """The process id of the server; of its parent process where it has several."""
        if self._process is None:
            raise ServerFailed(f"{self.name} is not running")
        return self._process.pid

    def start(self) -> Self:
        """Start the server and return once it answers."""
        for tries_left in reversed(range(PORT_TRIES)):
            try:
                self._spawn()
                self._wait()
                return self
            except ServerFailed as failed:
                self.kill()
                if not tries_left or self.port_taken not in str(failed):
                    raise
                self.port = free_port()
        raise AssertionError("unreachable: the last try returns or raises")

    def stop(self) -> None:
        """End the server in order; kill it where that takes too long."""
        if self._process is not None:
            self._process.send_signal(self.polite)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT)
        self.kill()

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End the server and remove everything it wrote."""
        atexit.unregister(self.close)
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spawn(self) -> None:
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(part) for part in self.command()],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is ours to answer, with an orderly stop
                preexec_fn=self._end_with_us,
                user=self.account.uid,
                group=self.account.gid,
                extra_groups=self.account.groups,
            )

    def _wait(self) -> None:
        assert self._process is not None
        give_up = time.monotonic() + START_TIMEOUT
        while not self.answers():
            if (code := self._process.poll()) is not None:
                raise ServerFailed(f"{self.name} ended with code {code} while starting:\n{self._last_words()}")
            if time.monotonic() > give_up:
                raise ServerFailed(f"{self.name} did not answer in {START_TIMEOUT:.0f} s:\n{self._last_words()}")
            time.sleep(0.02)

    @property
    def _log(self) -> Path:
        return self.home / "log"

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])

    def _end_with_us(self) -> None:
        if sys.platform == "linux":
            _LIBC.prctl(PR_SET_PDEATHSIG, int(self.polite))
