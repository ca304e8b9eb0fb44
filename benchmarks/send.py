"""Sending by HTTP and by SMTP with every check, beside a bare loop over the same client, and beside a peer.

All on one machine, one PostgreSQL, in one run; JUBILEE_BENCH_PARTS names some of http, smtp and peer. Ours is one
process that claims, checks again, commits `submitting`, submits and records. The bare loop claims 100, renders, submits
by the same channel object and records, one commit for 100, and checks nothing. Both go in turn, a piece of the messages
each, so that they meet the same machine, after a few that warm both up; besides the rates it is told what each took of
the processor, which other work on the machine changes less, and with ours what PostgreSQL and the taker took. The
takers (`_takers.py`) cost as little as they can and see to it that every message came once. PostgreSQL has counted its
tables, as in any installation that has run for a minute: without that its plans are those of empty ones.

By SMTP also in two processes, beside the peer on the same sink, each from its first mail at the sink to its last: ours,
the bare loop, which nobody who sends from Python by this sink can be faster than, and django-post_office with a Celery
worker of two processes.
"""

import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

import psutil
from jinja2.sandbox import ImmutableSandboxedEnvironment
from sqlalchemy import create_engine, text

from benchmarks._messages import ADDRESS, make_approved
from benchmarks._takers import HttpTaker, MailTaker, Taker
from engine import rounds
from engine.ids import new_id
from engine.rounds import Jubilee
from engine.send.channels import Channel, open_channels
from engine.send.outgoing import OutgoingMessage
from engine.settings import Settings
from engine.storage.migrate import upgrade
from engine.storage.session import Database
from engine.write.markdown import lay_out_email, to_both
from tests.servers.postgres import PostgresServer, create_database
from tests.servers.redis import RedisServer
from tests.servers.server import Server
from triggers.table import KINDS

COUNT = int(os.environ.get("JUBILEE_BENCH_MESSAGES", "3000"))
PARTS = os.environ.get("JUBILEE_BENCH_PARTS", "http,smtp,peer").split(",")
TIMES = int(os.environ.get("JUBILEE_BENCH_TIMES", "3"))
PIECE = 1_000
# Sent by both before anything is measured: statements are made and read, connections opened, once in a process's life.
WARM = 200
CLAIM = 100
GOALS = "   goals: 0.70 of the bare loop by HTTP, 0.50 by SMTP, 2.00 times the peer; memory flat"
BODY = "Hello {{ first_name }},\n\nhappy birthday to you!\n\nKim"
RATE = "10000"


@dataclass
class Spent:
    """What so many messages took, in seconds: of the clock, and of the processor by our process and by the servers."""

    servers: Sequence[Server]
    messages: int = 0
    wall: float = 0.0
    cpu: float = 0.0
    served: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.messages / self.wall

    @property
    def each(self) -> float:
        """Milliseconds of the processor for a message."""
        return self.cpu / self.messages * 1_000

    def by(self, server: int) -> float:
        """The same by one of the servers."""
        return sum(self.served[server :: len(self.servers)]) / self.messages * 1_000

    def on(self, messages: int, send: Callable[[], int]) -> None:
        """Add what sending these took."""
        before = [_processor(server) for server in self.servers]
        wall, cpu = time.perf_counter(), time.process_time()
        sent = send()
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu
        self.served += [_processor(server) - was for server, was in zip(self.servers, before, strict=True)]
        self.messages += messages
        if sent != messages:
            raise SystemExit(f"{sent} of {messages} messages were accepted")


def _processor(server: Server) -> float:
    """The seconds of the processor that a server took, with its children that are gone."""
    main, times = psutil.Process(server.pid), []
    for one in (*main.children(recursive=True), main):  # who ends meanwhile is among those that are gone
        with suppress(psutil.NoSuchProcess):
            times.append(one.cpu_times())
    return sum(one.user + one.system for one in times) + times[-1].children_user + times[-1].children_system


def run() -> None:
    """Print messages per second, the ratios, and the memory of the sending process."""
    with tempfile.TemporaryDirectory(prefix="jubilee-bench-") as home, _servers() as (postgres, provider, sink, redis):
        takers: tuple[tuple[Taker, dict[str, str]], ...] = ((provider, _by_http(provider)), (sink, _by_smtp(sink)))
        for taker, environment in takers:
            if taker.name in PARTS:
                with _environment(environment):
                    _report(taker.name, [_compare(postgres, taker, Path(home), turn) for turn in range(TIMES)])
                taker.times(0)
        if "peer" in PARTS:
            with _environment(_by_smtp(sink)):
                _report_peer([_beside_the_peer(postgres, redis, sink, Path(home), turn) for turn in range(TIMES)])
    print(GOALS)


@contextmanager
def _servers() -> Iterator[tuple[PostgresServer, HttpTaker, MailTaker, RedisServer]]:
    servers = (PostgresServer(), HttpTaker(), MailTaker(), RedisServer())
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.close()


def _by_http(provider: HttpTaker) -> dict[str, str]:
    return {"SENDGRID_API_KEY": "SG.bench", "SENDGRID_URL": provider.url, "SENDGRID_RATE": RATE}


def _by_smtp(sink: MailTaker) -> dict[str, str]:
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


def _compare(postgres: PostgresServer, taker: Taker, home: Path, turn: int) -> tuple[Spent, Spent, list[int]]:
    """Ours and the bare loop, piece by piece in turn, and our resident memory."""
    url = _database(postgres, f"bench_{taker.name}_{turn}")
    settings = Settings(home=home, database_url=url)
    channels = open_channels(settings)
    db = Database(url)
    jubilee = Jubilee(db, KINDS, channels, settings)
    memory: list[int] = []
    ours, bare = Spent((postgres, taker)), Spent((postgres, taker))
    _make_bare(url, WARM + COUNT)
    make_approved(db, WARM)
    Spent(()).on(WARM, lambda: _ours(jubilee, []))
    Spent(()).on(WARM, partial(_bare, url, channels["email"], WARM))
    for at in range(0, COUNT, PIECE):
        piece = min(PIECE, COUNT - at)
        make_approved(db, piece, first=WARM + at)
        _count_rows(url)
        ours.on(piece, lambda: _ours(jubilee, memory))
        bare.on(piece, partial(_bare, url, channels["email"], piece))
    for channel in channels.values():
        channel.close()
    db.dispose()
    return ours, bare, memory


def _database(postgres: PostgresServer, name: str) -> str:
    url = postgres.url(name)
    create_database(url)
    upgrade(url)
    return url


def _count_rows(url: str) -> None:
    """Have the server count its tables, as it does by itself where it has run for a minute: its plans go by that."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _beside_the_peer(
    postgres: PostgresServer, redis: RedisServer, sink: MailTaker, home: Path, turn: int
) -> tuple[float, float, float]:
    """Messages per second at the sink: of two processes of ours, as a worker of two children, of two bare loops, and of
    the peer's two processes."""
    url = _database(postgres, f"bench_two_{turn}")
    settings = Settings(home=home, database_url=url)
    db = Database(url)
    make_approved(db, COUNT)
    db.dispose()
    _count_rows(url)
    _make_bare(url, COUNT)
    ours = _at_the_sink(sink, lambda: _in_two(_one_of_ours, settings))
    bare = _at_the_sink(sink, lambda: _in_two(_one_bare, settings))
    return ours, bare, _at_the_sink(sink, lambda: _peer(postgres, redis, sink, turn))


def _at_the_sink(sink: MailTaker, send: Callable[[], None]) -> float:
    """Messages per second from the first to the last that arrived."""
    before = sink.taken
    send()
    times = sink.times(before)
    if len(times) != COUNT:
        raise SystemExit(f"{len(times)} of {COUNT} messages arrived")
    return COUNT / (max(times) - min(times))


def _in_two(work: Callable[[Settings], None], settings: Settings) -> None:
    two = [multiprocessing.get_context("fork").Process(target=work, args=(settings,)) for _ in range(2)]
    for process in two:
        process.start()
    for process in two:
        process.join()


def _one_of_ours(settings: Settings) -> None:
    rounds.send(Jubilee(Database(settings.database), KINDS, open_channels(settings), settings), str(os.getpid()))


def _one_bare(settings: Settings) -> None:
    _bare(settings.database, open_channels(settings)["email"], COUNT)


def _ours(jubilee: Jubilee, memory: list[int]) -> int:
    sent = rounds.send(jubilee, "bench")
    memory.append(psutil.Process().memory_info().rss)
    return sent


def _make_bare(url: str, count: int) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bare (id uuid PRIMARY KEY, address text, first_name text, state text)"))
        rows = [{"id": new_id(), "address": ADDRESS.format(number=number)} for number in range(count)]
        connection.execute(text("INSERT INTO bare VALUES (:id, :address, 'Ada', 'due')"), rows)
    engine.dispose()


def _bare(url: str, channel: Channel, most: int) -> int:
    engine = create_engine(url)
    template = ImmutableSandboxedEnvironment().from_string(BODY)
    sent = 0
    while sent < most:
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
            break
        sent += len(due)
    engine.dispose()
    return sent


def _rendered(body: str, message_id: UUID, address: str) -> OutgoingMessage:
    html, plain = to_both(body)  # as ours does: it reads the text once for both
    return OutgoingMessage(
        message_id=message_id,
        delivery_id=message_id,
        address=address,
        recipient_name="Ada",
        sender_name="Kim, Our shop",
        subject="Happy birthday",
        text=plain,
        html=lay_out_email(html, "Happy birthday", "", "You receive this because.", "en"),
        occasion="birthday",
    )


def _peer(postgres: PostgresServer, redis: RedisServer, sink: MailTaker, turn: int) -> None:
    """Have the peer send as many, and wait until they have arrived."""
    database = f"peer_{turn}"
    create_database(postgres.url(database))
    before = sink.taken
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
        while sink.taken - before < COUNT and time.monotonic() < ends:
            time.sleep(0.5)
        peer.stdin.close()
        peer.wait(120)


def _report(name: str, runs: list[tuple[Spent, Spent, list[int]]]) -> None:
    _line(name, "ours/s", [ours.rate for ours, _, _ in runs], ",.0f")
    _line(name, "bare/s", [bare.rate for _, bare, _ in runs], ",.0f")
    _line(name, "ratio", [ours.rate / bare.rate for ours, bare, _ in runs])
    _line(name, "ours, CPU ms", [ours.each for ours, _, _ in runs])
    _line(name, "bare, CPU ms", [bare.each for _, bare, _ in runs])
    for number, server in enumerate(("PostgreSQL", "its taker")):
        _line(name, f"{server} for ours", [ours.by(number) for ours, _, _ in runs])
    _line(name, "taker for bare", [bare.by(1) for _, bare, _ in runs])
    memory = ", ".join(str(size // 1_000_000) for size in runs[-1][2])
    print(f"   {name:5} memory MB after each {PIECE:,}: {memory}")


def _report_peer(trios: list[tuple[float, float, float]]) -> None:
    for number, label in enumerate(("ours, two procs", "bare, two procs", "peer/s")):
        _line("smtp", label, [trio[number] for trio in trios], ",.0f")
    _line("smtp", "times the peer", [ours / peer for ours, _, peer in trios])
    _line("smtp", "bare, times it", [bare / peer for _, bare, peer in trios])


def _line(name: str, label: str, values: list[float], form: str = ".2f") -> None:
    print(f"   {name:5} {label:19} min {min(values):{form}}  median {statistics.median(values):{form}}", flush=True)
