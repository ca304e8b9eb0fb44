"""Live updates from a real server: events come, nothing of a customer is in them, and a dead database ends nothing."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from engine.review.decisions import skip
from engine.review.taking import take
from engine.storage.models import Message, Person
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.web.conftest import NewBrowser
from tests.web.office import Office
from web.pulse import Pulse
from web.queries.pulse import Snapshot

pytestmark = pytest.mark.databases("sqlite")


@dataclass
class Stream:
    """Lines of one open answer."""

    lines: Iterator[str]

    def event(self, name: str) -> dict[str, object]:
        """The next event of this name."""
        for line in self.lines:
            if line == f"event: {name}":
                return dict(json.loads(next(self.lines).removeprefix("data: ")))
        raise AssertionError(f"no {name} came")


@pytest.fixture
def served(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=15)


@contextmanager
def listening(served: str, browser: NewBrowser, query: str = "") -> Iterator[Stream]:
    cookies = dict(browser("agent").cookies)
    with (
        httpx2.Client(cookies=cookies, timeout=60) as client,
        client.stream("GET", f"{served}/live{query}") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer.iter_lines())


def test_open_pages_hear_who_takes_and_what_is_decided(
    served: str, browser: NewBrowser, office: Office, db: Database
) -> None:
    """Within seconds, and without a customer's name."""
    with listening(served, browser) as stream:
        begin = stream.event("queue")
        assert (begin["to_read"], begin["questions"], begin["held"]) == (3, 1, {})
        with db.writing() as session:
            robin = session.query(Person).filter_by(role="marketing").one()
            take(session, office.orders, person=robin, now=NOW)
        held = stream.event("queue")["held"]
        who = {"id": str(robin.id), "by": "Robin Marketing", "since": NOW.isoformat()}
        assert held == {str(office.orders): who}
        with db.writing() as session:
            version = session.get_one(Message, office.birthday).version
            skip(session, office.birthday, version=version, reason="x", person=robin, now=NOW)
        told = stream.event("queue")
        assert told["decided"] == {str(office.birthday): "Skipped by Robin Marketing."}
        assert told["to_read"] == 2
        assert "Ben" not in json.dumps(told)


def test_an_open_message_hears_what_becomes_of_it(
    served: str, browser: NewBrowser, office: Office, db: Database
) -> None:
    """Its version, its state, and who holds it; nothing of others."""
    with listening(served, browser, f"?message={office.orders}") as stream:
        assert stream.event("message") == {"version": 2, "state": "in_review", "holder": ""}
        with db.writing() as session:
            robin = session.query(Person).filter_by(role="marketing").one()
            skip(session, office.orders, version=2, reason="x", person=robin, now=NOW)
        told = stream.event("message")
        assert told["state"] == "skipped"
    with listening(served, browser, f"?message={UUID(int=0)}") as stream:
        assert stream.event("message") == {"state": "gone"}


def test_a_stranger_hears_nothing(served: str) -> None:
    """They are asked to sign in."""
    answer = httpx2.get(f"{served}/live", follow_redirects=False)
    assert answer.status_code == 303


NOTHING = Snapshot(0, 0, {}, {}, {})


class Looks:
    """What the pulse would see: counts its looks, and fails while the database is away."""

    def __init__(self) -> None:
        self.count, self.away = 0, False
        self.now = NOTHING

    def __call__(self, watched: Collection[UUID]) -> Snapshot:
        self.count += 1
        if self.away:
            raise OperationalError("SELECT", {}, Exception("gone"))
        return self.now


def in_a_loop(work: Callable[[], Coroutine[None, None, Any]]) -> Any:
    """In a thread of its own: that of the tests may run a browser's loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()


async def hear(pulse: Pulse, into: list[Snapshot | None], seconds: float) -> None:
    async for news in pulse.listen(None, seconds=seconds):
        into.append(news)


def test_all_listeners_share_one_look() -> None:
    """Fifty cost as much as one, and when nobody listens nobody looks."""
    looks = Looks()

    async def run() -> list[list[Snapshot | None]]:
        pulse = Pulse(looks, every=0.1)
        heard: list[list[Snapshot | None]] = [[] for _ in range(50)]
        await asyncio.gather(*(hear(pulse, one, 2.0) for one in heard))
        assert not pulse._listeners
        before = looks.count
        await asyncio.sleep(0.35)
        assert looks.count <= before + 1
        return heard

    heard = in_a_loop(run)
    assert all(NOTHING in one for one in heard)
    assert 2 <= looks.count <= 50, "of each alone it would be a thousand"


def test_a_database_that_is_away_ends_no_listening() -> None:
    """When it is back, the news comes."""
    looks = Looks()
    looks.away = True
    back = Snapshot(7, 0, {}, {}, {})

    async def run() -> list[Snapshot | None]:
        pulse, heard = Pulse(looks, every=0.05), []

        async def until_back() -> None:
            async for news in pulse.listen(None, seconds=60):
                heard.append(news)
                if news == back:
                    return

        listening = asyncio.create_task(until_back())
        while looks.count < 3:
            await asyncio.sleep(0.05)
        assert [news for news in heard if news is not None] == []
        looks.away, looks.now = False, back
        await listening
        return heard

    assert back in in_a_loop(run)


def test_no_more_than_so_many_listen_and_all_are_let_go_at_the_end() -> None:
    """Who comes too late is told not to try again; closing ends every listening at once."""
    looks = Looks()

    async def run() -> None:
        pulse = Pulse(looks, every=0.05, most=2)
        both = [asyncio.create_task(hear(pulse, [], 30)) for _ in range(2)]
        await asyncio.sleep(0.1)
        assert pulse.is_full
        pulse.close()
        await asyncio.wait_for(asyncio.gather(*both), 20)

    in_a_loop(run)


def test_a_full_house_is_no_error(app: FastAPI, browser: NewBrowser) -> None:
    """204: the browser stops asking, and the page works on."""
    app.state.pulse = Pulse(lambda _: NOTHING, most=0)
    assert browser("agent").get("/live").status_code == 204
