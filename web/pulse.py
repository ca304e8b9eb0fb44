"""The one look at the database that all open pages of this process share, every two seconds while there are any.

A listener holds no connection and costs no statement. Where the database is away the pulse waits, longer each time, and
the listeners hear that somebody is still there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from web.queries.pulse import Snapshot

EVERY_SECONDS = 2.0
LONGEST_PAUSE = 30.0
HEARTBEAT_SECONDS = 15.0
MOST_LISTENERS = 300
log = structlog.get_logger()
Look = Callable[[Collection[UUID]], Snapshot]


@dataclass(eq=False)
class _Listener:
    message_id: UUID | None
    loop: asyncio.AbstractEventLoop
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Pulse:
    """Looks while somebody listens, and wakes the listeners when something is different."""

    def __init__(self, look: Look, *, every: float = EVERY_SECONDS, most: int = MOST_LISTENERS) -> None:
        self._look, self._every, self._most = look, every, most
        self._listeners: set[_Listener] = set()
        self._beating: asyncio.Task[None] | None = None
        self._closing = False
        self.latest: Snapshot | None = None

    @property
    def is_full(self) -> bool:
        """Whether nobody more may listen."""
        return self._closing or len(self._listeners) >= self._most

    def close(self) -> None:
        """Let every listener go: the process is about to stop."""
        self._closing = True
        for listener in list(self._listeners):
            listener.loop.call_soon_threadsafe(listener.news.set)

    async def listen(self, message_id: UUID | None, *, seconds: float) -> AsyncIterator[Snapshot | None]:
        """How things stand now and whenever they change; None where nothing did for a while. Ends after `seconds`."""
        loop = asyncio.get_running_loop()
        listener, ends = _Listener(message_id, loop), loop.time() + seconds
        # What others saw last may know nothing of this message: only the next look does.
        self._listeners.add(listener)
        try:
            if self.latest is not None and (message_id is None or message_id in self.latest.watched):
                listener.news.set()
            self._keep_beating(loop)
            while not self._closing and (left := ends - loop.time()) > 0:
                try:
                    await asyncio.wait_for(listener.news.wait(), min(HEARTBEAT_SECONDS, left))
                except TimeoutError:
                    self._keep_beating(loop)
                    yield None
                    continue
                listener.news.clear()
                if not self._closing and self.latest is not None:
                    yield self.latest
        finally:
            self._listeners.discard(listener)

    def _keep_beating(self, loop: asyncio.AbstractEventLoop) -> None:
        task = self._beating
        if task is None or task.done() or task.get_loop() is not loop:
            self._beating = loop.create_task(self._beat())

    async def _beat(self) -> None:
        pause = self._every
        while self._listeners and not self._closing:
            watched = frozenset(one.message_id for one in self._listeners if one.message_id is not None)
            try:
                found = await asyncio.to_thread(self._look, watched)
            except SQLAlchemyError as error:
                if pause == self._every:
                    log.warning("live_pages_wait", error=type(error).__name__)
                pause = min(LONGEST_PAUSE, pause * 2)
            else:
                pause = self._every
                if found != self.latest:
                    self.latest = found
                    for listener in self._listeners:
                        listener.news.set()
            await asyncio.sleep(pause)
