"""What every fault is tried on: `site`, and `own_redis` where a test stops or empties it."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.storage.session import Database
from tests.faults.site import Site
from tests.servers.provider import Provider
from tests.servers.redis import RedisServer
from tests.servers.server import ServerFailed


@pytest.fixture(scope="session")
def running_stub() -> Iterator[Provider]:
    with Provider() as stub:
        yield stub


@pytest.fixture
def stub(running_stub: Provider) -> Provider:
    """A provider that takes everything, and whose list begins here."""
    running_stub.behave("accept")
    (running_stub.home / "requests.log").write_text("")
    return running_stub


@pytest.fixture
def site(db: Database, stub: Provider, redis_url: str, tmp_path: Path) -> Iterator[Site]:
    """An installation with nothing to do yet."""
    site = Site(db, stub, redis_url, tmp_path)
    yield site
    site.close()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis of this test alone, which it may stop and empty."""
    own = RedisServer().start()
    try:
        yield own
    finally:
        with contextlib.suppress(ServerFailed):  # it may be one that the test ended
            os.kill(own.pid, signal.SIGCONT)
        own.close()
