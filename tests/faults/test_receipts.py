"""R18 and R19: what providers and customers say arrives early, late, many times, in the wrong order, in the middle."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from engine.listen.receipts import Said, apply_parked, record_receipts
from engine.record.suppressions import Suppressed, suppress
from engine.storage.models import Delivery, Message, Receipt, Suppression
from tests.faults.site import Site, kill, settle
from tests.workers.celery_processes import until

pytestmark = pytest.mark.databases("postgres")

BEGAN = datetime.now(UTC)


def said(message_id: UUID, kind: str, seconds: int = 0, **more: object) -> Said:
    at = BEGAN + timedelta(seconds=seconds)
    return Said("sendgrid", f"{message_id}:{kind}", kind, at, message_id=message_id, **more)  # type: ignore[arg-type]


def hear(site: Site, *what: Said) -> int:
    with site.here() as jubilee, jubilee.db.writing() as session:
        return record_receipts(session, what, offered=jubilee.offered, now=datetime.now(UTC))


def test_r18_a_receipt_before_our_own_commit(site: Site) -> None:
    """The provider is faster than we are, and we die before we store its yes: the receipt says what we did not."""
    (one,) = site.due(1)
    site.stub.behave("accept_then_hang")
    with site.worker() as process:
        site.ring()
        until(lambda: site.accepted() == {str(one): 1})
        hear(site, said(one, "delivered"))
        kill(process)
    site.end_leases()
    settle(site)
    with site.here() as jubilee, jubilee.db.writing() as session:
        apply_parked(session, offered=jubilee.offered, now=datetime.now(UTC))
    assert [state for state, _ in site.deliveries_of(one)] == ["delivered"]
    site.all_is_well()


def test_r18_an_unconfirmed_delivery_is_settled_by_its_receipt(site: Site) -> None:
    """That is what `unconfirmed` waits for."""
    (one,) = site.due(1)
    site.stub.behave("accept_then_close")
    with site.worker():
        site.ring()
        site.wait(unconfirmed=1)
    hear(site, said(one, "processed"), said(one, "delivered", 5))
    assert [state for state, _ in site.deliveries_of(one)] == ["delivered"]
    site.all_is_well()


def test_r18_of_somebody_unknown(site: Site) -> None:
    """Kept, applied to nobody, and no error: another system may use the same account."""
    stranger = uuid4()
    assert hear(site, said(stranger, "delivered"), said(stranger, "bounced")) == 2
    with site.db.reading() as session:
        assert session.scalar(select(func.count()).where(Receipt.applied_at.is_not(None))) == 0


def test_r18_forty_six_times_and_in_any_order(site: Site) -> None:
    """Delivered, then processed, each of them again and again: one row each, and knowledge only moves forward."""
    (one,) = site.due(1)
    with site.worker():
        site.ring()
        site.wait(accepted=1)
    for _ in range(46):
        hear(site, said(one, "delivered", 9), said(one, "processed", 1), said(one, "delivered", 9))
    with site.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 2
    assert [state for state, _ in site.deliveries_of(one)] == ["delivered"]
    hear(site, said(one, "deferred", 2))
    assert [state for state, _ in site.deliveries_of(one)] == ["delivered"]
    site.all_is_well()


def unsubscribe(site: Site, message_id: UUID, session: object = None) -> None:
    """The customer of this message wants nothing more, as recorded by a page or a webhook."""

    def record(session: object) -> None:
        customer = session.get_one(Message, message_id).customer_id  # type: ignore[attr-defined]
        suppress(session, [Suppressed("unsubscribed", "test", customer_id=customer)], now=datetime.now(UTC))  # type: ignore[arg-type]

    if session is not None:
        record(session)
    else:
        with site.db.writing() as own:
            record(own)


def test_r19_an_unsubscribe_while_it_is_queued(site: Site) -> None:
    """It does not go, and the reason is named."""
    gone, stays = site.due(2)
    unsubscribe(site, gone)
    with site.worker():
        # A message is `handed_over` before the provider is called: it has gone when its delivery is accepted.
        site.sweep_until(lambda: site.deliveries()["accepted"] == 1 and site.deliveries()["refused"] >= 1)
    assert set(site.accepted()) == {str(stays)}
    ((state, reason), *_) = site.deliveries_of(gone)
    assert (state, str(reason)[:15]) == ("refused", "held:suppressed")


def test_r19_an_unsubscribe_while_it_is_claimed(site: Site) -> None:
    """After the claim, before the second check: it does not go either."""
    (one,) = site.due(1)
    with site.worker():
        with site.locked([one]) as session:
            site.ring()
            site.wait(claimed=1)
            unsubscribe(site, one, session)
        site.wait(refused=1)
    assert site.accepted() == {}


def test_r19_a_bounce_while_it_is_being_submitted(site: Site) -> None:
    """This one has gone; it is recorded, and nothing more goes to the address."""
    (one,) = site.due(1)
    site.stub.behave("accept_then_hang")
    with site.worker() as process:
        site.ring()
        until(lambda: site.accepted() == {str(one): 1})
        hear(site, said(one, "bounced", detail="550 no such user", data={"dead": True}))
        kill(process)
    site.stub.behave("accept")
    site.end_leases()
    settle(site)
    with site.here() as jubilee, jubilee.db.writing() as session:
        apply_parked(session, offered=jubilee.offered, now=datetime.now(UTC))
    assert [state for state, _ in site.deliveries_of(one)] == ["bounced"]
    assert len(site.stub.accepted()) == 1


def test_r19_a_complaint_after_it_arrived(site: Site) -> None:
    """The customer is suppressed; the next message to them is held."""
    (one,) = site.due(1)
    with site.worker():
        site.ring()
        site.wait(accepted=1)
    hear(site, said(one, "delivered"), said(one, "complained", 60, address="c@example.com"))
    with site.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) >= 1
        assert session.scalars(select(Delivery.state)).all() == ["delivered"]
