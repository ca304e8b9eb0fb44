"""Who may hand over what: leases, fences, and two workers at once."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from engine.ids import new_id
from engine.send import submitting
from engine.send.claiming import LEASE, MAX_ATTEMPTS, Claim
from engine.send.outgoing import Accepted, Refused
from engine.storage.models import Delivery
from engine.storage.session import Database
from engine.storage.upsert import insert_new
from tests.engine.builders import NOW
from tests.engine.send.approved import MACHINE, Ending, Stub, approved, deliveries, message


def test_workers_at_once_share_the_work_and_double_none(db: Database) -> None:
    """Four workers that claim at the same time get each message once between them."""
    wanted = {approved(db) for _ in range(12)}
    ending, claims = Ending(db), list[Claim]()
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        while batch := ending.claim(name, limit=2):
            claims.extend(batch)

    workers = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(claim.message_id for claim in claims) == sorted(wanted)


def test_a_claim_that_comes_second_leaves_out_what_is_taken_and_takes_the_rest(db: Database) -> None:
    """A worker that looked before another one's commit inserts what is free, and is told which that is."""
    taken, free = approved(db), approved(db)
    same = {"channel": "postbox", "state": "claimed", "worker": "w", "lease_until": MACHINE, "claimed_at": NOW}
    rows = [{"id": new_id(), "message_id": one, "address": "", "fence": 1} for one in (taken, taken, free)]
    with db.writing() as session:
        assert insert_new(session, Delivery, rows, same=same) == {rows[0]["id"], rows[2]["id"]}
    assert [one.id for one in deliveries(db, taken)] == [rows[0]["id"]]


def test_the_database_refuses_a_second_open_delivery(db: Database) -> None:
    """UNIQUE decides, not care: as long as one may have arrived there is no other."""
    message_id = approved(db)
    Ending(db).claim()
    second = {"fence": 2, "worker": "w", "claimed_at": NOW, "lease_until": MACHINE, "state": "claimed"}
    with pytest.raises(IntegrityError), db.writing() as session:
        session.add(Delivery(id=new_id(), message_id=message_id, channel="postbox", address="", **second))


def test_a_claimed_message_is_not_claimed_again_while_its_lease_runs(db: Database) -> None:
    """Settling leaves it alone, too."""
    approved(db)
    ending = Ending(db)
    ending.claim()
    ending.pass_time(seconds=LEASE.total_seconds() - 1)
    assert (ending.settle(), ending.claim("two")) == (0, [])


def test_what_a_dead_worker_had_claimed_is_sent_after_its_lease(db: Database) -> None:
    """Nothing was submitted, so it is free again; the fence has risen."""
    message_id = approved(db)
    ending = Ending(db)
    ending.claim("dead")
    ending.pass_time(seconds=LEASE.total_seconds() + 1)
    assert ending.settle() == 1
    (claim,) = ending.claim("alive")
    assert (claim.fence, ending.submit([claim])) == (2, 1)
    assert [(d.state, d.reason) for d in deliveries(db, message_id)] == [("refused", "lease_ended"), ("accepted", None)]


def test_moving_the_demonstration_on_ends_no_lease(db: Database) -> None:
    """Leases run by the machine's clock: a day more for the customers is not a day more for the worker."""
    approved(db, expires_at=NOW + timedelta(days=5))
    ending = Ending(db)
    claims = ending.claim()
    ending.now += timedelta(days=1)
    assert ending.settle() == 0
    assert ending.submit(claims) == 1


def test_a_worker_that_slept_before_submitting_may_not_submit(db: Database) -> None:
    """Its lease is over: the check of the commit leaves its claims out, and nothing is said to have gone."""
    message_id = approved(db)
    ending = Ending(db)
    claims = ending.claim()
    ending.pass_time(seconds=LEASE.total_seconds() + 1)
    assert ending.submit(claims) == 0
    assert ending.calls == []
    assert ([d.state for d in deliveries(db, message_id)], message(db, message_id).state) == (["claimed"], "approved")


def test_a_claim_is_used_once(db: Database) -> None:
    """The provider was busy and the message waits for its next attempt; the old claim is worth nothing any more."""
    message_id = approved(db)

    def busy(outgoing: object) -> Accepted:
        raise Refused("busy", permanent=False)

    ending = Ending(db, Stub(busy))
    claims = ending.claim()
    ending.submit(claims)
    ending.submit(claims)
    assert len(ending.calls) == 1
    assert message(db, message_id).state == "approved"


def test_a_worker_with_an_old_fence_may_not_submit(db: Database) -> None:
    """Somebody else has the message by now; the zombie neither calls the channel nor changes a row."""
    message_id = approved(db)
    ending = Ending(db)
    old = ending.claim("zombie")
    ending.pass_time(seconds=LEASE.total_seconds() + 1)
    ending.settle()
    new = ending.claim("other")
    assert ending.submit(old) == 0
    assert [delivery.state for delivery in deliveries(db, message_id)] == ["refused", "claimed"]
    assert ending.submit(new) == 1


def test_a_worker_that_slept_after_submitting_calls_no_more(db: Database) -> None:
    """The lease is looked at again right before each call; who finds it over knows that nothing was taken, so it is
    tried again and not left unknown."""
    first, second = approved(db), approved(db, send_at=NOW)
    ending = Ending(db)

    def sleep(outgoing: object) -> object:
        ending.pass_time(seconds=LEASE.total_seconds() + 1)
        return Stub().answer(outgoing)  # type: ignore[arg-type]

    ending.channel = Stub(sleep)  # type: ignore[arg-type]
    assert ending.send() == 1
    assert [call.message_id for call in ending.calls] == [first]
    assert [(d.state, d.reason) for d in deliveries(db, second)] == [("refused", "lease_ended")]
    assert message(db, second).state == "approved"


def test_a_zombie_that_wakes_after_it_was_given_up_sends_nothing(db: Database) -> None:
    """R22: stopped between the commit of `submitting` and the call, thought dead, asked about, sent by another."""
    message_id = approved(db)
    ending = Ending(db)

    def woken(outgoing: object) -> object:
        raise AssertionError("the zombie called the channel")

    claims = ending.claim("zombie")
    sender = ending.sender
    with db.writing() as session:
        ready = submitting.begin_submitting(session, sender, claims)
    ending.pass_time(minutes=5)
    ending.channel.known = None  # type: ignore[union-attr]
    ending.settle()
    assert deliveries(db, message_id)[0].state == "unconfirmed"
    ending.channel = Stub(woken)  # type: ignore[arg-type]
    with ending.sender.calls() as calls:
        calls.start(claims[0], ready[claims[0].delivery_id])
        assert submitting.finish(ending.sender, calls) == 0
    assert (ending.calls, deliveries(db, message_id)[0].state) == ([], "unconfirmed")


def test_a_message_that_kills_its_worker_is_given_up_where_people_see_it(db: Database) -> None:
    """After so many attempts it ends as skipped, with a reason; a person who lets it go again starts afresh."""
    message_id = approved(db)
    ending = Ending(db)
    for _ in range(MAX_ATTEMPTS):
        assert len(ending.claim("killed")) == 1
        ending.pass_time(seconds=LEASE.total_seconds() + 1)
        ending.settle()
    assert ending.claim() == []
    assert (message(db, message_id).state, message(db, message_id).reason) == ("skipped", "gave_up")
    assert message(db, message_id).attempts == 0


def test_a_message_that_kills_its_worker_takes_no_other_with_it(db: Database) -> None:
    """After the first death all that travelled with it travel alone: only the poisoned one dies again."""
    poison = approved(db)
    others = {approved(db, send_at=NOW - timedelta(minutes=5) + timedelta(seconds=n)) for n in range(1, 4)}
    ending, gone = Ending(db), set[UUID]()
    for _ in range(20):
        batch = ending.claim()
        if poison in {claim.message_id for claim in batch}:
            ending.pass_time(seconds=LEASE.total_seconds() + 1)  # os._exit
        elif batch:
            ending.submit(batch)
            gone |= {claim.message_id for claim in batch}
        ending.settle()
    assert gone == others
    assert message(db, poison).reason == "gave_up"
