"""What one test run shares among its processes: servers, and things made once. The run holds a lease, a lock on a file
that the system gives back however the run ends; whoever keeps a server waits for that and then ends it."""

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tests.servers.server import ServerFailed

ROOT = Path(__file__).resolve().parents[2]


class Run:
    """One run's folder. `begin` in the first process, `Run(folder)` in the others, `end` in the first one again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lease: IO[str] | None = None
        self._keepers: list[subprocess.Popen[str]] = []

    @classmethod
    def begin(cls) -> "Run":
        """Make the folder of a new run and take its lease."""
        run = cls(Path(tempfile.mkdtemp(prefix="jubilee-tests-")))
        run._lease = run.lease.open("w")
        fcntl.flock(run._lease, fcntl.LOCK_SH)
        run.keeping.touch()
        return run

    def end(self) -> None:
        """Give the lease back, wait until every server has ended, and remove the folder."""
        if self._lease is not None:
            self._lease.close()
        with self.keeping.open() as keeping:
            fcntl.flock(keeping, fcntl.LOCK_EX)
        for keeper in self._keepers:
            keeper.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def lease(self) -> Path:
        """Locked (shared) as long as the run lives."""
        return self.folder / "lease"

    @property
    def keeping(self) -> Path:
        """Locked (shared) by every keeper as long as its server lives."""
        return self.folder / "keeping"

    def server(self, kind: str, name: str = "shared") -> str:
        """The address of this run's server of that kind and name; whoever asks first starts it."""
        return self.once(f"{kind}-{name}", lambda: self._start_keeper(kind))

    def once(self, name: str, make: Callable[[], str]) -> str:
        """What `make` answered to the first process of the run that asked under this name; the others wait for it.
        A failure is remembered too: the next thousand tests shall say the same at once."""
        answer, failure = self.folder / f"{name}.answer", self.folder / f"{name}.failure"
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if failure.exists():
                raise ServerFailed(failure.read_text())
            if not answer.exists():
                try:
                    answer.write_text(make())
                except Exception as error:
                    failure.write_text(str(error))
                    raise
        return answer.read_text()

    def _start_keeper(self, kind: str) -> str:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.keeper", kind, str(self.folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # it must outlive a Ctrl-C, to end its server in order
        )
        self._keepers.append(keeper)
        assert keeper.stdout is not None
        with keeper.stdout as said:
            address = said.readline().strip()
            if "://" in address:
                return address
            raise ServerFailed(f"the tests need a {kind} server, and it did not start:\n{address}\n{said.read()}")
