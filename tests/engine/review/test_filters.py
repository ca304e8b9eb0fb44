"""Filters of the queue: each narrows as it says, lives in an address, and can be kept under a name."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, NotFound
from engine.review import filters
from engine.review.decisions import edit
from engine.review.filters import Filter, forget, keep, kept_for
from engine.review.queue import counts, queue
from engine.storage.models import Message, SavedFilter
from tests.engine.builders import NOW, make_customer, make_trigger
from tests.engine.review.desk import person, written
from tests.engine.write.desk import birthday, orders, seed, solved, write


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


def found(session: Session, **wanted: Any) -> set[object]:
    """By filters as an address would say them."""
    return {item.message_id for item in queue(session, now=NOW, wanted=Filter.read(wanted))}


def test_each_filter_narrows_as_it_says(session: Session) -> None:
    """Family, occasion, trigger, language, channel, must be read, remarks, questions, due within a day."""
    german = make_customer(session, locale="de-AT", first_name="Jörg", last_name="van der Berg", external_id="cd-77")
    plain = birthday(session, german, make_trigger(session, name="birthdays"), must_read=False, channel="email")
    kindly = birthday(session, make_customer(session, first_name="Kindly"))  # the tone check stumbles over the name
    count = orders(session, 10, deadline_at=NOW + timedelta(days=3))
    recovery, question = solved(session), solved(session, problem={"what_we_did": None})
    write(session)
    every = {plain.id, kindly.id, count.id, recovery.id, question.id}
    assert found(session) == every
    assert found(session, family="recover") == {recovery.id, question.id}
    assert found(session, occasion="order_milestone") == {count.id}
    assert found(session, trigger="birthdays") == {plain.id}
    assert found(session, language="de") == {plain.id}
    assert found(session, language="d") == set()
    assert found(session, channel="email") == {plain.id}
    assert found(session, must_read="yes") == every - {plain.id}
    assert kindly.id in found(session, remarks="yes")
    assert plain.id not in found(session, remarks="yes")
    assert found(session, questions="yes") == {question.id}
    assert found(session, due="yes") == every - {count.id}
    assert found(session, family="recover", questions="yes", due="yes") == {question.id}


@pytest.mark.parametrize(("front", "walked"), [(2, True), (3, False)])
def test_a_name_that_many_have_reads_the_queue_only_where_they_stand_in_front(
    session: Session, monkeypatch: pytest.MonkeyPatch, front: int, walked: bool
) -> None:
    """Of a hundred Annas two wait: where that is no page of them, they are looked up, and the queue is not walked."""
    monkeypatch.setattr(filters, "_FEW", 5)
    monkeypatch.setattr(filters, "_A_PAGE", front)
    annas = [make_customer(session, first_name="Anna", external_id=f"anna-{number}") for number in range(8)]
    waiting = {birthday(session, one).id for one in annas[:2]}
    birthday(session, make_customer(session, first_name="Ben"))
    write(session)
    seen: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *args: seen.append(args[2].lower()))
    assert found(session, q="anna") == waiting
    assert any("coalesce((select" in one for one in seen) == walked


@pytest.mark.parametrize("text", ["cd-77", "cd-7", "jör", "Jö", "VAN DER B", "jörg van d", "  Jörg   van "])
def test_a_search_finds_the_beginning_of_a_name_or_id(session: Session, text: str) -> None:
    """In any case of letters, first or last name, or both."""
    of_joerg = birthday(
        session, make_customer(session, first_name="Jörg", last_name="Van der Berg", external_id="cd-77")
    )
    birthday(session, make_customer(session, first_name="Ada", last_name="Marlowe", external_id="cx-77"))
    write(session)
    assert found(session, q=text) == {of_joerg.id}


@pytest.mark.parametrize("text", ["j", "%", "%%", "__", "örg", "' OR 1=1 --", "\\"])
def test_a_search_takes_every_letter_as_a_letter(session: Session, text: str) -> None:
    """Nothing is a wildcard; a single letter finds nobody rather than everybody."""
    birthday(session, make_customer(session, first_name="Jörg", last_name="Berg", external_id="cd-77"))
    write(session)
    assert found(session, q=text) == set()


def test_edited_and_whose(session: Session) -> None:
    """Mine, nobody's, everybody's; and what a person has begun to change."""
    kim = person(session, "Kim")
    mine, others = written(session, birthday(session)), written(session, birthday(session))
    others.owner_id = None
    session.flush()
    edit(session, mine.id, {"email": {"subject": "x", "body": "Dear Ada."}}, version=mine.version, person=kim, now=NOW)

    def seen(whose: str) -> set[object]:
        return {item.message_id for item in queue(session, now=NOW, wanted=Filter(whose=whose), person_id=kim.id)}

    assert (seen("mine"), seen("nobody"), seen("all")) == ({mine.id}, {others.id}, {mine.id, others.id})
    assert found(session, edited="yes") == {mine.id}
    counted = counts(session, now=NOW, person_id=kim.id)
    assert (counted.mine, counted.unassigned, counted.in_review) == (1, 1, 2)


def test_a_filter_travels_as_an_address_and_back() -> None:
    """Only what differs from the whole queue; what is unknown or not text narrows nothing."""
    wanted = Filter(whose="mine", family="recover", due=True, q="a & b")
    assert wanted.words() == {"whose": "mine", "family": "recover", "due": "yes", "q": "a & b"}
    assert Filter.read(wanted.words()) == wanted
    assert Filter.read({"whose": "hers", "nonsense": "1", "family": 7, "due": "perhaps"}) == Filter()


def test_kept_filters_are_ones_own_or_shared(session: Session) -> None:
    """A name is used once by each; others see what is shared, and cannot remove it."""
    kim, lee = person(session, "Kim"), person(session, "Lee")
    keep(session, kim, "Heavy", Filter(family="reassure"), shared=False, now=NOW)
    keep(session, kim, " Heavy ", Filter(family="recover"), shared=False, now=NOW)
    keep(session, kim, "Today", Filter(due=True), shared=True, now=NOW)
    own = kept_for(session, kim.id)
    assert [(one.name, one.wanted) for one in own] == [("Heavy", Filter(family="recover")), ("Today", Filter(due=True))]
    [shared] = kept_for(session, lee.id)
    assert (shared.name, shared.own, shared.by) == ("Today", False, "Kim")
    with pytest.raises(NotFound):
        forget(session, lee, shared.id)
    forget(session, kim, shared.id)
    assert kept_for(session, lee.id) == []
    with pytest.raises(InvalidInput):
        keep(session, kim, "  ", Filter(), shared=False, now=NOW)
    with pytest.raises(InvalidInput, match=r"nobody sees.*U\+202E"):
        keep(session, kim, "Heavy \u202e", Filter(), shared=False, now=NOW)


def test_what_was_searched_for_is_not_kept(session: Session) -> None:
    """It may be a customer's name, which an erasure would not find among the filters."""
    kim = person(session, "Kim")
    keep(session, kim, "Heavy", Filter(family="recover", q="Zenobia"), shared=True, now=NOW)
    assert session.scalars(select(SavedFilter.query)).all() == [{"family": "recover"}]
    assert [one.wanted for one in kept_for(session, kim.id)] == [Filter(family="recover")]


def light(session: Session, **fields: Any) -> Message:
    """A birthday that may go unread."""
    return written(session, birthday(session, must_read=False, if_unreviewed="send", weight=10, **fields))


def test_below_the_threshold_only_what_goes_by_itself_stays_out(session: Session) -> None:
    """It is counted, and can be looked at."""
    goes = light(session)
    heavier = written(session, birthday(session, must_read=False, if_unreviewed="send", weight=20))
    dropped = written(session, birthday(session, must_read=False, if_unreviewed="drop", weight=10))
    read = written(session, birthday(session, must_read=True, if_unreviewed="send", weight=10))
    shown = {item.message_id for item in queue(session, now=NOW, from_weight=20)}
    assert shown == {heavier.id, dropped.id, read.id}
    counted = counts(session, now=NOW, from_weight=20)
    assert (counted.in_review, counted.unseen) == (3, 1)
    unseen = queue(session, now=NOW, wanted=Filter(whose="unseen"), from_weight=20)
    assert [item.message_id for item in unseen] == [goes.id]


def test_what_would_not_go_by_itself_enters_however_light(session: Session) -> None:
    """A remark on the tone, an edit, a changed fact, or a name that it speaks in."""
    remark = light(session, customer=make_customer(session, first_name="Kindly"))
    edited, changed = light(session), light(session)
    edited.edited, changed.facts_changed = True, {"order_count": [9, 10]}
    session.flush()
    shown = {item.message_id for item in queue(session, now=NOW, from_weight=100)}
    assert shown == {remark.id, edited.id, changed.id}
