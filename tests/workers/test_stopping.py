"""The flag that tells tasks to leave off: the children of a worker see it too, and a killed one takes nothing along."""

import os
import signal

from workers.stopping import Stopping


def test_a_child_sees_what_its_parent_set() -> None:
    """Only the parent hears the signal; the children do the work."""
    stopping = Stopping()
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        before = stopping.is_set()
        os.write(ready[1], b".")
        os.read(go[0], 1)
        os._exit(0 if not before and stopping.is_set() else 1)
    os.read(ready[0], 1)
    stopping.set()
    os.write(go[1], b".")
    assert os.waitpid(child, 0)[1] == 0


def test_a_child_that_is_killed_while_looking_blocks_nobody() -> None:
    """It looks again and again, without a lock that it could take along."""
    stopping = Stopping()
    child = os.fork()
    while child == 0:
        stopping.is_set()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    stopping.set()
    assert stopping.is_set()
    stopping.clear()
    assert not stopping.is_set()
