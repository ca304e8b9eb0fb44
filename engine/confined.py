"""Runs work that somebody else's words decide in a child process, which is stopped when it takes too long, too much
memory, or says too much. The child knows no database and no secret: plain values go in, plain values come out.

A child is started once and used again while it behaves, since starting one takes longer than most of its work.
"""

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import IO, Any

from engine.errors import InvalidInput, JubileeError

MOST_CHILDREN = 2
MOST_JOBS = 200  # of one child: what it may have kept goes with it
START_SECONDS = 60.0
_BEGUN = "begun"
# What most jobs need, imported by a child that is started before anybody asks.
_USUAL = ("engine.write.checking", "engine.send.trying_out")


class Stopped(InvalidInput):
    """This asked for more time or memory than any text needs, so it was stopped. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may take: seconds on the clock and of the processor, bytes of memory, letters of its answer."""

    wall: float = 5.0
    cpu: int = 3
    memory: int = 256 * 2**20
    output: int = 2_000_000


LIMITS = Limits()


def confined(work: str, values: Any, limits: Limits = LIMITS) -> Any:
    """What the function `work` ("module:name", one of ours) answers to `values`, worked out in a child.

    Raises `Stopped` where it passed its limits, and InvalidInput with its words where it refused.
    """
    job = json.dumps({"work": work, "values": values, "limits": asdict(limits)}).encode() + b"\n"
    with _ROOM:
        child = _waiting() or _Child()
        try:
            answer = child.ask(job, limits)
        except BaseException:
            child.end()
            raise
        if child.jobs < MOST_JOBS and answer.get("goes_on"):
            _idle.append(child)
        else:
            child.end()
    if "refused" in answer:
        raise InvalidInput(answer["refused"])
    if "stopped" in answer:
        raise Stopped
    return answer["answer"]


def warm_up() -> None:
    """Start a child if there is none yet, without waiting for it."""
    if not _idle:
        _idle.append(_Child(_USUAL))


def let_go() -> None:
    """End the children that wait for work."""
    while child := _waiting():
        child.end()


def _waiting() -> "_Child | None":
    """A child that waits for work, taken in one step: another thread may want the last one too."""
    try:
        return _idle.pop()
    except IndexError:
        return None


class _Child:
    """One child process, and the pipes to it."""

    def __init__(self, modules: Sequence[str] = ()) -> None:
        self.jobs = 0
        self._process = subprocess.Popen(  # noqa: S603 - this Python, and modules of ours
            [sys.executable, "-I", "-c", "from engine.confined import serve; serve()", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},  # none of our settings: they hold secrets
        )

    def ask(self, job: bytes, limits: Limits) -> dict[str, Any]:
        """Send one job and wait for its answer. Raises `Stopped`."""
        self.jobs += 1
        self._within(START_SECONDS, lambda: self._asked(job))
        answer: dict[str, Any] = self._within(limits.wall, lambda: self._said(limits.output))
        return answer

    def end(self) -> None:
        """Kill it, whatever it does."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()
        self._process.wait()

    def _within(self, seconds: float, wait: Callable[[], Any]) -> Any:
        clock = threading.Timer(seconds, self._process.kill)
        clock.daemon = True
        clock.start()
        try:
            return wait()
        finally:
            clock.cancel()

    def _asked(self, job: bytes) -> None:
        """Hand the job over; what it needs is imported before its time begins."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(job)
            self._process.stdin.flush()
        except OSError:
            raise Stopped from None
        self._said(len(_BEGUN))

    def _said(self, longest: int) -> Any:
        """One line of the child's; none where it was killed, and a torn one where it says too much."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline(longest + 200)
        if not line.endswith(b"\n"):
            raise Stopped
        return json.loads(line)


_ROOM = threading.BoundedSemaphore(MOST_CHILDREN)
_idle: list[_Child] = []
atexit.register(let_go)


# in the child


def serve() -> None:
    """Answer jobs until nobody asks any more."""
    asked, said = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)  # whatever else is printed is no answer
    for module in sys.argv[1:]:
        import_module(module)
    for line in asked:
        job = json.loads(line)
        module, _, name = job["work"].partition(":")
        work = getattr(import_module(module), name)
        _limit(Limits(**job["limits"]))
        _say(said, _BEGUN)
        answer = _answer(work, job["values"])
        _say(said, answer)
        if not answer["goes_on"]:
            return


def _answer(work: Callable[[Any], Any], values: Any) -> dict[str, Any]:
    try:
        return {"answer": work(values), "goes_on": True}
    except JubileeError as error:
        return {"refused": str(error), "goes_on": True}
    except (MemoryError, RecursionError):
        return {"stopped": True, "goes_on": False}


def _limit(limits: Limits) -> None:
    """More than it has used up to now, by so much; where a system does not know such limits the clock is left."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    for what, most in (
        (resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + limits.cpu),
        (resource.RLIMIT_AS, _size() + limits.memory),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


def _size() -> int:
    """How much address space this process has."""
    with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123 - a file that is none
        return int(pages.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _say(place: IO[bytes], answer: object) -> None:
    place.write(json.dumps(answer).encode() + b"\n")
    place.flush()
