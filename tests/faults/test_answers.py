"""R1, R2, R17 and R19 for answers to replies: real workers that are killed, a provider that takes and says nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine.answer.writing import House, Words, write_answer
from engine.channel_terms import Offered
from engine.record.suppressions import Suppressed, suppress
from engine.send.redirect import Redirect
from engine.storage.models import Answer, Customer, Reply
from tests.engine.answer.answers import ADDRESS, agent
from tests.engine.builders import make_customer
from tests.faults.site import Site, kill
from tests.workers.celery_processes import until

pytestmark = pytest.mark.databases("postgres")
ANSWER = "jubilee.answer"


def due(site: Site) -> UUID:
    """An answer to a reply of a customer's, whose minute is over."""
    now = datetime.now(UTC)
    with site.db.writing() as session:
        values = {"channel": "email", "provider_key": "m1@example.org", "from_address": ADDRESS, "text": "And now?"}
        reply = Reply(**values, customer_id=make_customer(session).id, received_at=now)
        session.add(reply)
        session.flush()
        house = House(Offered(("email",)), Redirect(), release_seconds=0)
        return write_answer(session, reply.id, Words("Soon.", 0), person=agent(session), house=house, now=now).id


def state(site: Site, answer_id: UUID) -> tuple[str, str | None]:
    with site.db.reading() as session:
        one = session.get_one(Answer, answer_id)
        return one.state, one.reason


def end_leases(site: Site) -> None:
    """As if the minutes had passed in which a worker may come back."""
    past = datetime.now(UTC) - timedelta(minutes=10)
    with site.db.writing() as session:
        session.execute(update(Answer).where(Answer.claimed_until.is_not(None)).values(claimed_until=past))


def sweep(site: Site, true: Callable[[], bool]) -> None:
    """Ring as beat does, until it is true."""

    def rung() -> bool:
        site.ring(ANSWER)
        return true()

    until(rung)


def test_r1_killed_between_claim_and_submitting(site: Site) -> None:
    """Nothing was handed over, so it is free again when the lease ends, and goes once."""
    answer_id = due(site)
    with site.worker() as first:
        with site.db.writing() as session:  # the worker waits for the customer before its second check
            session.execute(select(Customer.id).with_for_update()).all()
            site.ring(ANSWER)
            until(lambda: state(site, answer_id)[0] == "claimed")
            kill(first)
        assert site.accepted() == {}
    end_leases(site)
    with site.worker("two"):
        sweep(site, lambda: state(site, answer_id)[0] == "accepted")
    assert site.accepted() == {str(answer_id): 1}


@pytest.mark.parametrize("behaviour", ["accept_then_hang", "accept_then_close"])
def test_r2_and_r17_taken_and_never_answered(site: Site, behaviour: str) -> None:
    """Killed while the provider had it, or hung up on: taken once, shown as not known, and never sent again."""
    answer_id = due(site)
    site.stub.behave(behaviour)
    with site.worker() as first:
        site.ring(ANSWER)
        until(lambda: site.accepted() == {str(answer_id): 1})
        if behaviour == "accept_then_hang":
            kill(first)
        else:
            until(lambda: state(site, answer_id)[0] == "unconfirmed")
    site.stub.behave("accept")
    end_leases(site)
    with site.worker("two"):
        sweep(site, lambda: state(site, answer_id)[0] == "unconfirmed")
        for _ in range(3):
            site.ring(ANSWER)
        # A second answer that goes shows that the worker has been here, and left the first alone.
        second = due_again(site)
        sweep(site, lambda: state(site, second)[0] == "accepted")
    assert site.accepted() == {str(answer_id): 1, str(second): 1}
    assert state(site, answer_id)[0] == "unconfirmed"


def due_again(site: Site) -> UUID:
    """Another answer of the same person's, to another reply."""
    now = datetime.now(UTC)
    with site.db.writing() as session:
        values = {"channel": "email", "provider_key": "m2@example.org", "from_address": ADDRESS, "text": "And now?"}
        reply = Reply(**values, received_at=now)
        session.add(reply)
        session.flush()
        house = House(Offered(("email",)), Redirect(), release_seconds=0)
        return write_answer(session, reply.id, Words("Now.", 0), person=agent(session), house=house, now=now).id


def test_r19_stopped_between_claim_and_submitting(site: Site) -> None:
    """What is committed before the second check counts; the provider is not called."""
    answer_id = due(site)
    with site.worker():
        with site.db.writing() as session:
            session.execute(select(Customer.id).with_for_update()).all()
            site.ring(ANSWER)
            until(lambda: state(site, answer_id)[0] == "claimed")
            suppress(session, [Suppressed("stop", "test", address=ADDRESS, channel="email")], now=datetime.now(UTC))
        until(lambda: state(site, answer_id) == ("refused", "suppressed"))
    assert site.accepted() == {}
