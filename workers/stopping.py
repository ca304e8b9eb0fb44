"""Whether this worker is about to stop: then a task finishes its batch and leaves the rest to the next sweep.

The flag lies in memory that a prefork worker shares with its children: only the parent hears the signal, and it is the
children who work. One byte needs no lock, which a child that is killed could take along.
"""

import mmap


class Stopping:
    """Set by the parent, seen by every child that was forked after this module was imported."""

    def __init__(self) -> None:
        self._flag = mmap.mmap(-1, 1)

    def set(self) -> None:
        """From now on every task leaves off after the batch in its hands."""
        self._flag[0] = 1

    def clear(self) -> None:
        """Work again, in a process that goes on."""
        self._flag[0] = 0

    def is_set(self) -> bool:
        """Whether to leave off."""
        return self._flag[0] == 1


stopping = Stopping()
