"""Handing over many at once: on threads, without the database, and with what may go wrong in between."""

import sqlite3
import threading
import time
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import event, func, select

from engine.send import sending, submitting
from engine.send.calls import MARGIN
from engine.send.claiming import LEASE
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from engine.send.recording import record_answers
from engine.send.submitting import begin_submitting
from engine.send.switch import stop_sending
from engine.storage.models import Delivery, Message
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.send.approved import (
    Ending,
    Stub,
    approved,
    approved_by_email,
    deliveries,
    hear_of_letting_go,
    message,
    states,
)


def accepted(outgoing: OutgoingMessage) -> Accepted:
    return Accepted(f"p-{outgoing.delivery_id}")


def test_a_channel_is_called_by_as_many_threads_as_it_allows(db: Database) -> None:
    """Three at once and never a fourth."""
    at_once, most, lock, together = 0, 0, threading.Lock(), threading.Barrier(3)

    def send(outgoing: OutgoingMessage) -> Accepted:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        together.wait(timeout=60)
        with lock:
            at_once -= 1
        return accepted(outgoing)

    for _ in range(6):
        approved(db)
    assert Ending(db, Stub(send, parallel=3)).send() == 6
    assert most == 3


def test_no_connection_is_held_while_a_channel_is_called(db: Database) -> None:
    """A provider that takes its time must not use up the database's connections."""
    held = []

    def send(outgoing: OutgoingMessage) -> Accepted:
        engines = (db._writer, db._durable, db._reader)
        held.append(sum(engine.pool.checkedout() for engine in engines))  # type: ignore[attr-defined]
        return accepted(outgoing)

    approved(db)
    Ending(db, Stub(send)).send()
    assert held == [0]


def test_one_commit_records_a_whole_batch(db: Database) -> None:
    """Ten messages: one commit of `submitting`, and one of all answers."""
    for _ in range(10):
        approved(db)
    ending, commits = Ending(db), []
    claims = ending.claim()
    event.listen(db._writer, "commit", commits.append)
    assert ending.submit(claims) == 10
    assert len(commits) == 2


def test_a_slow_answer_leaves_the_others_recorded(db: Database) -> None:
    """While the first is still thought about, the second is known to be accepted."""
    slow, quick = approved(db), approved(db, send_at=NOW)
    known = threading.Event()

    def send(outgoing: OutgoingMessage) -> Accepted:
        if outgoing.message_id == slow:
            assert known.wait(timeout=60)
        return accepted(outgoing)

    def look() -> None:
        while states(db, quick) != ["accepted"]:
            time.sleep(0.02)
        assert states(db, slow) == ["submitting"]
        known.set()

    watching = threading.Thread(target=look)
    watching.start()
    assert Ending(db, Stub(send, parallel=2)).send() == 2
    watching.join()
    assert (states(db, slow), known.is_set()) == (["accepted"], True)


def test_a_slow_channel_keeps_no_other(db: Database) -> None:
    """What becomes due for another channel meanwhile goes at once."""
    approved_by_email(db)
    gone = threading.Event()

    def slowly(outgoing: OutgoingMessage) -> Accepted:
        approved(db)
        assert gone.wait(timeout=60)
        return accepted(outgoing)

    def quickly(outgoing: OutgoingMessage) -> Accepted:
        gone.set()
        return accepted(outgoing)

    assert Ending(db, Stub(slowly, name="email"), others=(Stub(quickly),)).round() == 2


def test_an_answer_that_cannot_be_recorded_loses_no_other(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """All in one commit, and where that fails one by one."""
    bad, good = approved(db), approved(db)

    def record(session: object, answers: dict[UUID, object], **how: object) -> set[UUID]:
        if deliveries(db, bad)[0].id in answers:
            raise ValueError
        return record_answers(session, answers, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(submitting, "record_answers", record)
    assert Ending(db).send() == 1
    assert (states(db, bad), states(db, good)) == (["submitting"], ["accepted"])


def test_a_call_does_not_begin_so_short_before_the_end_of_its_lease(db: Database) -> None:
    """It could last longer than the grace that follows. Nothing was submitted, so it costs no attempt."""
    message_id = approved(db)
    ending = Ending(db)
    claims = ending.claim()
    with db.writing() as session:
        ready = begin_submitting(session, ending.sender, claims)
    ending.pass_time(seconds=(LEASE - MARGIN).total_seconds())
    with ending.sender.calls() as calls:
        calls.start(claims[0], ready[claims[0].delivery_id])
        assert submitting.finish(ending.sender, calls) == 0
    assert (ending.calls, deliveries(db, message_id)[0].reason) == ([], "lease_ended")
    kept = message(db, message_id)
    assert (kept.state, kept.attempts) == ("approved", 0)


def test_the_switch_takes_back_what_waits_for_its_call(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was claimed and submitted, and the channel is not called for it any more; what has begun is gone."""
    ids = [approved(db) for _ in range(4)]
    ending, let_go = Ending(db), hear_of_letting_go(monkeypatch)

    def pull(outgoing: OutgoingMessage) -> Accepted:
        let_go.clear()
        with db.writing() as session:
            stop_sending(session)
        assert let_go.wait(60)
        return accepted(outgoing)

    ending.channel = Stub(pull)
    assert ending.round() == 1
    assert len(ending.calls) == 1
    kept = [one for one in ids if one != ending.calls[0].message_id]
    assert {(states(db, one)[0], deliveries(db, one)[0].reason) for one in kept} == {("refused", "sending_stopped")}
    assert {(message(db, one).state, message(db, one).attempts) for one in kept} == {("approved", 0)}
    with db.writing() as session:
        stop_sending(session, False)
    ending.channel = Stub()
    assert ending.round() == 3


def test_a_worker_that_is_asked_to_stop_gives_back_what_it_has_not_begun(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call that is under way is heard to its end."""
    for _ in range(4):
        approved(db)
    stop, let_go = threading.Event(), hear_of_letting_go(monkeypatch)

    def send(outgoing: OutgoingMessage) -> Accepted:
        let_go.clear()
        stop.set()
        assert let_go.wait(60)
        return accepted(outgoing)

    ending = Ending(db, Stub(send))
    assert ending.round(stop.is_set) == 1
    ending.channel = Stub()
    assert ending.round() == 3


def test_a_round_that_lingers_sees_what_becomes_due(db: Database) -> None:
    """Approved while nothing else was to do: it goes with the next look, of which there are several a second, and not
    with the next sweep."""
    took, gone = [], threading.Event()

    def send(outgoing: OutgoingMessage) -> Accepted:
        took.append(time.monotonic())
        gone.set()
        return accepted(outgoing)

    def approve_soon() -> None:
        time.sleep(0.5)
        approved(db)
        took.append(time.monotonic())

    ending = Ending(db, Stub(send))
    thread = threading.Thread(target=approve_soon)
    thread.start()
    assert ending.round(gone.is_set, linger=120.0) == 1
    thread.join()
    assert sending.LOOK_SECONDS < 0.5
    assert took[-1] - took[0] < 20, "many looks, on a busy machine; the lingering ends much later"


def test_a_round_that_need_not_linger_ends_at_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line does what is due and says so: it sleeps not once."""
    slept: list[float] = []
    monkeypatch.setattr(sending, "time", SimpleNamespace(monotonic=time.monotonic, sleep=slept.append))
    assert Ending(db).round() == 0
    assert slept == []


def test_a_round_goes_through_everything(db: Database) -> None:
    """More than fits into one pair of hands, in two lanes and two channels."""
    ids = [approved(db) for _ in range(130)] + [approved_by_email(db) for _ in range(20)]
    ending = Ending(db, Stub(parallel=2), others=(Stub(name="email", parallel=2),))
    assert ending.round() == 150
    with db.reading() as session:
        assert {session.get_one(Message, one).state for one in ids} == {"handed_over"}
    calls = [call.message_id for channel in (ending.channel, *ending.others) for call in channel.calls]  # type: ignore[union-attr]
    assert sorted(calls) == sorted(ids)


def test_the_next_are_checked_while_others_are_in_the_air(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third call of a batch of four ends only when the half that was answered has been replaced; and never are
    there more than four of which nobody would know after a crash."""
    monkeypatch.setattr(sending, "BATCH", 4)
    for _ in range(12):
        approved(db)
    at_once = []

    def counted(*states: str) -> int:
        with db.reading() as session:
            counting = select(func.count()).select_from(Delivery).where(Delivery.state.in_(states))
            return session.scalar(counting) or 0

    def send(outgoing: OutgoingMessage) -> Accepted:
        at_once.append(counted("submitting"))
        ends = time.monotonic() + 60
        while len(at_once) == 3 and counted("submitting", "accepted") < 6:
            assert time.monotonic() < ends, "nothing was checked meanwhile"
            time.sleep(0.02)
        return accepted(outgoing)

    assert Ending(db, Stub(send)).round() == 12
    assert max(at_once) == 4


@pytest.mark.databases("sqlite")
def test_the_commit_before_a_real_call_survives_a_power_cut(db: Database) -> None:
    """SQLite forces it to the disk: synchronous FULL (2), where all other commits make do with NORMAL (1)."""
    seen = []
    for engine in (db._writer, db._durable):

        def look(connection: object) -> None:
            inner: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[attr-defined]
            seen.append(inner.execute("PRAGMA synchronous").fetchone()[0])

        event.listen(engine, "commit", look)
    approved(db)
    Ending(db).submit(Ending(db).claim())
    assert 2 not in seen
    seen.clear()
    approved_by_email(db)
    ending = Ending(db, Stub(name="email"))
    claims = ending.claim()
    seen.clear()
    ending.submit(claims)
    assert seen == [2, 1]


def test_what_was_accepted_by_a_provider_that_then_asks_for_a_pause_stays_accepted(db: Database) -> None:
    """A batch of all kinds of answers is recorded each by its own."""
    fine, gone, busy, unknown = (approved_by_email(db, f"{one}@example.com") for one in "abcd")
    answers: dict[UUID, Exception | None] = {
        fine: None,
        gone: Refused("no such user", permanent=True, whose="address"),
        busy: Refused("429", permanent=False, whose="provider"),
        unknown: TimeoutError(),
    }

    def send(outgoing: OutgoingMessage) -> Accepted:
        if error := answers[outgoing.message_id]:
            raise error
        return accepted(outgoing)

    together = threading.Barrier(4)

    def at_once(outgoing: OutgoingMessage) -> Accepted:
        together.wait(timeout=60)
        return send(outgoing)

    assert Ending(db, Stub(at_once, name="email", parallel=4)).send() == 1
    assert [states(db, one) for one in (fine, gone, busy, unknown)] == [
        ["accepted"],
        ["refused"],
        ["refused"],
        ["unconfirmed"],
    ]
    assert [message(db, one).state for one in (fine, gone, busy, unknown)] == [
        "handed_over",
        "skipped",
        "approved",
        "handed_over",
    ]
