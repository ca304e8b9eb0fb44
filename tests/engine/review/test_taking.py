"""Taking a draft, giving it back, taking it over; and two who try at once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from engine.errors import Conflict, NotAllowed
from engine.review.decisions import ChangedMeanwhile, approve, edit
from engine.review.queue import queue
from engine.review.taking import FOR, TakenMeanwhile, give_back, held_by, take
from engine.review.views import Held
from engine.storage.models import Message
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.review.desk import audited, person, written
from tests.engine.review.test_races import at_once
from tests.engine.write.desk import birthday, seed

MINUTE = timedelta(minutes=1)


@pytest.fixture
def draft(session: Session) -> Message:
    seed(session)
    return written(session, birthday(session))


def test_a_taken_draft_says_who_is_at_it_since_when(session: Session, draft: Message) -> None:
    """In the queue and to the next who tries; the version stays, so no work of anybody is refused for it."""
    kim, lee = person(session, "Kim"), person(session, "Lee")
    kim.zone = lee.zone = "Europe/Berlin"
    version = draft.version
    assert take(session, draft.id, person=kim, now=NOW) == Held(kim.id, "Kim", NOW, NOW + FOR)
    [item] = queue(session, now=NOW + MINUTE)
    assert item.held == Held(kim.id, "Kim", NOW, NOW + FOR)
    with pytest.raises(TakenMeanwhile, match=r"Kim is writing at this since 14:00\."):
        take(session, draft.id, person=lee, now=NOW + MINUTE)
    session.refresh(draft)
    assert draft.version == version


def test_who_goes_on_writing_holds_it_longer_since_the_same_hour(session: Session, draft: Message) -> None:
    """Renewing is no new taking: it is audited once."""
    kim = person(session, "Kim")
    take(session, draft.id, person=kim, now=NOW)
    assert take(session, draft.id, person=kim, now=NOW + 10 * MINUTE) == Held(kim.id, "Kim", NOW, NOW + 25 * MINUTE)
    assert audited(session, draft).count(("Kim", "take")) == 1


def test_what_is_left_alone_for_a_quarter_of_an_hour_is_free(session: Session, draft: Message) -> None:
    """To the second."""
    kim, lee = person(session, "Kim"), person(session, "Lee")
    take(session, draft.id, person=kim, now=NOW)
    with pytest.raises(TakenMeanwhile):
        take(session, draft.id, person=lee, now=NOW + FOR - timedelta(seconds=1))
    assert take(session, draft.id, person=lee, now=NOW + FOR).by == lee.id


def test_what_is_given_back_is_free_at_once(session: Session, draft: Message) -> None:
    """Only by who holds it."""
    kim, lee = person(session, "Kim"), person(session, "Lee")
    take(session, draft.id, person=kim, now=NOW)
    assert not give_back(session, draft.id, person=lee, now=NOW)
    assert give_back(session, draft.id, person=kim, now=NOW)
    assert held_by(session, [draft.id], now=NOW) == {}
    assert take(session, draft.id, person=lee, now=NOW).by == lee.id


def test_it_may_be_taken_over_deliberately(session: Session, draft: Message) -> None:
    """From the one whom one saw holding it; if that is another meanwhile, one is told."""
    kim, lee, max_ = (person(session, name) for name in ("Kim", "Lee", "Max"))
    take(session, draft.id, person=kim, now=NOW)
    assert take(session, draft.id, person=lee, over=kim.id, now=NOW).by == lee.id
    with pytest.raises(TakenMeanwhile, match="Lee is writing"):
        take(session, draft.id, person=max_, over=kim.id, now=NOW)


def test_what_is_decided_is_not_taken(session: Session, draft: Message) -> None:
    """And a viewer takes nothing."""
    kim = person(session, "Kim")
    with pytest.raises(NotAllowed):
        take(session, draft.id, person=person(session, "Vera", "viewer"), now=NOW)
    approve(session, draft.id, version=draft.version, person=kim, now=NOW)
    with pytest.raises(Conflict, match="does not wait"):
        take(session, draft.id, person=kim, now=NOW)


def test_holding_it_lets_nobody_overwrite_what_another_saved(session: Session, draft: Message) -> None:
    """Taking is a courtesy: a stale save is refused with both texts, whoever holds the draft."""
    kim, lee = person(session, "Kim"), person(session, "Lee")
    seen = draft.version
    take(session, draft.id, person=kim, now=NOW)
    texts = {"email": {"subject": "x", "body": "Dear Ada, 14 February."}}
    edit(session, draft.id, texts, version=seen, person=lee, now=NOW)
    with pytest.raises(ChangedMeanwhile) as refused:
        edit(session, draft.id, {"email": {"subject": "y", "body": "Mine."}}, version=seen, person=kim, now=NOW)
    assert refused.value.theirs["email"]["body"] == "Dear Ada, 14 February."
    assert refused.value.yours["email"]["body"] == "Mine."


def test_of_two_who_take_at_once_one_has_it(db: Database) -> None:
    """On both databases; the other is told who."""
    with db.writing() as session:
        seed(session)
        message_id = written(session, birthday(session)).id
        people = [person(session, name) for name in ("Kim", "Lee", "Max", "Ada")]

    def taking(index: int) -> Callable[[Session], object]:
        return lambda session: take(session, message_id, person=people[index], now=NOW)

    answers = at_once(db, *(taking(index) for index in range(4)))
    [won] = [answer for answer in answers if isinstance(answer, Held)]
    refused = [answer for answer in answers if isinstance(answer, TakenMeanwhile)]
    assert len(refused) == 3
    assert {one.held.by for one in refused if one.held} == {won.by}
    with db.reading() as session:
        assert session.get_one(Message, message_id).taken_by == won.by
