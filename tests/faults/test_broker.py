"""R6 to R8: Redis is emptied, killed, away, or says nothing. The database is the calendar: everything goes, once."""

import os
import signal
import subprocess
import sys
import time as pause
from pathlib import Path

import pytest
import redis

from engine import bell
from engine.storage.session import Database
from tests.faults.site import Site
from tests.servers.provider import Provider
from tests.servers.redis import RedisServer
from tests.servers.run import ROOT
from tests.workers.celery_processes import until

pytestmark = pytest.mark.databases("postgres")

# What a page does: commit something, ring after it, and answer. Prints the seconds of each, and how often it asked
# Redis: a page that does not ask waits for nobody, however slow the machine is.
PAGE = """
import sys, time
import workers.app
from engine import bell
from engine.settings import settings
from engine.storage.session import Database
db, asked = Database(settings().database), []
publish = bell._bell.publisher
bell.hang(lambda task: asked.append(task) or publish(task))
for _ in range(int(sys.argv[1])):
    began = time.monotonic()
    with db.writing() as session:
        session.connection()
        bell.ring(session, "jubilee.send")
    print("took", time.monotonic() - began, len(asked))
    asked.clear()
"""
LONGEST = 30.0  # of a page that waits for Redis on a busy machine; without a limit of its own it would wait for ever


@pytest.fixture
def site(db: Database, stub: Provider, own_redis: RedisServer, tmp_path: Path) -> Site:
    """An installation with a Redis of its own."""
    return Site(db, stub, own_redis.url(), tmp_path)


def pages(site: Site, count: int) -> list[tuple[float, int]]:
    """How long so many requests took that commit and ring, and how often each asked Redis."""
    ran = subprocess.run(
        [sys.executable, "-c", PAGE, str(count)], cwd=ROOT, env=site.env, capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in ran.stdout.splitlines() if line.startswith("took")]
    return [(float(seconds), int(asked)) for _, seconds, asked in lines]


def only_the_first_waits(took: list[tuple[float, int]]) -> bool:
    """It asks Redis, and after that the bell is silent for a while: nobody else asks until that is over."""
    asking = 1 + sum(seconds for seconds, _ in took) // bell.SILENT_SECONDS
    return took[0][1] == 1 and sum(asked for _, asked in took) <= asking and max(took)[0] < LONGEST


def test_r6_emptied_with_everything_queued(site: Site, own_redis: RedisServer) -> None:
    """Every ring is gone, and the names of the queues with them; the sweeps find all of it by themselves."""
    site.due(150)
    site.ring(*["jubilee.send"] * 150)
    with redis.Redis.from_url(own_redis.url()) as client:
        client.flushall()
    with site.worker(), site.beat():
        until(lambda: len(site.stub.accepted()) >= 20)
        with redis.Redis.from_url(own_redis.url()) as client:
            client.flushall()
        site.due(20)
        site.wait(accepted=170)
    site.all_is_well()


def test_r7_killed_and_back_without_its_data(site: Site, own_redis: RedisServer) -> None:
    """While it is away, a request waits a moment at most, the others not at all; once it is back, everything goes."""
    with site.worker(), site.beat():
        site.due(5)
        site.wait(accepted=5)
        own_redis.kill()
        site.due(20)
        assert only_the_first_waits(pages(site, 20))
        pause.sleep(2)
        own_redis.start()
        site.wait(accepted=25)
    site.all_is_well()


def test_r8_silent(site: Site, own_redis: RedisServer) -> None:
    """It takes connections and says nothing: requests wait a moment at most, and the workers go on by themselves."""
    with site.worker(), site.beat():
        site.due(5)
        site.wait(accepted=5)
        os.kill(own_redis.pid, signal.SIGSTOP)
        site.due(5)
        took = pages(site, 20)
        pause.sleep(5)
        os.kill(own_redis.pid, signal.SIGCONT)
        assert only_the_first_waits(took)
        site.wait(accepted=10)
    site.all_is_well()
