"""R1 to R5 and R22: workers that are killed, stopped, poisoned, or come back from the dead."""

import re
import signal
import time as pause
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psutil
import pytest
from sqlalchemy import select, text, update

from engine.send.outgoing import Refused
from engine.send.recording import record_refused
from engine.storage.models import Delivery, Revision
from engine.storage.session import Database
from tests.faults.site import Site, kill, settle
from tests.workers.celery_processes import PATIENCE, until
from workers.app import STOP_SECONDS

pytestmark = pytest.mark.databases("postgres")


def test_r1_killed_between_claim_and_submitting(site: Site) -> None:
    """Nothing was handed over, so it is free again when the lease ends, and goes once."""
    ids = site.due(3)
    with site.worker() as first:
        with site.locked(ids):
            site.ring()
            site.wait(claimed=3)
            kill(first)
        assert site.accepted() == {}
    site.end_leases()
    with site.worker("two"):
        site.sweep(accepted=3)
    site.all_is_well()
    assert [site.deliveries_of(one) for one in ids] == [[("refused", "lease_ended"), ("accepted", None)]] * 3


def test_r1_a_lease_that_runs_is_respected(site: Site) -> None:
    """As long as the killed worker might come back, nobody else takes its message."""
    ids = site.due(1)
    with site.worker() as first, site.locked(ids):
        site.ring()
        site.wait(claimed=1)
        kill(first)
    with site.worker("two"):
        with site.db.writing() as session:  # a minute from now, however long the second one took to start
            session.execute(update(Delivery).values(lease_until=datetime.now(UTC) + timedelta(minutes=1)))
        site.ring("jubilee.settle", "jubilee.send")
        pause.sleep(1.5)
    assert site.deliveries() == {"claimed": 1}
    assert site.accepted() == {}


def test_r2_killed_between_the_providers_yes_and_our_commit(site: Site) -> None:
    """Taken once, shown as unconfirmed, and never sent again by itself."""
    (one,) = site.due(1)
    site.stub.behave("accept_then_hang")
    with site.worker() as first:
        site.ring()
        until(lambda: site.accepted() == {str(one): 1})
        kill(first)
    assert site.deliveries() == {"submitting": 1}
    site.stub.behave("accept")
    site.end_leases()
    with site.worker("two"):
        site.sweep(unconfirmed=1)
        site.ring("jubilee.send", "jubilee.settle", "jubilee.send")
        pause.sleep(1)
    assert site.deliveries_of(one) == [("unconfirmed", "no answer was stored")]
    site.all_is_well(unconfirmed=1)


def test_r3_killed_three_times_in_the_middle_of_many(site: Site) -> None:
    """Of six hundred, none twice, none lost; of those in hand at a kill we may not know. `make soak` does 20,000."""
    site.due(600)
    for number, share in enumerate((40, 120, 200)):
        with site.worker(f"killed{number}") as process:
            site.ring("jubilee.send", "jubilee.send")
            # A kill may leave two hundred unconfirmed, so that a share is never reached: then what is left is in hand.
            until(lambda at=share: len(site.stub.accepted()) >= at or not site.states()["approved"])  # type: ignore[misc]
            kill(process)
        site.end_leases()
        settle(site)
    with site.worker("last"):
        site.sweep_until(lambda: site.states()["approved"] == 0 and not site.deliveries()["submitting"])
    site.all_is_well(unconfirmed=3 * 2 * 100)
    assert len(site.accepted()) + site.deliveries()["unconfirmed"] >= 600
    known = site.deliveries()["accepted"] + site.deliveries()["unconfirmed"]
    assert known == 600


def test_r4_stopped_for_a_deploy(site: Site) -> None:
    """SIGTERM with tasks running: what was begun is finished, the rest waits for the next worker, all is clear."""
    site.due(500)
    with site.worker() as process:
        site.ring()
        until(lambda: len(site.stub.accepted()) >= 20)
        began = pause.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert pause.monotonic() - began < STOP_SECONDS, "nothing was cut short, and no round was waited for"
    assert len(site.stub.accepted()) < 500, "the tasks heard of it and left the rest"
    assert set(site.deliveries()) <= {"accepted", "refused"}
    with site.worker("two"):
        site.sweep(accepted=500)
    site.all_is_well()


def test_r5_a_message_that_kills_its_worker(site: Site) -> None:
    """It is given up after its attempts, where people see it; the others go."""
    (poison, *others) = site.due(6)
    with site.db.writing() as session:
        session.execute(
            update(Revision)
            .where(Revision.message_id == poison)
            .values(texts={"email": {"subject": "POISON", "body": "Hello Ada"}})
        )
    env = site.env | {"JUBILEE_TEST_POISON": "POISON"}
    with site.worker(env=env | {"CELERY_APP": "tests.faults.poisoned"}):
        for _ in range(12):
            attempts = len(site.deliveries_of(poison))
            site.ring("jubilee.settle", "jubilee.send", "jubilee.send")
            until(lambda attempts=attempts: _settled(site, poison) or len(site.deliveries_of(poison)) > attempts)  # type: ignore[misc]
            pause.sleep(0.3)
            site.end_leases()
            site.try_again_now()
            if _settled(site, poison):
                break
        site.sweep_until(lambda: len(site.accepted()) == len(others))
    assert (site.message(poison).state, site.message(poison).reason) == ("skipped", "gave_up")
    assert len(site.deliveries_of(poison)) <= 5
    site.all_is_well()


def _settled(site: Site, message_id: UUID) -> bool:
    return site.message(message_id).state == "skipped"


def test_r22_a_worker_that_slept_past_its_lease(site: Site) -> None:
    """Asleep between its commit and the call; dealt with by others; woken: it hands over nothing, changes nothing."""
    (one,) = site.due(1)
    drowsy = site.env | {"CELERY_APP": "tests.faults.drowsy", "JUBILEE_TEST_DROWSY": "yes"}
    with site.worker(
        "one", "-c", "1", env=drowsy
    ) as process:  # one child: while it sleeps, rings go to the other worker
        site.ring()
        until(lambda: bool(_asleep(process.pid)))
        assert site.deliveries() == {"submitting": 1}
        (zombie,) = _asleep(process.pid)
        slept = pause.monotonic()
        site.end_leases()
        settle(site)
        assert site.deliveries() == {"unconfirmed": 1}
        with site.db.writing() as session:  # somebody found out that it did not arrive
            lost = session.scalars(select(Delivery.id)).one()
            record_refused(session, lost, Refused("said_lost", permanent=False), now=datetime.now(UTC))
        site.try_again_now()
        with site.worker("two"):
            site.sweep(accepted=1, refused=1)
        pause.sleep(max(0.0, 9 - (pause.monotonic() - slept)))  # its lease has ended for the machine's clock too
        zombie.send_signal(signal.SIGCONT)
        first = re.search(r"Task (jubilee.send\S+) received", site.log())
        assert first is not None
        until(lambda: f"Task {first[1]} succeeded" in site.log())
    assert site.accepted() == {str(one): 1}
    assert site.deliveries_of(one) == [("refused", "said_lost"), ("accepted", None)]
    site.all_is_well()


def _asleep(pid: int) -> list[psutil.Process]:
    return [one for one in psutil.Process(pid).children() if one.status() == psutil.STATUS_STOPPED]


def test_r22_a_worker_that_sleeps_with_a_lock_is_disconnected(db: Database) -> None:
    """A process that is stopped inside a transaction keeps its customers' locks: the server ends it after a while."""
    with db.reading() as session:
        assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "2min"
