"""What the provider says, what it does not say, and what is known afterwards."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from engine.send import submitting
from engine.send.claiming import MAX_ATTEMPTS
from engine.send.outgoing import Accepted, NotTaken, Refused
from engine.send.recording import record_accepted, record_answers, record_refused, record_unconfirmed
from engine.send.submitting import begin_submitting
from engine.storage.models import Delivery
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.send.approved import Ending, Stub, approved, deliveries, message, moment, postbox


def raising(error: Exception) -> Stub:
    def send(outgoing: object) -> Accepted:
        raise error

    return Stub(send)


def states(db: Database, message_id: object) -> list[str]:
    return [delivery.state for delivery in deliveries(db, message_id)]  # type: ignore[arg-type]


def test_a_refusal_for_good_ends_the_message(db: Database) -> None:
    """The reason is the provider's, and people see it."""
    message_id = approved(db)
    ending = Ending(db, raising(Refused("no such address", permanent=True)))
    ending.send()
    ended = message(db, message_id)
    assert (states(db, message_id), deliveries(db, message_id)[0].reason) == (["refused"], "no such address")
    assert (ended.state, ended.reason) == ("skipped", "refused:no such address")
    assert moment(db, message_id).state == "skipped"


def test_a_refusal_for_now_is_tried_again_later_and_later(db: Database) -> None:
    """1, 2, 4 minutes, each up to half longer."""
    message_id = approved(db, expires_at=NOW + timedelta(days=3))
    ending = Ending(db, raising(Refused("429", permanent=False)))
    for minutes in (1, 2, 4):
        ending.send()
        waits = message(db, message_id).send_at - ending.now
        assert timedelta(minutes=minutes) <= waits <= timedelta(minutes=minutes * 1.5)
        ending.pass_time(seconds=waits.total_seconds())
    ending.channel = Stub()
    assert ending.send() == 1
    assert states(db, message_id) == ["refused", "refused", "refused", "accepted"]


def test_a_refusal_for_now_is_not_tried_for_ever(db: Database) -> None:
    """After so many attempts the message ends, with what the provider said last."""
    message_id = approved(db, expires_at=NOW + timedelta(days=3))
    ending = Ending(db, raising(Refused("busy", permanent=False)))
    for _ in range(MAX_ATTEMPTS):
        ending.send()
        ending.pass_time(minutes=13)
    assert ending.claim() == []
    assert (message(db, message_id).state, message(db, message_id).reason) == ("skipped", "refused:busy")


def test_an_unknown_error_is_never_resent(db: Database) -> None:
    """A time-out after the body was sent: it may have arrived. Days pass, nobody sends it again."""
    message_id = approved(db)
    ending = Ending(db, raising(TimeoutError()))
    assert ending.send() == 0
    assert (states(db, message_id), deliveries(db, message_id)[0].reason) == (["unconfirmed"], "TimeoutError")
    ending.channel = Stub()
    for _ in range(50):
        ending.pass_time(hours=1)
        ending.settle()
        ending.send()
    assert ending.calls == []
    assert (states(db, message_id), message(db, message_id).state) == (["unconfirmed"], "handed_over")


def die_while_submitting(ending: Ending) -> None:
    """`submitting` is committed and then nothing more is heard of the worker."""
    claims = ending.claim("dead")
    with ending.db.writing() as session:
        begin_submitting(session, ending.sender, claims)


def test_a_worker_that_died_while_submitting_leaves_it_unconfirmed(db: Database) -> None:
    """Only after its lease and a grace, in which a call that had begun could still end."""
    message_id = approved(db)
    ending = Ending(db)
    die_while_submitting(ending)
    ending.pass_time(seconds=89)
    ending.settle()
    assert states(db, message_id) == ["submitting"]
    ending.pass_time(seconds=2)
    ending.settle()
    assert states(db, message_id) == ["unconfirmed"]


def test_a_provider_that_took_it_confirms_it(db: Database) -> None:
    """Asked by our own message id."""
    message_id = approved(db)
    ending = Ending(db, Stub(known=Accepted("p1")))
    die_while_submitting(ending)
    ending.pass_time(minutes=5)
    ending.settle()
    assert states(db, message_id) == ["accepted"]
    assert (deliveries(db, message_id)[0].provider_id, ending.calls) == ("p1", [])


def test_a_provider_that_never_took_it_has_it_sent_again(db: Database) -> None:
    """It can tell for certain, so that a second attempt is no second message."""
    message_id = approved(db)
    ending = Ending(db, Stub(known=NotTaken()))
    die_while_submitting(ending)
    ending.pass_time(minutes=5)
    ending.settle()
    ending.pass_time(minutes=2)
    assert ending.send() == 1
    assert [(d.state, d.reason) for d in deliveries(db, message_id)] == [("refused", "never_taken"), ("accepted", None)]


def test_a_look_up_that_fails_keeps_no_other_from_being_settled(db: Database) -> None:
    """A provider that is down tells nothing; the round goes on."""
    broken, fine = approved(db), approved(db)
    ending = Ending(db)
    die_while_submitting(ending)
    ending.pass_time(minutes=5)

    class Moody(Stub):
        def find(self, message_id: object) -> Accepted:
            if message_id == broken:
                raise ConnectionError
            return Accepted("p")

    ending.channel = Moody()
    ending.settle()
    assert (states(db, broken), states(db, fine)) == (["unconfirmed"], ["accepted"])


def test_the_postbox_settles_itself(db: Database, tmp_path: Path) -> None:
    """Both ways: the letter lies there, or it does not and is posted once."""
    posted, lost = approved(db), approved(db)
    box = postbox(tmp_path)
    ending = Ending(db, box)
    claims = ending.claim("dead")
    with db.writing() as session:
        ready = begin_submitting(session, ending.sender, claims)
    box.send(next(letter for letter in ready.values() if letter.message_id == posted))
    ending.pass_time(minutes=5)
    ending.settle()
    assert (states(db, posted), states(db, lost)) == (["delivered"], ["refused"])
    ending.pass_time(minutes=2)
    ending.send()
    assert states(db, lost) == ["refused", "delivered"]
    assert {message_id for message_id, _ in box.posted()} == {posted, lost}


@pytest.mark.parametrize(
    "late",
    [
        lambda session, delivery_id: record_accepted(session, delivery_id, Accepted("late"), now=NOW),
        lambda session, delivery_id: record_refused(session, delivery_id, Refused("late", permanent=True), now=NOW),
        lambda session, delivery_id: record_unconfirmed(session, [delivery_id], "late", now=NOW),
    ],
    ids=["accepted", "refused", "unconfirmed"],
)
@pytest.mark.parametrize("known", ["accepted", "delivered", "bounced"])
def test_knowledge_only_moves_forward(db: Database, known: str, late: Callable[..., object]) -> None:
    """What comes late, comes twice or comes from a worker thought dead changes nothing."""
    message_id = approved(db)
    Ending(db).send()
    (delivery,) = deliveries(db, message_id)
    with db.writing() as session:
        for state in ("delivered", "bounced")[: ("accepted", "delivered", "bounced").index(known)]:
            stamps = {"delivered_at": NOW, "ended_at": NOW, "reason": "mailbox full"}
            session.execute(update(Delivery).values(state=state, **stamps))
    before = message(db, message_id).state
    with db.writing() as session:
        assert not late(session, delivery.id)
    assert (states(db, message_id), message(db, message_id).state) == ([known], before)


def test_an_answer_that_comes_after_all_settles_the_unknown(db: Database) -> None:
    """The worker was thought dead and comes back with the provider's yes."""
    message_id = approved(db)
    ending = Ending(db)

    def slowly(outgoing: object) -> Accepted:
        ending.pass_time(minutes=5)
        ending.settle()
        assert states(db, message_id) == ["unconfirmed"]
        return Accepted("p")

    ending.channel = Stub(slowly)  # type: ignore[arg-type]
    assert ending.send() == 1
    assert states(db, message_id) == ["accepted"]


def test_an_answer_is_stored_once_the_database_is_back(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider took it while the database restarted: with some patience nobody has to wonder whether it arrived."""
    message_id = approved(db)
    monkeypatch.setattr(submitting, "PATIENCE_SECONDS", (0.0, 0.0))
    tries = []

    def moody(*args: object, **kwargs: object) -> set[UUID]:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("COMMIT", {}, Exception("the server is starting up"))
        return record_answers(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(submitting, "record_answers", moody)
    assert Ending(db).send() == 1
    assert states(db, message_id) == ["accepted"]
