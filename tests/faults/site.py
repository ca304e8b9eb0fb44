"""An installation on trial: PostgreSQL, Redis, the provider stub and real workers, and the five questions asked after
every fault: nothing twice, nothing lost, nothing that was not to go, every step on record, and soon enough.
"""

import contextlib
import os
import signal
import subprocess
import time as pause
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import func, make_url, select, update

from engine import rounds
from engine.plan.times import recompute_send_times
from engine.rounds import Jubilee
from engine.send.channels import open_channels
from engine.settings import Settings
from engine.storage.models import ContactPoint, Customer, Delivery, Gate, Message, Moment, Trigger
from engine.storage.session import Database
from tests.engine.builders import make_customer, make_trigger
from tests.engine.send.approved import approve
from tests.servers.provider import Provider
from tests.workers.celery_processes import PATIENCE, beat, environment, until, worker
from triggers.table import KINDS
from workers.app import make_app

# Where a message may rest. `unconfirmed` and the reasons of the others are shown to people.
SETTLED = {"handed_over", "closed", "skipped", "expired", "cancelled"}


def in_one_day() -> dict[str, Any]:
    """The hours of a message that may go at any time today, by the machine's clock."""
    now = datetime.now(UTC)
    day = {"window_start": time(0), "window_end": time(0), "zone": "UTC", "send_on": now.date()}
    return day | {"send_at": now - timedelta(hours=1), "release_at": now, "expires_at": now + timedelta(days=2)}


@dataclass
class Site:
    """`workers` and `beat` start real processes; whatever is still running at the end is killed."""

    db: Database
    stub: Provider
    broker: str
    home: Path
    more: dict[str, str] = field(default_factory=dict)

    @cached_property
    def env(self) -> dict[str, str]:
        """What production would say: SendGrid, at the stub's address, live."""
        return environment(
            self.db.url,
            self.broker,
            self.home,
            SENDGRID_API_KEY="SG.test",
            SENDGRID_URL=self.stub.url,
            SENDGRID_RATE="10000",
            EMAIL_FROM="team@shop.example",
            POSTAL_ADDRESS="1 High Street",
            PUBLIC_URL="https://jubilee.example",
            SECRET_KEY="k" * 40,
            LIVE="true",
            SPREAD_MINUTES="0",
            **self.more,
        )

    @contextlib.contextmanager
    def here(self) -> Iterator[Jubilee]:
        """The same installation inside this process, for rounds that need no worker of their own."""
        with _environment(self.env):
            configuration = Settings()
            channels = open_channels(configuration)
        database = Database(self.db.url)
        try:
            yield Jubilee(database, KINDS, channels, configuration)
        finally:
            database.dispose()
            for channel in channels.values():
                channel.close()

    # What there is to do

    def due(self, count: int = 1, **fields: Any) -> list[UUID]:
        """Approved mails to as many customers, that may go now."""
        day = in_one_day()
        with self.db.writing() as session:
            recompute_send_times(session, now=datetime.now(UTC))  # as an installation that has planned before
            trigger = session.scalars(select(Trigger)).first() or make_trigger(session)
            ids = []
            for _ in range(count):
                customer = make_customer(session, zone="UTC")
                customer_email(session, customer)
                ids.append(approve(session, customer, trigger, channel="email", **day | fields).id)
            session.execute(update(Moment).values(expires_at=day["expires_at"], send_on=day["send_on"]))
        return ids

    # Who does it

    @contextlib.contextmanager
    def worker(
        self, name: str = "one", *options: str, queues: str = "send,listen", env: dict[str, str] | None = None
    ) -> Any:
        """A worker as in production; its log lies in the home folder."""
        log = self.home / f"{name}.log"
        with worker(env or self.env, log, "-n", f"{name}@%h", *options, queues=queues) as process:
            yield process

    @contextlib.contextmanager
    def beat(self, name: str = "beat") -> Any:
        """A schedule as in production."""
        with beat(self.env, self.home / f"{name}.log") as process:
            yield process

    def log(self, name: str = "one") -> str:
        """What this worker said."""
        return (self.home / f"{name}.log").read_text()

    def ring(self, *tasks: str) -> None:
        """Publish these, as pages and beat do."""
        for task in tasks or ("jubilee.send",):
            self._app.send_task(task, ignore_result=True, retry=False)

    @cached_property
    def _app(self) -> Any:
        return make_app(Settings(broker_url=self.broker), socket_seconds=2)

    # What becomes of it

    def states(self) -> Counter[str]:
        """How many messages are in which state."""
        return self._count(Message.state)

    def deliveries(self) -> Counter[str]:
        """How many deliveries are in which state."""
        return self._count(Delivery.state)

    def message(self, message_id: UUID) -> Message:
        """One message as it is now."""
        with self.db.reading() as session:
            found = session.get_one(Message, message_id)
            session.expunge(found)
            return found

    def deliveries_of(self, message_id: UUID) -> list[tuple[str, str | None]]:
        """State and reason of its deliveries, in the order of the claims."""
        wanted = select(Delivery.state, Delivery.reason).where(Delivery.message_id == message_id)
        with self.db.reading() as session:
            return [(state, reason) for state, reason in session.execute(wanted.order_by(Delivery.fence))]

    def accepted(self) -> Counter[str]:
        """Message id -> how often the provider took it."""
        return Counter(self.stub.accepted())

    def wait(self, seconds: float = PATIENCE, **states: int) -> None:
        """Until so many deliveries are in these states, without a ring."""
        until(lambda: self._are(states), seconds)

    def sweep(self, seconds: float = PATIENCE, **states: int) -> None:
        """The same, while the sweeps are rung for again and again, as beat does."""
        self.sweep_until(lambda: self._are(states), seconds)

    def sweep_until(self, true: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Ring twice a second until it is true. A ring may go to a worker that is stopped, or come before another's."""
        ends = pause.monotonic() + seconds
        while not true():
            assert pause.monotonic() < ends, f"waited in vain: {self.states()} {self.deliveries()}"
            self.ring("jubilee.settle", "jubilee.send")
            pause.sleep(0.5)

    def _are(self, states: dict[str, int]) -> bool:
        found = self.deliveries()
        return all(found[state] == count for state, count in states.items())

    # What moves the clock

    def end_leases(self) -> None:
        """As if the minutes had passed in which a worker may come back."""
        past = datetime.now(UTC) - timedelta(minutes=10)
        with self.db.writing() as session:
            session.execute(update(Delivery).where(Delivery.lease_until > past).values(lease_until=past))

    def try_again_now(self) -> None:
        """As if the pauses had passed: of messages that wait after a refusal, and of closed gates."""
        past = datetime.now(UTC) - timedelta(minutes=1)
        with self.db.writing() as session:
            session.execute(update(Message).where(Message.state == "approved").values(send_at=past))
            session.execute(update(Gate).values(closed_until=past, trial_until=None, tokens=1_000))

    @contextlib.contextmanager
    def locked(self, message_ids: Sequence[UUID]) -> Iterator[Any]:
        """Hold the lock of these messages' customers: a worker that has claimed them waits before the second check.
        Yields the session that holds it, so that something may be changed meanwhile."""
        with self.db.writing() as session:
            of = select(Message.customer_id).where(Message.id.in_(message_ids))
            session.execute(select(Customer.id).where(Customer.id.in_(of)).with_for_update()).all()
            yield session

    # The five questions

    def nothing_twice(self) -> None:
        """I1: the provider took no message more than once."""
        assert [one for one, count in self.accepted().items() if count > 1] == []

    def nothing_lost(self) -> None:
        """I2: every message rests somewhere, and whatever the provider took has a delivery that says so."""
        with self.db.reading() as session:
            states = dict(session.execute(select(Message.id, Message.state)).all())
            told = {
                str(one)
                for one in session.scalars(
                    select(Delivery.message_id).where(
                        Delivery.state.in_(("submitting", "accepted", "delivered", "unconfirmed", "bounced"))
                    )
                )
            }
        assert {state for state in states.values() if state not in SETTLED} == set()
        assert set(self.accepted()) <= told

    def nothing_that_was_not_to_go(self) -> None:
        """I3: what the provider took had been approved, and released."""
        taken = [UUID(one) for one in self.accepted()]
        with self.db.reading() as session:
            unapproved = session.scalar(
                select(func.count()).where(Message.id.in_(taken), Message.approved_at.is_(None))
            )
        assert unapproved == 0

    def every_step_on_record(self) -> None:
        """I4: each hand-over has its delivery, with the worker and the times."""
        with self.db.reading() as session:
            rows = session.execute(select(Delivery.state, Delivery.worker, Delivery.claimed_at, Delivery.submitting_at))
            for state, who, claimed_at, submitting_at in rows:
                assert who
                assert claimed_at
                assert submitting_at or state in ("claimed", "refused")

    def all_is_well(self, *, unconfirmed: int = 0) -> None:
        """All of them; at most so many of which we don't know."""
        self.nothing_twice()
        self.nothing_lost()
        self.nothing_that_was_not_to_go()
        self.every_step_on_record()
        assert self.deliveries()["unconfirmed"] <= unconfirmed

    def _count(self, column: Any) -> Counter[str]:
        with self.db.reading() as session:
            return Counter(dict(session.execute(select(column, func.count()).group_by(column)).all()))

    def close(self) -> None:
        """Let go of what this process opened."""
        if "_app" in self.__dict__:
            self._app.close()


def customer_email(session: Any, customer: Customer) -> None:
    """An address of this customer alone."""
    session.add(ContactPoint(customer_id=customer.id, channel="email", address=f"{customer.external_id}@example.com"))


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill -9 a worker with its children, as a machine that fails does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def settle(site: Site) -> None:
    """One round of settling, here."""
    with site.here() as jubilee:
        rounds.settle(jubilee)


def terminate_backends(url: str) -> None:
    """End every connection to this database, in the middle of whatever it does."""
    address = make_url(url)
    with psycopg.connect(
        host=address.host, port=address.port, user=address.username, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [address.database]
        )


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update({name: value for name, value in values.items() if name.startswith("JUBILEE_")})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def today() -> date:
    """The machine's day."""
    return datetime.now(UTC).date()
