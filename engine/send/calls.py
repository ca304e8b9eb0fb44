"""Calls channels on threads, several at a time and without the database, and collects the answers as they come.

Right before each call the worker looks whether it may still make it: by the lease, and by what the calls before met.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Condition
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog

from engine.send.channels import Channel
from engine.send.claiming import Claim
from engine.send.gates import UNKNOWN_IN_A_ROW
from engine.send.outgoing import OutgoingMessage, Refused
from engine.send.recording import Answer, NotCalled, Unknown

log = structlog.get_logger()

LEASE_ENDED = "lease_ended"
GATE_CLOSED = "gate_closed"
# A call that begins so short before the end of its lease may still end before anybody takes it for lost: the lease is
# followed by a grace, in which a call that had begun ends.
MARGIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one claim."""

    delivery_id: UUID
    channel: str
    answer: Answer


class Calls:
    """The calls that are under way in this process. Used by one thread, which starts them and takes the answers.

    Looking at the machine's clock is enough to know that the lease still runs: a delivery in `submitting` is given to
    nobody else. When its lease has ended it becomes `unconfirmed`, which is never sent again by itself; and a provider
    is asked about it only after the grace. So the worst that a worker can do that falls asleep between this look and
    its call is to hand over late what nobody else hands over.
    """

    def __init__(self, channels: Mapping[str, Channel], machine: Callable[[], datetime]) -> None:
        self._channels = channels
        self._machine = machine
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._under_way: Counter[str] = Counter()
        self._at_work: Counter[str] = Counter()  # threads by channel
        # What follows is shared with the threads, under one lock. Whoever waits for answers is woken once for all that
        # it wants: being woken for each costs about as much as a call to a provider that answers at once.
        self._lock = Condition()
        self._waiting: defaultdict[str, deque[tuple[Claim, OutgoingMessage]]] = defaultdict(deque)
        self._answered: list[Answered] = []
        self._wanted = 0
        self._unknown: Counter[str] = Counter()  # answers in a row that nobody understands
        self._no_more: dict[str, str] = {}  # channel -> why it is not called for what waits here

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._waiting.clear()
        for pool in self._pools.values():
            pool.shutdown(wait=False)

    def start(self, claim: Claim, message: OutgoingMessage) -> None:
        """Have the channel called as soon as a thread is free. A thread goes on for as long as something waits."""
        name, parallel = claim.channel, self._channels[claim.channel].parallel
        if not self._under_way[name]:  # whoever started this knows what the calls before met
            self._forget(name)
        if name not in self._pools:
            self._pools[name] = ThreadPoolExecutor(parallel, thread_name_prefix=f"send-{name}")
        self._under_way[name] += 1
        with self._lock:
            self._waiting[name].append((claim, message))
            comes = self._at_work[name] < parallel
            self._at_work[name] += comes
        if comes:
            self._pools[name].submit(self._work, name)

    def under_way(self, channel: str | None = None) -> int:
        """How many answers are still to come."""
        return self._under_way.total() if channel is None else self._under_way[channel]

    def is_giving_up(self, channel: str) -> bool:
        """Whether what waits for this channel here will come back uncalled."""
        return channel in self._no_more and self._under_way[channel] > 0

    def let_go(self, reason: str) -> None:
        """Answer everything that waits here without calling: calls that have begun go on."""
        with self._lock:
            for name in self._pools:
                self._no_more.setdefault(name, reason)

    def answers(self, *, most: int, within: float) -> list[Answered]:
        """The answers that are there, once they are so many, or none is to come, or so many seconds have passed."""
        with self._lock:
            self._wanted = min(most, self.under_way())
            self._lock.wait_for(lambda: len(self._answered) >= self._wanted, within)
            taken, self._answered = self._answered[:most], self._answered[most:]
        self._under_way.subtract(one.channel for one in taken)
        return taken

    def _work(self, name: str) -> None:
        """One thread's work. No error ends it: what waits behind would never be called, and its answer never come."""
        while (following := self._next(name)) is not None:
            claim, message = following
            answer: Answer = Unknown("BaseException")
            with suppress(BaseException):
                answer = self._hand_over(claim, message)
            with self._lock:
                self._learn(name, answer)
                self._answered.append(Answered(claim.delivery_id, name, answer))
                if len(self._answered) >= self._wanted:
                    self._lock.notify()

    def _next(self, name: str) -> tuple[Claim, OutgoingMessage] | None:
        with self._lock:
            if self._waiting[name]:
                return self._waiting[name].popleft()
            self._at_work[name] -= 1
            return None

    def _hand_over(self, claim: Claim, message: OutgoingMessage) -> Answer:
        if reason := self._why_not(claim):
            return NotCalled(reason)
        return self._call(claim, message)

    def _why_not(self, claim: Claim) -> str | None:
        if self._machine() + MARGIN >= claim.lease_until:
            log.warning("lease_ended_before_calling", delivery=str(claim.delivery_id))
            return LEASE_ENDED
        return self._no_more.get(claim.channel)  # one look needs no lock

    def _call(self, claim: Claim, message: OutgoingMessage) -> Answer:
        try:
            return self._channels[claim.channel].send(message)
        except Refused as refusal:
            return refusal
        except Exception as error:  # whatever it was: it may have been taken
            log.warning("delivery_unconfirmed", delivery=str(claim.delivery_id), error=type(error).__name__)
            return Unknown(type(error).__name__)

    def _learn(self, channel: str, answer: Answer) -> None:
        """A provider that cannot now, or that nobody understands, is not called for the rest of the batch: each call
        could leave one more message of which we don't know."""
        if isinstance(answer, NotCalled):
            return
        self._unknown[channel] = self._unknown[channel] + 1 if isinstance(answer, Unknown) else 0
        cannot_now = isinstance(answer, Refused) and answer.whose == "provider"
        if cannot_now or self._unknown[channel] >= UNKNOWN_IN_A_ROW:
            self._no_more.setdefault(channel, GATE_CLOSED)

    def _forget(self, channel: str) -> None:
        with self._lock:
            self._unknown[channel] = 0
            self._no_more.pop(channel, None)
