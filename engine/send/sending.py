"""One worker's round of sending: it looks what is due, claims, has the channels called and records the answers, for as
long as it is asked to. While one channel is slow the others go on.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.send.calls import Calls
from engine.send.claiming import BATCH, Door, claim_due, with_due
from engine.send.submitting import Sender, finish, start, store
from engine.send.switch import STOPPED, halts

STOPPING = "worker_stopping"
PAUSE_BEGAN = "pause_began"
# How long a message that has become due may wait for being seen, and answers for being recorded.
LOOK_SECONDS = 0.2
# How long what is due and cannot be claimed is tried: a gate that lets few pass lets the next one pass soon.
WAIT_SECONDS = 1.5


def send_due(sender: Sender, worker: str, *, enough: Callable[[], bool], linger: float = 0.0) -> int:
    """Hand over what is due; how many messages a channel accepted. Where nothing is due any more it looks again and
    again until it has been at it for `linger` seconds, so that an approved message need not wait for the next sweep.
    """
    until = busy_at = time.monotonic()
    until += linger
    with sender.calls() as calls:
        this = _Round(sender, calls, worker)
        try:
            while not enough():
                due = this.look()
                if this.take(due) or calls.under_way():
                    this.record()
                    busy_at = time.monotonic()
                elif time.monotonic() < max(until, busy_at + WAIT_SECONDS if due else 0.0):
                    time.sleep(LOOK_SECONDS)
                else:
                    break
        finally:  # what waits here uncalled goes back, what has begun is heard to the end
            calls.let_go(STOPPING)
            this.accepted += finish(sender, calls)
    return this.accepted


class _Round:
    def __init__(self, sender: Sender, calls: Calls, worker: str) -> None:
        self.accepted = 0
        self._sender = sender
        self._calls = calls
        self._doors = [Door(worker, channel, cap=sender.caps.get(name)) for name, channel in sender.channels.items()]
        self._strangers: list[Door] = [Door(worker, not_of=tuple(sender.channels))]
        self._pauses: object = self

    def look(self) -> list[Door]:
        """The doors through which something may be claimed now. The switch also takes back what has been claimed and
        waits for its call, and so does a new "not now": it is claimed anew, and what is not meant goes then."""
        with self._sender.db.reading() as session:
            stopped, newest = halts(session)
            if stopped:
                self._calls.let_go(STOPPED)
                return []
            if newest != self._pauses:
                self._calls.let_go(PAUSE_BEGAN)
                self._pauses = newest
            now, machine = self._sender.now(session), self._sender.machine()
            due = with_due(session, [*self._free(), *self._strangers], now=now, machine=machine)
        if not any(door.channel is None for door in due):
            self._strangers = []  # nobody makes new ones every moment: looked at once a round
        return due

    def take(self, due: Sequence[Door]) -> bool:
        """Claim through one door after the other and have the channels called, each in commits of its own."""
        taken = False
        for door in due:
            alone = not self._calls.under_way()
            with self._sender.db.writing() as session:
                now, machine = self._sender.now(session), self._sender.machine()
                claims = claim_due(session, replace(door, alone=alone), now=now, machine=machine)
            if claims:
                taken = True
                start(self._sender, self._calls, claims)
            if any(
                claim.alone for claim in claims
            ):  # it may kill this process: nothing else is begun before it is over
                self.accepted += finish(self._sender, self._calls)
        return taken

    def record(self) -> None:
        """Record the answers that are there before long."""
        self.accepted += store(self._sender, self._calls.answers(most=BATCH, within=LOOK_SECONDS))

    def _free(self) -> list[Door]:
        """The doors with room for half a batch; less is not worth the trouble. What is in the air, or answered and not
        recorded, fills it: a crash never leaves more than a batch unconfirmed."""
        names = [(door, door.channel.name) for door in self._doors if door.channel]
        rooms = [
            (door, BATCH - self._calls.under_way(name)) for door, name in names if not self._calls.is_giving_up(name)
        ]
        return [replace(door, limit=room) for door, room in rooms if room >= BATCH // 2]
