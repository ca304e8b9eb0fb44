"""The calls of one process: threads that go on whatever happens, and answers that are taken together."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from engine.ids import new_id
from engine.send.calls import Calls
from engine.send.claiming import LEASE, Claim
from engine.send.outgoing import Accepted, OutgoingMessage
from engine.send.recording import NotCalled, Unknown
from tests.engine.send.approved import MACHINE, Stub


def _calls(channel: Stub) -> Calls:
    return Calls({channel.name: channel}, lambda: MACHINE)


def _start(calls: Calls, number: int, lasts: timedelta = LEASE) -> None:
    for _ in range(number):
        ids = {"message_id": new_id(), "delivery_id": new_id()}
        words = dict.fromkeys(("recipient_name", "sender_name", "subject", "text", "html", "occasion"), "-")
        claim = Claim(ids["delivery_id"], ids["message_id"], "postbox", 1, MACHINE + lasts)
        calls.start(claim, OutgoingMessage(**ids, address="a", **words))


def _raising(error: BaseException) -> Callable[[OutgoingMessage], Accepted]:
    def send(outgoing: OutgoingMessage) -> Accepted:
        del outgoing
        raise error

    return send


def test_no_error_ends_a_thread() -> None:
    """What waits behind it is called all the same, and each has its answer: here that nobody knows."""
    channel = Stub(_raising(SystemExit()))
    with _calls(channel) as calls:
        _start(calls, 2)
        answers = calls.answers(most=2, within=10)
    assert [one.answer for one in answers] == [Unknown("BaseException")] * 2
    assert len(channel.calls) == 2


def test_answers_come_when_they_are_so_many_or_the_time_is_over() -> None:
    """Two of three at once; the third takes its time, and nobody waits for it longer than they said."""
    go = threading.Event()

    def send(outgoing: OutgoingMessage) -> Accepted:
        if len(channel.calls) == 3:
            go.wait(20)
        return Accepted(str(outgoing.delivery_id))

    channel = Stub(send)
    with _calls(channel) as calls:
        _start(calls, 3)
        assert len(calls.answers(most=2, within=20)) == 2
        assert calls.answers(most=1, within=0.05) == []
        assert calls.under_way() == 1
        go.set()
        began = time.monotonic()
        assert len(calls.answers(most=100, within=20)) == 1
        assert time.monotonic() - began < 10
    assert calls.under_way() == 0


def test_what_waits_is_not_called_when_its_worker_breaks_off() -> None:
    """Nobody would record the answers: it is not known of more than had begun."""
    go, begun = threading.Event(), threading.Event()

    def send(outgoing: OutgoingMessage) -> Accepted:
        begun.set()
        go.wait(20)
        return Accepted(str(outgoing.delivery_id))

    channel = Stub(send)
    with suppress(KeyError), _calls(channel) as calls:
        _start(calls, 3)
        begun.wait(20)
        raise KeyError
    go.set()
    time.sleep(0.2)
    assert len(channel.calls) == 1


def test_one_that_came_too_late_says_nothing_of_its_provider() -> None:
    """It was never called, so that it neither follows answers that nobody understands nor ends their row."""
    channel = Stub(_raising(TimeoutError()))
    with _calls(channel) as calls:
        _start(calls, 2)
        _start(calls, 1, lasts=timedelta(0))
        _start(calls, 2)
        answers = [one.answer for one in calls.answers(most=5, within=10)]
    assert [type(one) for one in answers] == [Unknown, Unknown, NotCalled, Unknown, NotCalled]
