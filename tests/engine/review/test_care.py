"""Care: what is offered after heavy work, counted from work items alone."""

from datetime import datetime, timedelta
from itertools import count
from uuid import NAMESPACE_DNS, UUID, uuid5

import pytest
from sqlalchemy.orm import Session

from engine.people.audit import Doer, record
from engine.review.care import BREATHER, Offer, Work, decline, heavy_in_a_row, offer, offer_for, pause
from engine.review.taking import held_by, take
from engine.storage.models import Message, Person
from tests.engine.builders import NOW
from tests.engine.review.desk import person, written
from tests.engine.write.desk import birthday, seed, solved

MINUTE = timedelta(minutes=1)
HEAVY, LIGHT = ("recover", 70), ("celebrate", 90)


def work(*kinds: tuple[str, int], every: timedelta = 5 * MINUTE) -> list[Work]:
    """Done one after the other until now; the first is the newest."""
    return [
        Work(NOW - index * every, uuid5(NAMESPACE_DNS, str(index)), family, weight)
        for index, (family, weight) in enumerate(kinds)
    ]


def test_heavy_ones_in_a_row_are_counted() -> None:
    """Until something light, which may weigh as much: a celebration is none."""
    assert heavy_in_a_row(work(HEAVY, HEAVY, HEAVY), now=NOW) == 3
    assert heavy_in_a_row(work(HEAVY, LIGHT, HEAVY), now=NOW) == 1
    assert heavy_in_a_row(work(LIGHT, HEAVY), now=NOW) == 0
    assert heavy_in_a_row(work(("recover", 59), HEAVY), now=NOW) == 0


def test_a_message_counts_once() -> None:
    """Saved, saved again and approved is one piece of work."""
    same = UUID(int=1)
    assert heavy_in_a_row([Work(NOW - n * MINUTE, same, *HEAVY) for n in range(5)], now=NOW) == 1


def test_a_pause_that_somebody_took_begins_the_row_anew() -> None:
    """Lunch is a rest too, and so is this hour until now."""
    assert heavy_in_a_row(work(HEAVY, HEAVY, every=46 * MINUTE), now=NOW) == 1
    assert heavy_in_a_row(work(HEAVY, HEAVY), now=NOW + 46 * MINUTE) == 0


@pytest.mark.parametrize(
    ("in_a_row", "offered"),
    [(0, None), (3, None), (4, Offer("light", 4)), (5, Offer("light", 5)), (6, Offer("breather", 6))],
)
def test_first_something_light_is_offered_then_a_breather(in_a_row: int, offered: Offer | None) -> None:
    """After as many as the settings say."""
    assert offer(in_a_row, light_after=4, breather_after=6) == offered


@pytest.fixture
def kim(session: Session) -> Person:
    seed(session)
    return person(session, "Kim")


_keys = count(10)


def dealt_with(session: Session, who: Person, messages: int, *, at: datetime = NOW) -> None:
    for _ in range(messages):
        message = solved(session, weight=70, problem={"key": f"ticket:{next(_keys)}"})
        record(session, Doer(who.name, who.id), "approve", message, now=at)
    session.flush()


def offered(session: Session, who: Person, now: datetime = NOW) -> Offer | None:
    return offer_for(session, who.id, light_after=2, breather_after=3, now=now)


def test_the_queue_offers_what_the_audit_trail_counts(session: Session, kim: Person) -> None:
    """Of this person's own work; another's is no matter."""
    dealt_with(session, person(session, "Lee"), 3)
    assert offered(session, kim) is None
    dealt_with(session, kim, 2)
    assert offered(session, kim) == Offer("light", 2)
    dealt_with(session, kim, 1)
    assert offered(session, kim) == Offer("breather", 3)


def test_who_declines_is_left_in_peace(session: Session, kim: Person) -> None:
    """Until as many more."""
    dealt_with(session, kim, 3)
    decline(session, kim, now=NOW)
    assert offered(session, kim) is None
    dealt_with(session, kim, 3, at=NOW + MINUTE)
    assert offered(session, kim, NOW + MINUTE) == Offer("breather", 3)


def test_a_breather_gives_back_what_is_held(session: Session, kim: Person) -> None:
    """To everybody, or to the substitute; what is theirs and not in their hands stays theirs."""
    held, kept = (written(session, birthday(session)) for _ in range(2))
    assert held.owner_id == kept.owner_id == kim.id
    take(session, held.id, person=kim, now=NOW)
    assert pause(session, kim, now=NOW) == NOW + BREATHER
    assert offered(session, kim) == Offer("pausing", until=NOW + BREATHER)
    session.expire_all()
    assert held_by(session, [held.id], now=NOW) == {}
    assert (held.owner_id, held.owner_reason, kept.owner_id) == (None, "team:Kim", kim.id)
    assert offered(session, kim, NOW + BREATHER) is None


def test_nothing_new_is_given_to_who_takes_a_breather(session: Session, kim: Person) -> None:
    """It goes to another; and after it they are there again."""
    lee = person(session, "Lee")
    pause(session, kim, now=NOW)
    first = written(session, birthday(session))
    assert first.owner_id == lee.id
    decline(session, kim, now=NOW)
    second: Message = written(session, birthday(session))
    assert second.owner_id == kim.id
