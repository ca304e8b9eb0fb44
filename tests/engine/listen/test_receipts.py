"""What providers say is recorded once, and moves what is known forward only (hazards R18 and R19)."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine.listen import consequences
from engine.listen.applying import apply_receipts
from engine.listen.receipts import Said, apply_parked, store
from engine.plan.holds import holds_of
from engine.send.recording import record_unconfirmed
from engine.storage.models import ContactPoint, Customer, Preference, Receipt, Suppression
from engine.storage.models.contact_point import hash_of_address
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger
from tests.engine.listen.heard import ADDRESS, OFFERED, hear, message_of, receipts, said, state_of, submitted


def parked(session: Session, *, now=NOW) -> int:  # type: ignore[no-untyped-def]
    return apply_parked(session, offered=OFFERED, now=now)


def test_a_receipt_settles_a_delivery_whose_answer_was_not_stored_yet(session: Session) -> None:
    """The provider may be faster than our own commit: the delivery is still `submitting`."""
    delivery = submitted(session)
    hear(session, said("delivered", delivery))
    assert state_of(session, delivery) == "delivered"
    assert message_of(session, delivery).state == "closed"


def test_a_receipt_settles_what_nobody_knew(session: Session) -> None:
    """An unconfirmed delivery is known to have arrived once the provider says our id."""
    delivery = submitted(session)
    record_unconfirmed(session, [delivery.id], "no answer was stored", now=NOW)
    hear(session, said("processed", delivery, provider_id="sg-1"))
    assert state_of(session, delivery) == "accepted"


def test_what_is_said_46_times_counts_once(session: Session) -> None:
    """The same thing said under 46 ids of the provider's own is one receipt and one change."""
    delivery = submitted(session)
    news = [hear(session, said("delivered", delivery)) for _ in range(46)]
    assert sum(news) == 1
    assert len(receipts(session)) == 1


def test_late_news_take_nothing_back(session: Session) -> None:
    """Delivered, then processed, as they come out of order: it stays delivered."""
    delivery = submitted(session)
    hear(session, said("delivered", delivery))
    hear(session, said("processed", delivery, occurred_at=NOW - timedelta(minutes=5)), said("deferred", delivery))
    assert state_of(session, delivery) == "delivered"


def test_one_batch_may_tell_the_whole_story_backwards(session: Session) -> None:
    """A batch is applied in the order in which things happened, not in that of its list."""
    delivery = submitted(session)
    story = [
        said(kind, delivery, occurred_at=NOW - timedelta(minutes=ago))
        for kind, ago in (("bounced", 1), ("delivered", 2), ("processed", 3))
    ]
    hear(session, *story)
    assert state_of(session, delivery) == "bounced"


def test_news_of_nothing_we_know_wait_and_are_applied_when_it_appears(session: Session) -> None:
    """A receipt by the provider's id alone may come before that id was stored."""
    delivery = submitted(session, channel="sms", address="+4915112345678")
    one = said("delivered", provider="twilio", key="SM1:delivered", provider_id="SM1", data={"channels": ["sms"]})
    hear(session, one)
    assert parked(session) == 0
    assert state_of(session, delivery) == "submitting"
    delivery.provider_id = "SM1"
    session.flush()
    assert parked(session) == 1
    assert state_of(session, delivery) == "delivered"
    assert parked(session) == 0


def test_what_nobody_knows_after_a_week_is_closed(session: Session) -> None:
    """It stays as a record, applied to no delivery, and is not looked at again."""
    hear(session, said("delivered", key="x", message_id=uuid4()))
    assert parked(session, now=NOW + timedelta(days=6)) == 0
    assert parked(session, now=NOW + timedelta(days=7)) == 1
    (receipt,) = receipts(session)
    assert receipt.applied_at is not None
    assert receipt.delivery_id is None


def test_a_claim_that_was_not_handed_over_is_not_settled(session: Session) -> None:
    """Nobody can have received what was never submitted: the receipt waits."""
    delivery = submitted(session, handed_over=False)
    hear(session, said("delivered", delivery))
    assert state_of(session, delivery) == "claimed"
    assert receipts(session)[0].applied_at is None


def test_the_receipt_of_another_channel_changes_nothing(session: Session) -> None:
    """News of a mail say nothing about a text message; they are done with, and stand in nobody's way."""
    delivery = submitted(session, channel="sms", address="+4915112345678")
    hear(session, said("delivered", delivery))
    assert state_of(session, delivery) == "submitting"
    assert receipts(session)[0].applied_at == NOW


def test_a_hard_bounce_ends_the_address(session: Session) -> None:
    """It is suppressed on its channel and not used again."""
    delivery = submitted(session)
    hear(session, said("bounced", delivery, detail="550 5.1.1 no such user", data={"dead": True}))
    point = session.scalars(select(ContactPoint)).one()
    session.refresh(point)
    assert not point.usable
    (row,) = session.scalars(select(Suppression)).all()
    assert (row.address_hash, row.channel, row.reason, row.source) == (
        hash_of_address(ADDRESS),
        "email",
        "bounced",
        "sendgrid",
    )
    assert state_of(session, delivery) == "bounced"


def test_a_soft_bounce_leaves_the_address(session: Session) -> None:
    """A full mailbox, or a policy of the day, says nothing about tomorrow."""
    delivery = submitted(session)
    hear(session, said("bounced", delivery, detail="552 5.2.2 mailbox full"))
    assert session.scalars(select(ContactPoint.usable)).one()
    assert not session.scalars(select(Suppression)).all()
    assert state_of(session, delivery) == "bounced"


def test_a_bounce_while_another_message_is_queued_holds_that_one(session: Session) -> None:
    """R19: what is already approved is suppressed at its own hand-over."""
    delivery = submitted(session)
    customer = message_of(session, delivery).customer_id
    trigger = make_trigger(session, name="next", occasion="anniversary")
    moment = make_moment(session, session.get_one(Customer, customer), trigger)
    make_message(session, moment, channel="email", state="approved")
    hear(session, said("bounced", delivery, data={"dead": True}))
    holds = holds_of(session, [moment.id], now=NOW, channels=OFFERED)
    assert "suppressed" in {hold.name for hold in holds[moment.id]}


def test_a_complaint_ends_mail_to_the_address_and_all_marketing(session: Session) -> None:
    """Whoever presses spam hears no more by mail, and no marketing on any channel."""
    make_trigger(session)
    delivery = submitted(session)
    hear(session, said("complained", delivery))
    (row,) = session.scalars(select(Suppression)).all()
    assert (row.reason, row.channel) == ("complained", "email")
    wanted = {one.occasion: one.wanted for one in session.scalars(select(Preference))}
    assert wanted["*"] is False
    assert wanted["birthday"] is False
    assert state_of(session, delivery) == "delivered"


def test_an_unsubscribe_by_the_provider_is_one_by_the_customer(session: Session) -> None:
    """It does what the customer's own page does, and suppresses no address."""
    delivery = submitted(session)
    hear(session, said("unsubscribed", delivery))
    assert session.get_one(Preference, (message_of(session, delivery).customer_id, "*")).wanted is False
    assert not session.scalars(select(Suppression)).all()


def test_a_complaint_about_another_systems_mail_counts(session: Session) -> None:
    """It has no message id of ours; the address is enough."""
    customer = make_customer(session, email=ADDRESS)
    hear(session, said("complained", key="other"))
    assert session.get_one(Preference, (customer.id, "*")).wanted is False
    assert session.scalars(select(Suppression.address_hash)).all() == [hash_of_address(ADDRESS)]
    assert parked(session) == 0


@pytest.mark.parametrize(("kind", "data"), [("bounced", {"dead": True}), ("complained", {}), ("unsubscribed", {})])
def test_a_redirected_delivery_says_nothing_about_the_customer(session: Session, kind: str, data: dict) -> None:  # type: ignore[type-arg]
    """In redirect mode a test address answers: the customer's own stays as it is."""
    delivery = submitted(session, redirected=True)
    hear(session, said(kind, delivery, data=data))
    assert session.scalars(select(ContactPoint.usable)).one()
    assert not session.scalars(select(Suppression)).all()
    assert not session.scalars(select(Preference)).all()


def test_the_address_in_a_reason_is_not_kept(session: Session) -> None:
    """Reasons outlive an erasure, so no address stays in them, nor a line break."""
    delivery = submitted(session)
    hear(session, said("bounced", delivery, detail="550 5.1.1 <Ada@Example.org>:\r\n rejected\x00"))
    (receipt,) = receipts(session)
    assert receipt.detail == "550 5.1.1 <…>: rejected"
    assert ADDRESS not in str(message_of(session, delivery).reason)


def test_one_that_cannot_be_applied_keeps_no_other(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others of the batch are applied, and the sweep does not stumble over it for ever."""
    first, second = submitted(session), submitted(session, trigger=make_trigger(session))
    real = consequences.of_delivery

    def fails_once(session, receipt, spoken, **rest):  # type: ignore[no-untyped-def]
        if spoken.delivery_id == first.id:
            raise RuntimeError("broken")
        real(session, receipt, spoken, **rest)

    monkeypatch.setattr(consequences, "of_delivery", fails_once)
    hear(session, said("delivered", first), said("delivered", second))
    assert (state_of(session, first), state_of(session, second)) == ("submitting", "delivered")
    assert parked(session) == 0


def test_a_thousand_events_are_a_handful_of_statements(db: Database) -> None:
    """Recording does not go to the database once for each event."""
    statements: list[str] = []

    def count(*args: object) -> None:
        statements.append(str(args[2]))

    with db.writing() as session:
        event.listen(session.get_bind(), "before_cursor_execute", count)
        many = [said("delivered", key=f"k{number}", message_id=uuid4()) for number in range(1_000)]
        store(session, many, now=NOW)
        event.remove(session.get_bind(), "before_cursor_execute", count)
        assert session.scalar(select(func.count()).select_from(Receipt)) == 1_000
    assert len(statements) < 10


def test_two_who_record_and_apply_the_same_at_once_do_it_once(db: Database) -> None:
    """Two deliveries of the same call, in opposite orders, on two connections: no deadlock, one effect."""
    with db.writing() as session:
        deliveries = [submitted(session, trigger=make_trigger(session)) for _ in range(5)]
    told = [said(kind, one, data={"dead": True}) for one in deliveries for kind in ("processed", "bounced")]
    news: list[int] = []

    def tell(ones: list[Said]) -> None:
        with db.writing() as session:
            news.append(hear(session, *ones))

    threads = [threading.Thread(target=tell, args=(ones,)) for ones in (told, told[::-1], told, told[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(news) == [0, 0, 0, 10]
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) == 1
        assert {state_of(session, one) for one in deliveries} == {"bounced"}


def test_what_was_applied_is_not_applied_again(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that comes second finds nothing left to do."""
    delivery = submitted(session)
    hear(session, said("delivered", delivery))
    monkeypatch.setattr(consequences, "of_delivery", lambda *_, **__: pytest.fail("applied twice"))
    assert apply_receipts(session, [receipts(session)[0].id], offered=OFFERED, now=NOW) == 0


@pytest.mark.databases("postgres")
def test_two_long_calls_in_opposite_orders_wait_for_each_other_in_no_ring(db: Database) -> None:
    """Receipts are written in the order of their keys, whatever the order of the call."""
    many = [said("delivered", key=f"k{number:05}", message_id=uuid4()) for number in range(3_000)]
    together, failed = threading.Barrier(2), []

    def tell(ones: list[Said]) -> None:
        together.wait()
        try:
            with db.writing() as session:
                store(session, ones, now=NOW)
        except OperationalError as error:
            failed.append(error)

    threads = [threading.Thread(target=tell, args=(ones,)) for ones in (many, many[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@pytest.mark.databases("postgres")
def test_whoever_holds_the_customer_is_waited_for(db: Database) -> None:
    """A hand-over that commits at this moment is seen, as both take the customer's row first."""
    with db.writing() as session:
        delivery = submitted(session)
    with db.writing() as session:
        store(session, [said("delivered", delivery)], now=NOW)
        receipt_id = receipts(session)[0].id
    with db.writing() as holding:
        holding.execute(select(Customer.id).with_for_update(key_share=True))
        with db.writing() as session:
            session.execute(text("SET LOCAL lock_timeout = '200ms'"))
            statements: list[str] = []
            event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(str(args[2])))
            with pytest.raises(OperationalError):
                apply_receipts(session, [receipt_id], offered=OFFERED, now=NOW)
            session.rollback()
    assert "FROM customers" in statements[-1]
    assert not any(statement.startswith("UPDATE") for statement in statements)
