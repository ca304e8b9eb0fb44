"""R20 and R21: people erase, edit, approve, take back and change their minds while workers are at it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import redis
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput
from engine.listen.receipts import Said, record_receipts
from engine.record.erasing import erase
from engine.review import decisions
from engine.storage.models import (
    ContactPoint,
    Customer,
    Message,
    MessageMoment,
    Moment,
    Person,
    Preference,
    Receipt,
    Revision,
)
from engine.write.folders import read_all
from engine.write.mission import read_mission
from engine.write.store import seed_mission, seed_templates
from tests.engine.record.test_erasing import everything
from tests.engine.review.desk import person
from tests.faults.installation import ROOT
from tests.faults.site import Site, kill, settle
from tests.workers.celery_processes import until

pytestmark = pytest.mark.databases("postgres")


def erase_customer_of(session: Session, message_id: UUID) -> None:
    erase(session, session.get_one(Message, message_id).customer_id, now=datetime.now(UTC))


def nothing_personal(site: Site, external_id: str) -> None:
    with site.db.reading() as session:
        left = [line for line in everything(session).splitlines() if external_id in line or "Dear Ada" in line]
        assert left == []
        assert session.scalars(select(ContactPoint.address)).all() == []


def external_id_of(site: Site, message_id: UUID) -> str:
    with site.db.reading() as session:
        of = select(Customer.external_id).join(Message, Message.customer_id == Customer.id)
        return session.scalars(of.where(Message.id == message_id)).one()


@pytest.mark.parametrize("when", ["queued", "claimed"])
def test_r20_erased_before_it_goes(site: Site, when: str) -> None:
    """Queued or claimed: nothing goes after the commit, and nothing personal is left."""
    (one,) = site.due(1)
    name = f"{external_id_of(site, one)}@example.com"
    with site.worker():
        if when == "queued":
            with site.db.writing() as session:
                erase_customer_of(session, one)
            site.ring("jubilee.send", "jubilee.send")
        else:
            with site.locked([one]) as session:
                site.ring()
                site.wait(claimed=1)
                erase_customer_of(session, one)
            site.wait(refused=1)
    assert site.accepted() == {}
    assert (site.message(one).state, site.message(one).reason) == ("skipped", "erased")
    nothing_personal(site, name)
    assert name not in site.log()
    site.all_is_well()


@pytest.mark.parametrize("when", ["submitting", "after"])
def test_r20_erased_when_it_has_gone(site: Site, when: str) -> None:
    """It went before the erasure was recorded. The provider's answer and its receipts bring nothing personal back."""
    (one,) = site.due(1)
    name = f"{external_id_of(site, one)}@example.com"
    site.stub.behave("accept_then_hang" if when == "submitting" else "accept")
    with site.worker() as process:
        site.ring()
        until(lambda: site.accepted() == {str(one): 1})
        if when == "after":
            site.wait(accepted=1)
        with site.db.writing() as session:
            erase_customer_of(session, one)
        kill(process)
    site.end_leases()
    settle(site)
    with site.here() as jubilee, jubilee.db.writing() as session:
        kinds = ("delivered", "bounced", "complained")
        detail = f"550 no such user {name}"
        record_receipts(
            session,
            [
                Said("sendgrid", f"{one}:{kind}", kind, datetime.now(UTC), one, address=name, detail=detail)
                for kind in kinds
            ],
            offered=jubilee.offered,
            now=datetime.now(UTC),
        )
    nothing_personal(site, name)
    with site.db.reading() as session:
        assert [detail for detail in session.scalars(select(Receipt.detail)) if detail and "@" in detail] == []
    assert site.accepted() == {str(one): 1}
    site.nothing_twice()


def test_r20_nothing_of_them_is_in_redis(site: Site) -> None:
    """Rings carry names of tasks and nothing else."""
    (one,) = site.due(1)
    site.ring("jubilee.send", "jubilee.settle")
    with redis.Redis.from_url(site.broker) as client:
        kept = [client.lrange(key, 0, -1) for key in client.scan_iter() if client.type(key) == b"list"]
    assert "jubilee.send" in str(kept)
    assert external_id_of(site, one) not in str(kept)
    assert str(one) not in str(kept)


def in_review(site: Site) -> tuple[UUID, Person]:
    """An approved message, taken back by an agent, who is there."""
    (one,) = site.due(1)
    with site.db.writing() as session:
        seed_templates(session, read_all(ROOT / "templates"), now=datetime.now(UTC))
        seed_mission(session, read_mission(ROOT / "templates" / "mission.yaml"), now=datetime.now(UTC))
        company = {"company.name": {"value": "Acme", "source": "company", "sayable": True}}
        for revision in session.scalars(select(Revision)):
            revision.facts = revision.facts | company
        agent = person(session)
        decisions.undo(session, one, version=1, person=agent, now=datetime.now(UTC))
        session.flush()
        session.expunge_all()
    return one, agent


def test_r21_taken_back_while_a_worker_claims_it(site: Site) -> None:
    """Whoever comes first wins: a claim is told to the agent, who does not believe that it was stopped."""
    (one,) = site.due(1)
    with site.db.writing() as session:
        agent = person(session)
        session.flush()
        session.expunge(agent)
    with site.worker():
        with site.locked([one]):
            site.ring()
            site.wait(claimed=1)
            with site.db.writing() as session, pytest.raises(Conflict, match="being sent right now"):
                decisions.undo(session, one, version=1, person=agent, now=datetime.now(UTC))
        site.wait(accepted=1)
    site.all_is_well()


def test_r21_two_agents_approve_at_the_same_time(site: Site) -> None:
    """One of them does, the other is told; it goes once, with one signature."""
    one, agent = in_review(site)
    version = site.message(one).version

    def approve(_number: int) -> str:
        try:
            with site.db.writing() as session:
                decisions.approve(
                    session,
                    one,
                    version=version,
                    person=agent,
                    now=datetime.now(UTC),
                    release_seconds=0,
                    seen=["email"],
                )
        except Conflict:
            return "told"
        return "approved"

    with ThreadPoolExecutor(5) as agents:
        assert sorted(agents.map(approve, range(5))) == ["approved", "told", "told", "told", "told"]
    with site.worker():
        site.sweep(accepted=1)
    site.all_is_well()


def test_r21_what_goes_is_the_last_text_that_was_approved(site: Site) -> None:
    """Taken back, edited, approved again: no mixture, and not the old one."""
    one, agent = in_review(site)
    with site.db.writing() as session:
        texts = {"email": {"subject": "A new subject", "body": "Hello Ada,\n\nall new words.\n\nKim"}}
        edited = decisions.edit(
            session, one, texts, version=site.message(one).version, person=agent, now=datetime.now(UTC)
        )
        decisions.approve(
            session, one, version=edited.version, person=agent, now=datetime.now(UTC), release_seconds=0, seen=["email"]
        )
    with site.worker():
        site.sweep(accepted=1)
    (sent,) = [one for one in site.stub.received() if one["method"] == "POST"][-1:]
    assert "A new subject" in sent["body"]
    assert "all new words" in sent["body"]
    assert "happy birthday to you" not in sent["body"]


def test_r21_approved_when_it_is_too_late(site: Site) -> None:
    """Late is worse than never: the agent is told, and nothing goes."""
    one, agent = in_review(site)
    with (
        site.db.writing() as session,
        pytest.raises(InvalidInput, match="late is worse than never"),
    ):
        decisions.approve(
            session,
            one,
            version=site.message(one).version,
            person=agent,
            now=datetime.now(UTC) + timedelta(days=9),
            release_seconds=0,
        )
    assert site.accepted() == {}


def test_r21_the_customer_changes_their_mind_after_the_approval(site: Site) -> None:
    """A wish not to hear of this occasion, recorded after a person approved: the second check sees it."""
    (one,) = site.due(1)
    with site.db.writing() as session:
        message = session.get_one(Message, one)
        wish = {"customer_id": message.customer_id, "occasion": message.occasion, "wanted": False}
        session.add(Preference(**wish, source="test", changed_at=datetime.now(UTC)))
    with site.worker():
        site.sweep_until(lambda: site.deliveries()["refused"] >= 1)
    assert site.accepted() == {}
    assert site.deliveries_of(one)[0] == ("refused", "held:occasion_off")


def test_r21_it_expires_while_it_waits_for_its_check(site: Site) -> None:
    """Claimed in time, too late when the second check comes: it does not go, and ends as expired."""
    (one,) = site.due(1)
    with site.worker():
        with site.locked([one]) as session:
            site.ring()
            site.wait(claimed=1)
            past = datetime.now(UTC) - timedelta(seconds=1)
            session.execute(update(Message).where(Message.id == one).values(expires_at=past))
            of = select(MessageMoment.moment_id).where(MessageMoment.message_id == one)
            session.execute(update(Moment).where(Moment.id.in_(of)).values(expires_at=past))
        site.wait(refused=1)
    assert site.accepted() == {}
    assert site.message(one).state == "expired"
