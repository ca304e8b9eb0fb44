"""Two lanes: what a person just approved goes first, and the bulk has a share of its own."""

from datetime import timedelta
from uuid import UUID

import pytest

from engine.send import claiming
from engine.send.claiming import JUST, MAX_ATTEMPTS, Door, claim_due, with_due
from engine.storage.models import Person
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.send.approved import Ending, Stub, approved, approved_by_email, change, message


@pytest.fixture
def kim(db: Database) -> UUID:
    with db.writing() as session:
        person = Person(name="Kim", email="kim@example.com", role="agent", password_hash="", created_at=NOW)
        session.add(person)
        session.flush()
        return person.id


@pytest.fixture(autouse=True)
def whose_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lane of people begins."""
    monkeypatch.setattr(claiming.random, "randrange", lambda _most: 0)


def claimed(ending: Ending, limit: int = 10) -> list[UUID]:
    return [claim.message_id for claim in ending.claim(limit=limit)]


def test_what_a_person_just_approved_goes_before_what_has_long_been_due(db: Database, kim: UUID) -> None:
    """Its author waits for it."""
    bulk = [approved(db, send_at=NOW - timedelta(hours=2)) for _ in range(3)]
    just = approved(db, approved_by=kim, send_at=NOW - timedelta(minutes=1))
    first, *others = claimed(Ending(db), limit=3)
    assert first == just
    assert set(others) < set(bulk)


def test_the_bulk_has_its_share(db: Database, kim: UUID) -> None:
    """One of five, however much people approve."""
    bulk = {approved(db) for _ in range(4)}
    for _ in range(20):
        approved(db, approved_by=kim)
    batch = claimed(Ending(db))
    assert [one in bulk for one in batch] == [False] * 4 + [True] + [False] * 4 + [True]


def test_a_gate_that_admits_one_at_a_time_keeps_no_lane(
    db: Database, kim: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose turn it is first changes from batch to batch."""
    turns = iter([0, 1, 2, 3, 4])
    monkeypatch.setattr(claiming.random, "randrange", lambda _most: next(turns))
    bulk = approved(db)
    for _ in range(9):
        approved(db, approved_by=kim)
    one_by_one = [claimed(Ending(db), limit=1)[0] for _ in range(5)]
    assert one_by_one.index(bulk) == 4


def test_what_was_approved_days_ago_waits_in_the_order_of_its_hour(db: Database, kim: UUID) -> None:
    """Nobody waits before the screen for it; and the lane stays short, whatever has been approved in advance."""
    late = approved(db, send_at=NOW - timedelta(minutes=1), approved_by=kim, release_at=NOW - JUST)
    early = approved(db, send_at=NOW - timedelta(minutes=9))
    assert claimed(Ending(db)) == [early, late]


@pytest.mark.parametrize("poisoned", ["of people", "of the bulk"])
def test_poison_travels_alone_in_either_lane(db: Database, kim: UUID, poisoned: str) -> None:
    """It takes nobody with it, and keeps nobody."""
    who = {"approved_by": kim} if poisoned == "of people" else {}
    poison = approved(db, send_at=NOW - timedelta(minutes=9), attempts=1, **who)
    others = {approved(db), approved(db, approved_by=kim)}
    ending = Ending(db)
    first, second = set(claimed(ending)), set(claimed(ending))
    assert {frozenset(first), frozenset(second)} == {frozenset({poison}), frozenset(others)}


def test_poison_waits_until_nothing_else_is_in_the_hands_of_its_worker(db: Database) -> None:
    """Calls that are under way would die with it."""
    approved(db, attempts=1)
    fine = approved(db)
    ending = Ending(db)
    with db.writing() as session:
        claims = claim_due(session, Door("one", ending.channel, alone=False), now=NOW, machine=ending.machine)
    assert [claim.message_id for claim in claims] == [fine]


def test_a_message_of_a_channel_that_is_gone_ends_where_people_see_it(db: Database) -> None:
    """Its configuration was taken away: it is tried a few times and given up by name."""
    message_id = approved_by_email(db, expires_at=NOW + timedelta(days=3))
    ending = Ending(db)
    for _ in range(MAX_ATTEMPTS):
        assert ending.round() == 0
        ending.pass_time(minutes=13)
    ended = message(db, message_id)
    assert (ended.state, ended.reason) == ("skipped", "cannot_compose:no channel email")


def test_looking_takes_nothing(db: Database) -> None:
    """It says through which doors something is due, and leaves everything as it is."""
    approved(db)
    doors = [Door("one", Stub()), Door("one", Stub(name="inapp"))]
    with db.reading() as session:
        found = [with_due(session, doors, now=NOW, machine=Ending(db).machine) for _ in range(2)]
    assert found == [doors[:1], doors[:1]]
    assert len(Ending(db).claim()) == 1


def test_what_is_claimed_is_not_due(db: Database) -> None:
    """Neither for another worker nor for the look."""
    message_id = approved(db)
    Ending(db).claim()
    change(db, message_id, attempts=0)
    with db.reading() as session:
        assert with_due(session, [Door("two", Stub())], now=NOW, machine=Ending(db).machine) == []
