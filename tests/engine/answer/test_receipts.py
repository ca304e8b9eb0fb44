"""What providers say later about answers, and that what a customer writes next finds the answer and its author."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.answer.settling import apply_receipts
from engine.listen.incoming import of_text
from engine.listen.letters import take_mail
from engine.listen.receipts import store
from engine.listen.replies import store_reply
from engine.listen.twilio import Written
from engine.send.redirect import Redirect
from engine.storage.models import Answer, Receipt, Reply, Suppression
from engine.storage.session import Database
from tests.engine.answer.answers import NUMBER, answered, desk, state, waits
from tests.engine.builders import NOW
from tests.engine.listen.heard import said
from tests.engine.listen.letters import LINKS, letter, reply_address


def hear(db: Database, answer_id: object, kind: str, **fields: object) -> None:
    with db.writing() as session:
        store(session, [said(kind, message_id=answer_id, key=f"{answer_id}:{kind}", **fields)], now=NOW)
        apply_receipts(session, now=NOW)


def unconfirmed(db: Database) -> object:
    def break_off(_: object) -> object:
        raise TimeoutError

    answer_id = answered(db)
    desk(db, answer=break_off).go()
    return answer_id


def test_a_receipt_settles_what_nobody_knew(db: Database) -> None:
    """It carries our id: then the provider had it."""
    answer_id = unconfirmed(db)
    hear(db, answer_id, "delivered")
    assert state(db, answer_id)[0] == "accepted"  # type: ignore[arg-type]


def test_what_came_back_waits_for_a_person_again(db: Database) -> None:
    """The address ends where the provider says so, and knowledge only moves forward."""
    answer_id = answered(db)
    desk(db).go()
    hear(db, answer_id, "bounced", detail="550 no such user", data={"dead": True})
    hear(db, answer_id, "delivered")
    assert state(db, answer_id) == ("refused", "came_back:550 no such user")
    assert waits(db, answer_id)
    with db.reading() as session:
        assert session.scalars(select(Suppression.reason)).all() == ["bounced"]
        assert session.scalars(select(Receipt.id).where(Receipt.applied_at.is_(None))).all() == []


def latest(session: Session) -> Reply:
    return session.scalars(select(Reply).order_by(Reply.id.desc()).limit(1)).one()


def test_what_they_write_next_belongs_to_the_answer(db: Database) -> None:
    """By its own reply address: to the same message, and to who wrote the answer."""
    answer_id = answered(db)
    desk(db).go()
    with db.writing() as session:
        first = session.scalars(select(Reply)).one()
        raw = letter(reply_address(answer_id), "And thanks again", **{"from": "elsewhere@example.net"})
        take_mail(session, raw, links=LINKS, now=NOW)
        next_one = latest(session)
        assert (next_one.message_id, next_one.customer_id) == (first.message_id, first.customer_id)
        assert next_one.person_id == session.get_one(Answer, answer_id).person_id


def test_a_text_after_an_answer_belongs_to_who_answered(db: Database) -> None:
    """Where only the number tells: what went there last is what they answer."""
    answer_id = answered(db, "sms")
    desk(db, "sms").go()
    with db.writing() as session:
        later = NOW + timedelta(minutes=5)
        store_reply(session, of_text(Written("sms", "SM9", NUMBER, "ok", 0, False)), now=later)
        assert latest(session).person_id == session.get_one(Answer, answer_id).person_id


def test_what_a_test_address_writes_next_says_nothing_about_the_customer(db: Database) -> None:
    """In redirect mode the team answers itself."""
    answer_id = answered(db)
    desk(db, redirect=Redirect(on=True, to={"email": "test@acme.example"})).go()
    with db.writing() as session:
        raw = letter(reply_address(answer_id), "This is terrible", **{"from": "test@acme.example"})
        take_mail(session, raw, links=LINKS, now=NOW)
        assert latest(session).negative is False
