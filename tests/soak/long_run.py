"""A hundred thousand messages in one go, while everything that could grow is looked at."""

import time as pause
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import redis
from sqlalchemy import make_url

from engine.storage.session import Database
from tests.faults.site import Site
from tests.servers.databases import postgres_url
from tests.servers.provider import Provider
from tests.servers.run import Run
from tests.soak.figures import Figures
from tests.soak.many import many

SAMPLES = 40
WARM = 0.25
# What may be between the end of the warm-up and the end: a leak of a hundred bytes a message would be ten megabytes.
MEGABYTES, HANDLES, KEYS, CONNECTIONS = 20, 6, 6, 4
PATIENCE = 7_200


@dataclass(frozen=True)
class Sample:
    """What everything held when so many messages had gone."""

    sent: int
    parent_mb: int
    children_mb: int
    beat_mb: int
    handles: int
    connections: int
    keys: int


def long_run(run: Run, home: Path, number: int) -> Figures:
    """Memory, connections, open files and keys stay where they are after the warm-up."""
    with postgres_url(run) as url, Provider() as stub:
        site = Site(Database(url), stub, run.server("redis", "soak"), home)
        many(site, number)
        samples: list[Sample] = []
        began = pause.monotonic()
        with site.worker() as worker, site.beat() as beat:
            while not samples or site.states()["approved"]:
                assert pause.monotonic() - began < PATIENCE, "the work does not come to an end"
                sent = _taken(site)
                if not samples or sent - samples[-1].sent >= number / SAMPLES:
                    samples.append(_look(site, worker.pid, beat.pid, sent))
                pause.sleep(0.5)
            samples.append(_look(site, worker.pid, beat.pid, _taken(site)))
        seconds = pause.monotonic() - began
        figures = _figures(site, number, samples, seconds)
        site.close()
        site.db.dispose()
    return figures


def _taken(site: Site) -> int:
    with (site.stub.home / "requests.log").open("rb") as log:
        return sum(1 for _ in log)


def _look(site: Site, worker: int, beat: int, sent: int) -> Sample:
    parent = psutil.Process(worker)
    children = parent.children()
    return Sample(
        sent,
        _megabytes(parent),
        max((_megabytes(child) for child in children), default=0),
        _megabytes(psutil.Process(beat)),
        max(one.num_fds() for one in (parent, *children)),
        _connections(site.db.url),
        _keys(site.broker),
    )


def _megabytes(process: psutil.Process) -> int:
    return int(process.memory_info().rss) >> 20


def _connections(url: str) -> int:
    address = make_url(url)
    with psycopg.connect(
        host=address.host, port=address.port, user=address.username, dbname="postgres", autocommit=True
    ) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [address.database]
        ).fetchone()
    return int(row[0]) if row else 0


def _keys(url: str) -> int:
    """Those without an end; Celery's own names of queues are among them."""
    with redis.Redis.from_url(url) as client:
        return sum(1 for key in client.scan_iter() if client.ttl(key) == -1)


def _figures(site: Site, number: int, samples: list[Sample], seconds: float) -> Figures:
    accepted = site.accepted()
    warm = next(one for one in samples if one.sent >= number * WARM)
    rest = [one for one in samples if one.sent >= warm.sent]
    figures = Figures("One worker with two children and beat; sampled from the first message to the last.")
    figures.add("messages", number)
    figures.promise("taken twice", sum(count - 1 for count in accepted.values()), 0)
    figures.promise("not taken", number - len(accepted), 0)
    figures.promise("unconfirmed", site.deliveries()["unconfirmed"], 0)
    figures.add("messages a second", f"{number / seconds:.0f}")
    for what, name, most in (
        ("MB of the worker", "parent_mb", MEGABYTES),
        ("MB of its largest child", "children_mb", MEGABYTES),
        ("MB of beat", "beat_mb", MEGABYTES),
        ("open files of any of them", "handles", HANDLES),
        ("connections to PostgreSQL", "connections", CONNECTIONS),
        ("keys in Redis without an end", "keys", KEYS),
    ):
        grown = max(getattr(one, name) for one in rest) - getattr(warm, name)
        figures.promise(f"{what}: {getattr(warm, name)} when warm; grown by", max(0, grown), most)
    shown = rest[:: max(1, len(rest) // 10)]
    figures.table(
        ("sent", "worker MB", "child MB", "beat MB", "files", "connections", "keys"),
        [
            (f"{one.sent:,}", one.parent_mb, one.children_mb, one.beat_mb, one.handles, one.connections, one.keys)
            for one in shown
        ],
    )
    return figures
