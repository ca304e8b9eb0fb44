"""An answer's way out: handed over once, after every check, as a person's letter in the thread it belongs to."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.answer.deciding import say_arrived, say_lost
from engine.answer.writing import unknown_answers, withdraw
from engine.errors import Conflict
from engine.record.suppressions import Suppressed, suppress
from engine.send.channels.mail import Identity, own_headers
from engine.send.claiming import LEASE, MAX_ATTEMPTS
from engine.send.outgoing import Accepted, NotTaken, OutgoingMessage, Refused
from engine.send.redirect import Redirect
from engine.send.settling import GRACE
from engine.send.switch import stop_sending
from engine.storage.models import Answer, ContactPoint, Customer, Reply
from engine.storage.session import Database
from tests.engine.answer.answers import ADDRESS, NUMBER, agent, answer, answered, desk, replied, state, waits
from tests.engine.builders import NOW
from tests.engine.listen.letters import DOMAIN, LINKS

OVER = LEASE + GRACE + timedelta(seconds=1)


def refusing(**how: object) -> object:
    def send(_: OutgoingMessage) -> Accepted:
        raise Refused("no", **how)  # type: ignore[arg-type]

    return send


def test_an_answer_that_is_due_goes_once(db: Database) -> None:
    """Not before its minute is over, and not again."""
    answer_id = answered(db)
    early = desk(db, now=NOW - timedelta(seconds=1))
    assert early.go() == 0
    late = desk(db)
    assert [late.go(), late.go()] == [1, 0]
    assert [call.message_id for call in late.calls] == [answer_id]
    assert state(db, answer_id) == ("accepted", None)


def test_it_is_a_persons_letter_and_no_mailing(db: Database) -> None:
    """In the person's name, without a footer, a way to unsubscribe or the mark of automatic mail; and what is written
    next comes back here."""
    answer_id = answered(db)
    ending = desk(db)
    ending.go()
    mail = ending.calls[0]
    assert (mail.sender_name, mail.subject, mail.recipient_name) == ("Kim, Acme", "Re: Happy birthday", "Ada Marlowe")
    assert mail.text == "Dear Ada,\n\nthank you.\n\nKim"
    assert "<em>you</em>" in mail.html
    assert "unsubscribe" not in mail.html.lower()
    assert "receive this because" not in mail.html + mail.text
    headers = own_headers(mail, Identity("team@acme.example"))
    assert set(headers) == {"Message-ID", "In-Reply-To", "References"}
    assert headers["Message-ID"] == f"<{answer_id}@acme.example>"
    assert LINKS.read_reply_address(mail.reply_to) == answer_id
    assert mail.reply_to.endswith(f"@{DOMAIN}")


def test_it_stands_in_the_thread(db: Database) -> None:
    """Our mail, what they wrote, what we answered, what they wrote then: in the order in which it was."""
    with db.writing() as session:
        first = replied(session)
        said = answer(session, first)
        session.flush()
        said.state, said.submitting_at, said.accepted_at = "claimed", NOW, NOW - timedelta(minutes=50)
        said.claimed_until, said.worker = NOW, "one"
        session.flush()
        said.state = "submitting"
        session.flush()
        said.state = "accepted"
        session.flush()
        columns = {"channel": "email", "message_id": first.message_id, "from_address": ADDRESS, "text": "And now?"}
        second = Reply(**columns, provider_key="second@mail.example.org", received_at=NOW - timedelta(minutes=40))
        session.add(second)
        session.flush()
        answer(session, second)
        ids = (first.message_id, first.provider_key, said.id)
    ending = desk(db)
    ending.go()
    headers = own_headers(ending.calls[0], Identity("team@acme.example"))
    assert headers["In-Reply-To"] == "<second@mail.example.org>"
    assert headers["References"] == (
        f"<{ids[0]}@acme.example> <{ids[1]}> <{ids[2]}@acme.example> <second@mail.example.org>"
    )


@pytest.mark.parametrize("key", ["a" * 64, "x@y\r\nBcc: eve@example.com", "a b@example.org", "<x@y>", "ü@example.org"])
def test_an_id_that_is_none_is_not_written_into_a_header(db: Database, key: str) -> None:
    """What a stranger's program calls its mail is theirs to choose."""
    answered(db, provider_key=key)
    ending = desk(db)
    ending.go()
    headers = own_headers(ending.calls[0], Identity("team@acme.example"))
    assert key not in "".join(headers.values())
    assert headers["In-Reply-To"].endswith("@acme.example>")


def test_a_text_goes_as_it_was_written(db: Database) -> None:
    """Without markup taken out, and without a subject; WhatsApp is told when they last wrote."""
    answered(db, "whatsapp")
    ending = desk(db, "whatsapp")
    assert ending.go() == 1
    text = ending.calls[0]
    assert (text.text, text.subject, text.html) == ("Dear Ada,\n\nthank *you*.\n\nKim", "", "")
    assert (text.address, text.heard_at, text.family) == (NUMBER, NOW - timedelta(hours=1), "recover")


def stop(session: Session, _: Answer) -> None:
    suppress(session, [Suppressed("stop", "test", address=ADDRESS, channel="email")], now=NOW)


def die(session: Session, one: Answer) -> None:
    session.get_one(Customer, one.customer_id).deceased = True


def vanish(session: Session, one: Answer) -> None:
    session.get_one(Customer, one.customer_id).erased_at = NOW


@pytest.mark.parametrize(("change", "why"), [(stop, "suppressed"), (die, "deceased"), (vanish, "erased")])
def test_what_changes_after_the_claim_counts(db: Database, change: object, why: str) -> None:
    """Everything is asked again in the commit that hands over; then the reply waits for a person once more."""
    answer_id = answered(db)
    ending = desk(db)
    claims = ending.take()
    with db.writing() as session:
        change(session, session.get_one(Answer, answer_id))  # type: ignore[operator]
    assert ending.hand_over(claims) == 0
    assert ending.calls == []
    assert state(db, answer_id) == ("refused", why)
    assert waits(db, answer_id)


def test_the_window_of_whatsapp_may_close_meanwhile(db: Database) -> None:
    """An answer that had to wait a day is not turned into a refusal of the provider's."""
    answer_id = answered(db, "whatsapp")
    late = desk(db, "whatsapp", now=NOW + timedelta(hours=23))
    assert late.go() == 0
    assert (late.calls, state(db, answer_id)) == ([], ("refused", "outside_whatsapp_window"))


def test_the_switch_stops_answers_too(db: Database) -> None:
    """Before the claim, and between claim and hand-over; they go when it is put back, no attempt lost."""
    answer_id = answered(db)
    ending = desk(db)
    claims = ending.take()
    with db.writing() as session:
        stop_sending(session)
    assert ending.hand_over(claims) == 0
    assert (ending.go(), state(db, answer_id)) == (0, ("waiting", "sending_stopped"))
    with db.writing() as session:
        stop_sending(session, False)
        assert session.get_one(Answer, answer_id).attempts == 0
    ending.pass_time(minutes=1)
    assert ending.go() == 1


def test_redirect_mode_holds_for_answers(db: Database) -> None:
    """The test address gets it, marked; the customer's own stays on record, and an allowed one is left alone."""
    answer_id = answered(db)
    ending = desk(db, redirect=Redirect(on=True, to={"email": "test@acme.example"}))
    assert ending.go() == 1
    mail = ending.calls[0]
    assert (mail.address, mail.subject) == ("test@acme.example", f"[for {ADDRESS}] Re: Happy birthday")
    assert state(db, answer_id) == ("accepted", "redirected")
    answered(db)
    allowed = desk(db, redirect=Redirect(on=True, allowed=frozenset({ADDRESS})))
    assert (allowed.go(), allowed.calls[0].address) == (1, ADDRESS)


def test_a_refusal_for_good_ends_it(db: Database) -> None:
    """With the provider's reason, and the reply waits again."""
    answer_id = answered(db)
    assert desk(db, answer=refusing(permanent=True)).go() == 0
    assert state(db, answer_id) == ("refused", "no")
    assert waits(db, answer_id)


def test_a_refusal_of_the_address_ends_the_address(db: Database) -> None:
    """As it does for messages."""
    answered(db)
    desk(db, answer=refusing(permanent=True, whose="address")).go()
    with db.reading() as session:
        assert session.scalars(select(ContactPoint.usable)).one() is False


def test_a_refusal_for_now_is_tried_again_a_few_times(db: Database) -> None:
    """Later and later, and then it ends where a person sees it."""
    answer_id = answered(db)
    ending = desk(db, answer=refusing(permanent=False))
    for _ in range(MAX_ATTEMPTS):
        assert state(db, answer_id)[0] == "waiting"
        ending.go()
        assert ending.take() == []  # not at once
        ending.pass_time(minutes=30)
    assert (len(ending.calls), state(db, answer_id)) == (MAX_ATTEMPTS, ("refused", "no"))


def test_a_provider_that_cannot_now_costs_no_attempt(db: Database) -> None:
    """Its gate closes, for messages and answers alike; later the answer goes."""
    answer_id = answered(db)
    ending = desk(db, answer=refusing(permanent=False, whose="provider"))
    ending.go()
    with db.reading() as session:
        assert (session.get_one(Answer, answer_id).attempts, state(db, answer_id)[0]) == (0, "waiting")
    assert ending.take() == []
    ending.channel.answer = lambda _: Accepted("p")  # type: ignore[union-attr]
    ending.pass_time(minutes=10)
    assert ending.go() == 1


def test_no_connection_is_held_while_the_channel_is_called(db: Database) -> None:
    """Another writer gets through, and sees what is on its way."""
    answer_id = answered(db)
    seen = []

    def look(_: OutgoingMessage) -> Accepted:
        seen.append(db._writer.pool.checkedout() + db._durable.pool.checkedout())  # type: ignore[attr-defined]
        with db.writing() as session:
            session.connection()
        seen.append(state(db, answer_id)[0])
        return Accepted("1")

    desk(db, answer=look).go()
    assert seen == [0, "submitting"]


def test_killed_before_it_was_handed_over_it_goes_once(db: Database) -> None:
    """R1: the claim dies with its worker; after the lease another one sends it."""
    answer_id = answered(db)
    dead = desk(db)
    assert len(dead.take()) == 1
    other = desk(db)
    assert (other.go(), other.settle()) == (0, 0)
    other.pass_time(seconds=OVER.total_seconds())
    assert (other.settle(), other.go()) == (1, 1)
    assert [call.message_id for call in other.calls] == [answer_id]


def test_killed_after_the_providers_yes_it_is_not_sent_again(db: Database) -> None:
    """R2: taken once, and nobody stored it. It is shown as not known, for a person to settle."""
    answer_id = answered(db)
    dead = desk(db)
    ready = dead.begin(dead.take())
    dead.channel.send(ready[answer_id])  # and here the worker dies
    other = desk(db)
    other.pass_time(seconds=OVER.total_seconds())
    other.settle()
    assert (other.go(), other.calls, len(dead.calls)) == (0, [], 1)
    assert state(db, answer_id) == ("unconfirmed", "no answer was stored")
    with db.reading() as session:
        assert unknown_answers(session) == 1


def test_an_answer_without_an_answer_is_not_sent_again(db: Database) -> None:
    """R17: the connection broke after it was taken."""

    def break_off(_: OutgoingMessage) -> Accepted:
        raise TimeoutError

    answer_id = answered(db)
    ending = desk(db, answer=break_off)
    ending.go()
    ending.pass_time(hours=1)
    assert (ending.settle(), ending.go(), len(ending.calls)) == (0, 0, 1)
    assert state(db, answer_id) == ("unconfirmed", "TimeoutError")


def test_a_worker_from_the_dead_does_not_submit(db: Database) -> None:
    """R22: its lease ended and another claimed it: the fence of the claim decides."""
    answered(db)
    zombie, other = desk(db), desk(db)
    claims = zombie.take()
    other.pass_time(seconds=OVER.total_seconds())
    other.settle()
    again = other.take()
    assert zombie.begin(claims) == {}
    assert zombie.hand_over(claims) == 0
    assert (other.hand_over(again), zombie.calls) == (1, [])


def test_one_that_kills_its_workers_ends(db: Database) -> None:
    """After so many attempts it lies where a person sees it."""
    answer_id = answered(db)
    ending = desk(db)
    for _ in range(MAX_ATTEMPTS):
        assert len(ending.take()) == 1
        ending.pass_time(seconds=OVER.total_seconds())
        ending.settle()
    assert state(db, answer_id) == ("refused", "gave_up")
    assert waits(db, answer_id)


def test_a_person_says_what_nobody_knows(db: Database) -> None:
    """It arrived, or it did not and goes again; once."""
    ids = [answered(db), answered(db)]
    with db.writing() as session:
        session.execute(update(Answer).values(state="unconfirmed", reason="TimeoutError"))
        kim = agent(session)
        say_arrived(session, ids[0], person=kim, now=NOW)
        say_lost(session, ids[1], person=kim, now=NOW)
        with pytest.raises(Conflict):
            say_lost(session, ids[0], person=kim, now=NOW)
    assert [state(db, one)[0] for one in ids] == ["accepted", "waiting"]
    assert desk(db).go() == 1


def test_a_channel_that_can_be_asked_is(db: Database) -> None:
    """The postbox knows what it took, and what it never got goes again."""
    ids = [answered(db), answered(db)]
    with db.writing() as session:
        past = {"claimed_until": desk(db).machine - OVER, "submitting_at": NOW}
        session.execute(update(Answer).values(state="unconfirmed", channel="postbox", **past))
    ending = desk(db, "postbox")
    ending.channel.known = Accepted("p")  # type: ignore[union-attr]
    assert ending.settle() == 2
    assert [state(db, one)[0] for one in ids] == ["accepted", "accepted"]
    with db.writing() as session:
        session.execute(update(Answer).values(state="unconfirmed", accepted_at=None))
    ending.channel.known = NotTaken()  # type: ignore[union-attr]
    ending.settle()
    assert {state(db, one)[0] for one in ids} == {"waiting"}


def test_taking_back_and_claiming_decide_between_them(db: Database) -> None:
    """Whoever comes second finds that it is too late."""
    answer_id = answered(db)
    ending = desk(db)
    claims = ending.take()
    with db.writing() as session, pytest.raises(Conflict):
        withdraw(session, answer_id, person=agent(session), now=NOW)
    assert ending.hand_over(claims) == 1
    with db.writing() as session:
        one = answer(session, replied(session))
        withdraw(session, one.id, person=agent(session), now=NOW)
    assert ending.go() == 0
