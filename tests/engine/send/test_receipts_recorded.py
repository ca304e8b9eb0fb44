"""What receipts say of a delivery, whenever they come: knowledge only moves forward."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.send import recording
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from engine.send.recording import record_bounced, record_delivered, record_read
from engine.storage.models import ContactPoint, Delivery
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.send.approved import (
    Ending,
    Stub,
    approved_by_email,
    deliveries,
    message,
    moment,
    states,
)

LATER = NOW + timedelta(hours=1)
Say = Callable[[Session, UUID], bool]


def delivered(session: Session, delivery_id: UUID) -> bool:
    return record_delivered(session, delivery_id, now=LATER)


def read(session: Session, delivery_id: UUID) -> bool:
    return record_read(session, delivery_id, now=LATER)


def bounced(session: Session, delivery_id: UUID, address_dead: bool = True) -> bool:
    dead = {"address_dead": address_dead, "offered": Offered(("email",)), "now": LATER}
    return record_bounced(session, delivery_id, "550 no such user", **dead)  # type: ignore[arg-type]


def say(db: Database, message_id: UUID, what: Say) -> bool:
    (delivery,) = deliveries(db, message_id)
    with db.writing() as session:
        return what(session, delivery.id)


def usable(db: Database, message_id: UUID) -> tuple[bool, str | None]:
    with db.reading() as session:
        of = select(ContactPoint).where(ContactPoint.customer_id == message(db, message_id).customer_id)
        point = session.scalars(of).one()
        return point.usable, point.unusable_reason


def sent(db: Database) -> UUID:
    message_id = approved_by_email(db)
    Ending(db, Stub(name="email")).send()
    return message_id


def test_delivered_closes_the_message(db: Database) -> None:
    """Nothing more is awaited."""
    message_id = sent(db)
    assert say(db, message_id, delivered)
    assert (states(db, message_id), message(db, message_id).state) == (["delivered"], "closed")
    assert deliveries(db, message_id)[0].delivered_at == LATER


def test_read_is_delivered_too(db: Database) -> None:
    """Whoever saw it has it."""
    message_id = sent(db)
    assert say(db, message_id, read)
    (delivery,) = deliveries(db, message_id)
    assert (delivery.state, delivery.read_at, message(db, message_id).state) == ("delivered", LATER, "closed")


@pytest.mark.parametrize("what", [delivered, read, bounced])
def test_what_is_said_again_changes_nothing(db: Database, what: Say) -> None:
    """46 times."""
    message_id = sent(db)
    assert say(db, message_id, what)
    before = (states(db, message_id), message(db, message_id).version)
    assert not any(say(db, message_id, what) for _ in range(45))
    assert (states(db, message_id), message(db, message_id).version) == before


def test_a_bounce_may_follow_the_delivery(db: Database) -> None:
    """The next server took it and gave it back: the message is over, and says why."""
    message_id = sent(db)
    say(db, message_id, delivered)
    assert say(db, message_id, bounced)
    ended = message(db, message_id)
    assert (states(db, message_id), ended.state, ended.reason) == (["bounced"], "skipped", "bounced:550 no such user")
    assert (moment(db, message_id).state, moment(db, message_id).reason) == ("skipped", "bounced:550 no such user")


@pytest.mark.parametrize("late", [delivered, read])
def test_nothing_follows_a_bounce(db: Database, late: Say) -> None:
    """Out of order: it came back, whatever was said before."""
    message_id = sent(db)
    say(db, message_id, bounced)
    assert not say(db, message_id, late)
    assert states(db, message_id) == ["bounced"]
    assert deliveries(db, message_id)[0].read_at is None


def test_a_dead_address_is_not_used_again(db: Database) -> None:
    """And says why; a full mailbox is not dead."""
    dead, full = sent(db), sent(db)
    say(db, dead, bounced)
    say(db, full, lambda session, delivery_id: bounced(session, delivery_id, address_dead=False))
    assert usable(db, dead) == (False, "550 no such user")
    assert usable(db, full) == (True, None)


def test_an_address_that_the_provider_refuses_for_good_is_not_used_again(db: Database) -> None:
    """The same, said at once."""

    def refuse(outgoing: OutgoingMessage) -> Accepted:
        raise Refused("invalid_address", permanent=True, whose="address")

    message_id = approved_by_email(db)
    Ending(db, Stub(refuse, name="email")).send()
    assert usable(db, message_id) == (False, "invalid_address")


@pytest.mark.parametrize(("permanent", "whose"), [(True, "message"), (False, "address")])
def test_any_other_refusal_leaves_the_address_as_it_is(db: Database, permanent: bool, whose: str) -> None:
    """A text that is too long, or a server that is not there just now."""

    def refuse(outgoing: OutgoingMessage) -> Accepted:
        raise Refused("no", permanent=permanent, whose=whose)  # type: ignore[arg-type]

    message_id = approved_by_email(db)
    Ending(db, Stub(refuse, name="email")).send()
    assert usable(db, message_id) == (True, None)


def test_an_address_asks_for_a_pause_of_its_own(db: Database) -> None:
    """Not this one for half an hour; the gate stays open for all others."""

    def refuse(outgoing: OutgoingMessage) -> Accepted:
        raise Refused("greylisted", permanent=False, whose="address", retry_after=1800)

    message_id = approved_by_email(db, expires_at=NOW + timedelta(days=1))
    ending = Ending(db, Stub(refuse, name="email"))
    ending.send()
    assert message(db, message_id).send_at == NOW + timedelta(seconds=1800)
    other = approved_by_email(db)
    ending.channel = Stub(name="email")
    ending.round()
    assert states(db, other) == ["accepted"]


@pytest.mark.parametrize("known", ["submitting", "unconfirmed"])
@pytest.mark.parametrize(("what", "state"), [(delivered, "delivered"), (read, "delivered"), (bounced, "bounced")])
def test_a_receipt_that_comes_before_our_own_commit_settles_it(db: Database, known: str, what: Say, state: str) -> None:
    """The provider was quicker; what the worker records afterwards changes nothing."""
    message_id = approved_by_email(db)
    ending = Ending(db)

    def receipt_first(outgoing: OutgoingMessage) -> Accepted:
        if known == "unconfirmed":
            ending.pass_time(minutes=5)
            ending.settle()
        assert states(db, message_id) == [known]
        assert say(db, message_id, what)
        return Accepted("p")

    ending.channel = Stub(receipt_first, name="email")
    ending.send()
    assert states(db, message_id) == [state]
    assert message(db, message_id).state == ("closed" if state == "delivered" else "skipped")
    assert moment(db, message_id).state == ("closed" if state == "delivered" else "skipped")


def test_a_worker_that_comes_late_with_a_refusal_changes_nothing(db: Database) -> None:
    """It was delivered, as the receipt said: it must not go again."""
    message_id = approved_by_email(db)
    ending = Ending(db)

    def refused_after_all(outgoing: OutgoingMessage) -> Accepted:
        say(db, message_id, delivered)
        raise Refused("timeout", permanent=False)

    ending.channel = Stub(refused_after_all, name="email")
    ending.send()
    assert (states(db, message_id), message(db, message_id).state) == (["delivered"], "closed")


@pytest.mark.parametrize("how", ["bounced", "refused"])
def test_a_message_with_another_channel_goes_on(db: Database, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way to it is asked with the reason, when the message and its moment are open again; nothing is ended."""
    asked = []

    def fall_back(session: Session, message_id: UUID, reason: str, **how: object) -> bool:
        session.flush()
        states = session.scalars(select(Delivery.state)).all()
        asked.append((message_id, reason, *states))
        return True

    monkeypatch.setattr(recording, "fall_back", fall_back)
    message_id = approved_by_email(db)
    if how == "refused":

        def refuse(outgoing: OutgoingMessage) -> Accepted:
            raise Refused("550 no such user", permanent=True, whose="address")

        Ending(db, Stub(refuse, name="email")).send()
    else:
        Ending(db, Stub(name="email")).send()
        say(db, message_id, bounced)
    assert asked == [(message_id, "550 no such user", how)]
    assert (message(db, message_id).state, moment(db, message_id).state) == ("approved", "written")
