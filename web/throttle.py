"""Slows down guessing of machines' keys and of customers' links: failures are counted per key and address, and per
address. These cannot be guessed in any number of tries, so each process counts for itself; tries of passwords are
counted in the database (engine/people/tries.py).
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

WINDOW_SECONDS = 5 * 60
PER_ACCOUNT = 5
PER_ADDRESS = 30
MOST_REMEMBERED = 20_000


class Throttle:
    """Remembers failures for five minutes, in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[Hashable, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def allows(self, account: str, address: str) -> bool:
        """Whether another try may be made. The answer is the same for accounts that do not exist."""
        with self._lock:
            return self._count((account, address)) < PER_ACCOUNT and self._count(address) < PER_ADDRESS

    def failed(self, account: str, address: str) -> None:
        """Count one failure."""
        now = self._clock()
        with self._lock:
            for key in ((account, address), address):
                self._failures.setdefault(key, deque(maxlen=PER_ADDRESS)).append(now)
                self._failures.move_to_end(key)
            while len(self._failures) > MOST_REMEMBERED:
                self._failures.popitem(last=False)

    def _count(self, key: Hashable) -> int:
        tries = self._failures.get(key)
        if tries is None:
            return 0
        while tries and tries[0] <= self._clock() - WINDOW_SECONDS:
            tries.popleft()
        if not tries:
            del self._failures[key]
        return len(tries)
