"""How much passes to a provider: a rate over all workers, a daily ramp, and a gate that closes while it cannot."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.send import gates
from engine.send.channels import Channel
from engine.send.gates import LONGEST_PAUSE, LONGEST_RETRY_AFTER, UNKNOWN_IN_A_ROW, admit, note_failure, note_success
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.send.approved import (
    MACHINE,
    Ending,
    Stub,
    approved,
    approved_by_email,
    change,
    deliveries,
    gate,
    message,
    states,
)


def email(answer: Callable[[OutgoingMessage], Accepted] | None = None, **fields: Any) -> Stub:
    return Stub(answer, name="email", **fields) if answer else Stub(name="email", **fields)


def refusing(*refusals: Refused) -> Stub:
    """Answers with these one after the other, and then accepts."""
    left = list(refusals)

    def send(outgoing: OutgoingMessage) -> Accepted:
        if left:
            raise left.pop(0)
        return Accepted("p")

    return email(send)


def busy(retry_after: float | None = None) -> Refused:
    return Refused("429", permanent=False, whose="provider", retry_after=retry_after)


def admitted(db: Database, wanted: int, seconds: float = 0.0, rate: float = 10.0, **how: Any) -> int:
    channel: Channel = email(rate=rate)
    with db.writing() as session:
        return admit(session, channel, wanted, machine=MACHINE + timedelta(seconds=seconds), **how)


def test_all_workers_together_keep_to_the_rate(db: Database) -> None:
    """Ten a second: what one worker took is not there for the other, and comes back with the seconds."""
    assert [admitted(db, 7), admitted(db, 7), admitted(db, 7)] == [7, 3, 0]
    assert [admitted(db, 7, seconds=0.25), admitted(db, 99, seconds=60)] == [2, 10]


def test_a_round_waits_for_the_rate(db: Database) -> None:
    """Seven are due and five a second pass: the round takes its time and leaves none behind."""
    for _ in range(7):
        approved_by_email(db)
    ending = Ending(db, email(rate=5.0))

    def time_passes() -> bool:
        ending.pass_time(seconds=0.1)
        return False

    assert ending.round(time_passes) == 7


def test_workers_at_once_take_no_token_twice(db: Database) -> None:
    """Eight that ask at the same instant get what one would."""
    got, start = list[int](), threading.Barrier(8)

    def ask() -> None:
        start.wait()
        got.append(admitted(db, 3))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got) == 10


def test_a_slow_channel_gets_whole_messages(db: Database) -> None:
    """One in ten seconds is one, not a tenth of one ten times."""
    assert [admitted(db, 5, seconds, rate=0.1) for seconds in (0, 5, 9.9, 10, 15, 20)] == [1, 0, 0, 1, 0, 1]


def test_a_clock_that_lags_gives_no_token_twice(db: Database) -> None:
    """The other worker's clock is two seconds behind: nothing is refilled for a time that has been counted. A clock set
    back by hours starts afresh."""
    assert admitted(db, 99, seconds=2) == 10
    assert [admitted(db, 99), admitted(db, 99, seconds=2)] == [0, 0]
    assert admitted(db, 99, seconds=-7200) == 0
    assert admitted(db, 99, seconds=-7199) == 10


def test_what_stays_in_the_house_has_no_gate(db: Database) -> None:
    """The postbox takes what it is given."""
    with db.writing() as session:
        assert admit(session, Stub(rate=0.001), 1_000, machine=MACHINE) == 1_000


def test_the_ramp_lets_so_many_go_a_day(db: Database) -> None:
    """Three today, whatever else is due, and three tomorrow."""
    for _ in range(5):
        approved_by_email(db, expires_at=NOW + timedelta(days=5))
    ending = Ending(db, email(), caps={"email": 3})
    assert [ending.round(), ending.round()] == [3, 0]
    ending.pass_time(days=1)
    assert ending.round() == 2


def test_what_may_not_go_or_was_refused_uses_up_no_ramp(db: Database) -> None:
    """Two that are hindered and one that the provider refuses leave the day's three to others."""
    for _ in range(2):
        approved_by_email(db, expires_at=NOW)
    for _ in range(4):
        approved_by_email(db, send_at=NOW, expires_at=NOW + timedelta(days=5))
    ending = Ending(db, refusing(Refused("no", permanent=True)), caps={"email": 3})
    assert ending.round() == 3
    assert gate(db).counted == 3


def test_a_busy_provider_is_left_alone_for_as_long_as_it_asked(db: Database) -> None:
    """Nobody calls it for 30 seconds, whichever worker; then one call is tried, and the rest goes."""
    ids = [approved_by_email(db) for _ in range(4)]
    ending = Ending(db, refusing(busy(30)))
    assert (ending.round(), len(ending.calls)) == (0, 1)
    ending.pass_time(seconds=29)
    assert (ending.round(), len(ending.calls)) == (0, 1)
    ending.pass_time(seconds=2)
    assert ending.round() == 4
    assert len(ending.calls) == 5
    assert {tuple(states(db, one))[-1] for one in ids} == {"accepted"}


def test_a_busy_provider_costs_no_message_an_attempt(db: Database) -> None:
    """It waits unharmed, as often as that may be, and its hour is not moved past its window."""
    message_id = approved_by_email(db)
    ending = Ending(db, refusing(*[busy()] * 20))
    for _ in range(20):
        ending.round()
        ending.machine += timedelta(minutes=10)
    waiting = message(db, message_id)
    assert (waiting.state, waiting.attempts, waiting.send_at) == ("approved", 0, NOW)
    assert states(db, message_id) == ["refused"] * 20
    assert ending.round() == 1


def test_a_message_that_its_provider_takes_for_its_own_fault_keeps_no_other(db: Database) -> None:
    """It goes behind the others, so that the next trial is made with another one."""
    bad = approved_by_email(db, "bad@example.com")
    ending = Ending(db)

    def send(outgoing: OutgoingMessage) -> Accepted:
        if outgoing.message_id == bad:
            raise busy()
        return Accepted("p")

    ending.channel = email(send)
    ending.round()
    good = approved_by_email(db)
    ending.pass_time(seconds=10)
    ending.round()
    assert states(db, good) == ["accepted"]


def test_an_absurd_retry_after_is_bounded(db: Database) -> None:
    """A thousand million seconds are an hour."""
    with db.writing() as session:
        note_failure(session, "email", "429", machine=MACHINE, retry_after=1e9)
    assert gate(db).closed_until == MACHINE + LONGEST_RETRY_AFTER


def test_the_gate_closes_for_longer_each_time_up_to_a_bound(db: Database) -> None:
    """1, 2, 4 seconds and so on, each up to half longer; never more than five minutes and a half of that."""
    machine, pauses = MACHINE, list[timedelta]()
    for _ in range(14):
        with db.writing() as session:
            note_failure(session, "email", "503", machine=machine)
        closed_until = gate(db).closed_until
        assert closed_until is not None
        pauses.append(closed_until - machine)
        machine = closed_until
    for failures, pause in enumerate(pauses):
        shortest = min(timedelta(seconds=2**failures), LONGEST_PAUSE)
        assert shortest <= pause <= shortest * 1.5


def test_one_trial_at_a_time_opens_the_gate(db: Database) -> None:
    """The time is over: one of three workers gets one message through; its success lets all pass."""
    with db.writing() as session:
        note_failure(session, "email", "503", machine=MACHINE)
    assert [admitted(db, 9), admitted(db, 9, 10), admitted(db, 9, 10), admitted(db, 9, 11)] == [0, 1, 0, 0]
    with db.writing() as session:
        note_success(session, "email", machine=MACHINE + timedelta(seconds=12))
    assert admitted(db, 9, 12) == 9


def test_a_trial_that_nobody_reports_on_is_made_again(db: Database) -> None:
    """The worker that made it died."""
    with db.writing() as session:
        note_failure(session, "email", "503", machine=MACHINE)
    assert [admitted(db, 9, 10), admitted(db, 9, 10 + gates.TRIAL.total_seconds())] == [1, 1]


def test_a_late_success_does_not_open_a_gate_that_was_just_closed(db: Database) -> None:
    """It answers a call from before; the provider asked for a pause since."""
    with db.writing() as session:
        note_failure(session, "email", "429", machine=MACHINE, retry_after=60)
        note_success(session, "email", machine=MACHINE + timedelta(seconds=1))
    assert admitted(db, 9, 2) == 0


def test_failures_of_calls_that_were_under_way_count_once(db: Database) -> None:
    """A hundred answers of 503 from one batch are one failure, not a hundred."""
    for _ in range(100):
        with db.writing() as session:
            note_failure(session, "email", "503", machine=MACHINE)
    assert gate(db).failures == 1


def test_answers_that_nobody_understands_close_the_gate(db: Database) -> None:
    """After a few in a row the others of the batch are not even tried: each could be one more that nobody knows of."""

    def hang_up(outgoing: OutgoingMessage) -> Accepted:
        raise ConnectionResetError

    ids = [approved_by_email(db) for _ in range(10)]
    ending = Ending(db, email(hang_up))
    assert ending.round() == 0
    assert len(ending.calls) == UNKNOWN_IN_A_ROW
    assert sorted(tuple(states(db, one)) for one in ids).count(("unconfirmed",)) == UNKNOWN_IN_A_ROW
    kept = [message(db, one) for one in ids if states(db, one) == ["refused"]]
    assert {(one.state, one.attempts) for one in kept} == {("approved", 0)}
    assert {deliveries(db, one.id)[0].reason for one in kept} == {"gate_closed"}
    closed_until = gate(db).closed_until
    assert closed_until is not None
    assert closed_until > ending.machine


def test_a_sensible_answer_ends_the_row(db: Database) -> None:
    """Two that nobody understands, an answer, and two more: the gate stays open."""
    answers = iter([TimeoutError(), TimeoutError(), None, TimeoutError(), TimeoutError()])

    def send(outgoing: OutgoingMessage) -> Accepted:
        if error := next(answers):
            raise error
        return Accepted("p")

    for _ in range(5):
        approved_by_email(db)
    Ending(db, email(send)).round()
    assert (gate(db).failures, gate(db).closed_until) == (2, None)


def test_a_closed_gate_keeps_no_other_channel(db: Database) -> None:
    """However much is due behind it."""
    held = [approved_by_email(db) for _ in range(5)]
    ending = Ending(db, refusing(busy(600)), others=(Stub(),))
    ending.round()
    free = approved(db)
    assert ending.round() == 1
    assert states(db, free) == ["accepted"]
    assert {message(db, one).state for one in held} == {"approved"}


def test_expiry_runs_on_behind_a_closed_gate(db: Database) -> None:
    """Late is worse than never, whoever is to blame."""
    message_id = approved_by_email(db, expires_at=NOW + timedelta(minutes=30))
    ending = Ending(db, refusing(busy()))
    ending.round()
    ending.pass_time(minutes=31)
    ending.round()
    assert (message(db, message_id).state, message(db, message_id).reason) == ("expired", "too_late")


@pytest.mark.parametrize("hindered", ["by its own", "by a text that cannot be made"])
def test_a_trial_that_is_not_made_leaves_its_turn_to_the_next(db: Database, hindered: str) -> None:
    """The message that was to be the trial may not go after all: the next one tries at once."""
    first = approved_by_email(db, send_at=NOW - timedelta(minutes=9))
    change(db, first, **({"expires_at": NOW} if hindered == "by its own" else {"number": 1}))
    second = approved_by_email(db)
    with db.writing() as session:
        note_failure(session, "email", "503", machine=MACHINE - timedelta(hours=1))
    ending = Ending(db, email())
    assert ending.round() == 1
    assert states(db, second) == ["accepted"]
