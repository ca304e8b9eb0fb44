"""Sending by HTTP and by SMTP with every check, beside a bare loop over the same client, and beside a peer.

All on one machine, one PostgreSQL, in one run. Ours is one process that claims, checks again, commits `submitting`,
submits and records; beside the peer, two. The bare loop claims 100, renders, submits by the same channel object and
records, one commit for 100, and checks nothing. The peer is django-post_office with a Celery worker of two processes on
the same SMTP sink.
"""

import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psutil
from jinja2.sandbox import ImmutableSandboxedEnvironment
from sqlalchemy import create_engine, func, select, text

from benchmarks._messages import ADDRESS, make_approved
from engine import rounds
from engine.ids import new_id
from engine.rounds import Jubilee
from engine.send.channels import Channel, open_channels
from engine.send.outgoing import OutgoingMessage
from engine.settings import Settings
from engine.storage.migrate import upgrade
from engine.storage.models import Delivery
from engine.storage.session import Database
from engine.write.markdown import lay_out_email, to_html, to_text
from tests.servers.postgres import PostgresServer, create_database
from tests.servers.provider import Provider
from tests.servers.redis import RedisServer
from tests.servers.smtp_sink import SmtpSink
from triggers.table import KINDS

COUNT = int(os.environ.get("JUBILEE_BENCH_MESSAGES", "3000"))
TIMES = 3
CLAIM = 100
GOALS = "   goals: 0.70 of the bare loop by HTTP, 0.50 by SMTP, 2.00 times the peer; memory flat"
BODY = "Hello {{ first_name }},\n\nhappy birthday to you!\n\nKim"
RATE = "10000"


def run() -> None:
    """Print messages per second, the ratios, and the memory of the sending process by quarters of the run."""
    with tempfile.TemporaryDirectory(prefix="jubilee-bench-") as home, _servers() as (postgres, provider, sink, redis):
        for name, environment, goal in (
            ("http", _by_http(provider), "bare"),
            ("smtp", _by_smtp(sink), "bare and peer"),
        ):
            with _environment(environment):
                pairs = [_compare(postgres, Path(home), f"{name}{turn}") for turn in range(TIMES)]
            _report(name, pairs)
            if "peer" in goal:
                with _environment(environment):
                    teams = [_team(postgres, Path(home), f"{name}_two_{turn}") for turn in range(TIMES)]
                peers = [_peer(postgres, redis, sink, turn) for turn in range(TIMES)]
                _line(name, "ours, two procs", teams, ",.0f")
                _line(name, "peer/s", peers, ",.0f")
                _line(name, "times the peer", [team / peer for team, peer in zip(teams, peers, strict=True)])
    print(GOALS)


@contextmanager
def _servers() -> Iterator[tuple[PostgresServer, Provider, SmtpSink, RedisServer]]:
    servers = (PostgresServer(), Provider(), SmtpSink(keep=False), RedisServer())
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.close()


def _by_http(provider: Provider) -> dict[str, str]:
    return {"SENDGRID_API_KEY": "SG.bench", "SENDGRID_URL": provider.url, "SENDGRID_RATE": RATE}


def _by_smtp(sink: SmtpSink) -> dict[str, str]:
    return {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port), "SMTP_TLS": "none", "SMTP_RATE": RATE}


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    fixed = {
        "LIVE": "true",
        "PUBLIC_URL": "https://care.example.com",
        "EMAIL_FROM": "care@example.com",
        "POSTAL_ADDRESS": "1 High Street, Springfield",
    }
    before = dict(os.environ)
    os.environ.update({f"JUBILEE_{name}": value for name, value in (fixed | more).items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _compare(postgres: PostgresServer, home: Path, name: str) -> tuple[float, float, list[int]]:
    """Ours and the bare loop in turn: messages per second of each, and our resident memory in MB by quarters."""
    database = f"bench_{name}"
    create_database(postgres.url(database))
    url = postgres.url(database)
    upgrade(url)
    settings = Settings(home=home, database_url=url)
    channels = open_channels(settings)
    db = Database(url)
    make_approved(db, COUNT)
    memory: list[int] = []
    ours = _timed(lambda: _ours(Jubilee(db, KINDS, channels, settings), memory))
    bare = _timed(lambda: _bare(url, channels["email"]))
    for channel in channels.values():
        channel.close()
    db.dispose()
    return ours, bare, memory


def _team(postgres: PostgresServer, home: Path, name: str) -> float:
    """Messages per second of two processes of ours together, as a worker of two children, and as the peer has."""
    url = postgres.url(f"bench_{name}")
    create_database(url)
    upgrade(url)
    db = Database(url)
    make_approved(db, COUNT)
    db.dispose()
    settings = Settings(home=home, database_url=url)
    two = [multiprocessing.get_context("fork").Process(target=_one_of_two, args=(settings,)) for _ in range(2)]

    def send() -> int:
        for process in two:
            process.start()
        for process in two:
            process.join()
        with Database(url).reading() as session:
            gone = select(func.count()).select_from(Delivery).where(Delivery.state == "accepted")
            return session.scalar(gone) or 0

    return _timed(send)


def _one_of_two(settings: Settings) -> None:
    rounds.send(Jubilee(Database(settings.database), KINDS, open_channels(settings), settings), str(os.getpid()))


def _timed(send: Callable[[], int]) -> float:
    begun = time.perf_counter()
    sent = send()
    seconds = time.perf_counter() - begun
    if sent != COUNT:
        raise SystemExit(f"{sent} of {COUNT} messages were accepted")
    return COUNT / seconds


def _ours(jubilee: Jubilee, memory: list[int]) -> int:
    process, rounds_seen = psutil.Process(), [0]

    def look() -> bool:
        rounds_seen[0] += 1
        if rounds_seen[0] % 10 == 1:
            memory.append(process.memory_info().rss)
        return False

    return rounds.send(jubilee, "bench", look)


def _bare(url: str, channel: Channel) -> int:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bare (id uuid PRIMARY KEY, address text, first_name text, state text)"))
        rows = [{"id": new_id(), "address": ADDRESS.format(number=number)} for number in range(COUNT)]
        connection.execute(text("INSERT INTO bare VALUES (:id, :address, 'Ada', 'due')"), rows)
    template = ImmutableSandboxedEnvironment().from_string(BODY)
    sent = 0
    while True:
        with engine.begin() as connection:
            due = connection.execute(
                text("SELECT * FROM bare WHERE state = 'due' LIMIT :n FOR UPDATE SKIP LOCKED"), {"n": CLAIM}
            ).all()
            for row in due:
                channel.send(_rendered(template.render(first_name=row.first_name), row.id, row.address))
            connection.execute(
                text("UPDATE bare SET state = 'sent' WHERE id = ANY(:ids)"), {"ids": [row.id for row in due]}
            )
        if not due:
            engine.dispose()
            return sent
        sent += len(due)


def _rendered(body: str, message_id: UUID, address: str) -> OutgoingMessage:
    return OutgoingMessage(
        message_id=message_id,
        delivery_id=message_id,
        address=address,
        recipient_name="Ada",
        sender_name="Kim, Our shop",
        subject="Happy birthday",
        text=to_text(body),
        html=lay_out_email(to_html(body), "Happy birthday", "", "You receive this because.", "en"),
        occasion="birthday",
    )


def _peer(postgres: PostgresServer, redis: RedisServer, sink: SmtpSink, turn: int) -> float:
    """Messages per second from the first to the last that arrived at the sink."""
    database = f"peer_{turn}"
    create_database(postgres.url(database))
    before = len(sink.accepted())
    arguments = [postgres.url(database), redis.url(turn + 1), str(sink.port), str(COUNT)]
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks._post_office", *arguments],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as peer:
        assert peer.stdin
        assert peer.stdout
        if peer.stdout.readline().strip() != b"queued":
            raise SystemExit("the peer did not start: pip install '.[bench]'")
        ends = time.monotonic() + 300
        while len(sink.accepted()) - before < COUNT and time.monotonic() < ends:
            time.sleep(0.5)
        peer.stdin.close()
        peer.wait(30)
    times = [mail["at"] for mail in sink.mails()[before:]]
    if len(times) != COUNT:
        raise SystemExit(f"the peer sent {len(times)} of {COUNT}")
    return COUNT / (max(times) - min(times))


def _report(name: str, pairs: list[tuple[float, float, list[int]]]) -> None:
    _line(name, "ours/s", [ours for ours, _, _ in pairs], ",.0f")
    _line(name, "bare/s", [bare for _, bare, _ in pairs], ",.0f")
    _line(name, "ratio", [ours / bare for ours, bare, _ in pairs])
    last = pairs[-1][2]
    quarters = [last[len(last) * part // 4] // 1_000_000 for part in range(4)] + [last[-1] // 1_000_000]
    print(f"   {name:5} memory MB by quarters: {', '.join(map(str, quarters))}")


def _line(name: str, label: str, values: list[float], form: str = ".2f") -> None:
    print(f"   {name:5} {label:15} min {min(values):{form}}  median {statistics.median(values):{form}}")
