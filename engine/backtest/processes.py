"""Processes of our own: one is begun, imports what they need, and forks into as many as are wanted, as to import takes
as long as twenty looks. They end where nobody is at the other end of their line.
"""

import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import IO

_TO_END = 10.0  # seconds
# A shell says so of what was ended by a signal.
_BY_SIGNAL = 128


@dataclass(frozen=True, slots=True)
class Line:
    """Our end of the line to one of them. `kill` ends them all; `ended` waits for that, and answers with the code of
    the one that ended badly first."""

    said: IO[bytes]
    heard: IO[bytes]
    kill: Callable[[], None]
    ended: Callable[[], int]


@contextmanager
def processes(work: str, how_many: int) -> Iterator[list[Line]]:
    """So many processes, each at work on its end of a line, until the block ends. `work`: "module:function", which is
    called with what it hears and what it says."""
    pairs = [socket.socketpair() for _ in range(how_many)]
    ours, theirs = zip(*pairs, strict=True)
    numbers = [one.fileno() for one in theirs]
    module, function = work.split(":")
    code = f"from {__name__} import fork; from {module} import {function}; fork({function}, {numbers})"
    # In a group of its own, which is ended as one.
    first = subprocess.Popen(  # noqa: S603 - this Python, and a module of ours
        [sys.executable, "-I", "-c", code], stdin=subprocess.DEVNULL, pass_fds=numbers, process_group=0
    )
    for one in theirs:
        one.close()
    kill, ended = partial(_kill, first), partial(_ended, first)
    lines = [Line(one.makefile("wb"), one.makefile("rb"), kill, ended) for one in ours]
    try:
        yield lines
    finally:
        for one, line in zip(ours, lines, strict=True):
            for end in (line.said, line.heard, one):
                with suppress(OSError):  # what could not be said any more is not missed
                    end.close()
        _ended(first)


def _kill(first: "subprocess.Popen[bytes]") -> None:
    if first.returncode is None:  # else its number may be somebody else's by now
        os.killpg(first.pid, signal.SIGKILL)


def _ended(first: "subprocess.Popen[bytes]") -> int:
    if first.returncode is None:
        try:
            first.wait(_TO_END)
        except subprocess.TimeoutExpired:
            _kill(first)
        if first.wait():  # it does not wait for the others where one ended badly
            with suppress(ProcessLookupError):
                os.killpg(first.pid, signal.SIGKILL)
    return first.wait()


# in the first of them


def fork(work: Callable[[IO[bytes], IO[bytes]], None], numbers: Sequence[int]) -> None:
    """Fork once for each of these lines, let each fork do its work, and wait for them; exits with the code of the first
    that ends badly."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever is at the keyboard means our parent, who ends us
    os.dup2(2, 1)  # what is printed here is nothing that our parent's command says
    gc.freeze()  # what is there by now stays: nobody looks through it again, and so its pages remain shared
    lines = [socket.socket(fileno=number) for number in numbers]
    for mine in lines:
        if os.fork() == 0:
            for other in lines:
                if other is not mine:
                    other.close()
            os._exit(_done(work, mine))
    for line in lines:
        line.close()
    for _ in lines:
        _, status = os.wait()
        if code := os.waitstatus_to_exitcode(status):
            sys.exit(code if code > 0 else _BY_SIGNAL - code)


def _done(work: Callable[[IO[bytes], IO[bytes]], None], line: socket.socket) -> int:
    """The code with which a fork ends; what went wrong is printed as where nobody catches it."""
    try:
        work(line.makefile("rb"), line.makefile("wb"))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()  # nothing else does, as a fork ends without all that an interpreter does at its end
    return 0
