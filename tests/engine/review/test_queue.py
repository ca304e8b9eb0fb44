"""The queue: what stands in it, in which order, and what an agent sees of one message."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, NotFound
from engine.ids import new_id
from engine.review.decisions import approve, edit
from engine.review.queue import counts, one, queue
from engine.review.views import Place, QueueCounts, QueueItem
from engine.storage.models import Message, Trigger
from tests.engine.builders import NOW, make_customer
from tests.engine.review.desk import claim, person, written
from tests.engine.write.desk import COMPANY, TEAM, birthday, orders, seed, solved, write

TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


def at(hours: int, weight: int = 30) -> dict[str, Any]:
    return {"deadline_at": NOW + timedelta(hours=hours), "weight": weight}


def only(items: list[QueueItem]) -> QueueItem:
    [item] = items
    return item


def test_the_most_pressing_stands_first(session: Session) -> None:
    """By deadline; where that is the same, the weightier."""
    later, light, heavy = (birthday(session, **at(*place)) for place in ((5,), (2, 10), (2, 60)))
    write(session)
    assert [item.message_id for item in queue(session, now=NOW)] == [heavy.id, light.id, later.id]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_follow_each_other_without_gap_or_repetition(session: Session, size: int) -> None:
    """Also among many of one deadline and one weight; the place travels as text."""
    for place in ((1, 10), (1, 10), (1, 20), (2, 10), (1, 10)):
        birthday(session, **at(*place))
    write(session)
    every = [item.message_id for item in queue(session, now=NOW)]
    seen, after = [], None
    while page := queue(session, now=NOW, limit=size, after=after):
        seen += [item.message_id for item in page]
        after = Place.read(str(page[-1].place))
    assert seen == every
    assert len(set(seen)) == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a~b~c",
        "2026-06-01T12:00:00~1~01a201d4-b294-7777-a54b-ee086dcf6265",
        "2026-06-01T12:00:00+00:00~1~x",
    ],
)
def test_a_place_that_nobody_wrote_is_refused(text: str) -> None:
    """It comes from an address that anybody may change."""
    with pytest.raises(InvalidInput, match="no place in the queue"):
        Place.read(text)


def test_only_what_waits_for_a_person_is_there(session: Session) -> None:
    """Neither what is not written yet, nor what is approved."""
    birthday(session, write_at=NOW + timedelta(days=1))
    approved = written(session, birthday(session))
    approve(session, approved.id, version=approved.version, person=person(session), now=NOW)
    waiting = written(session, birthday(session))
    assert [item.message_id for item in queue(session, now=NOW)] == [waiting.id]


def test_a_draft_that_stopped_stands_there_as_a_question(session: Session) -> None:
    """With what is asked, and of whom."""
    message = written(session, solved(session, problem={"what_we_did": None}))
    item = only(queue(session, now=NOW))
    assert (item.message_id, item.question, item.written) == (message.id, True, False)
    assert [(hold.name, hold.detail) for hold in item.holds] == [
        ("missing_fact", "What we did about it is not known: ask Tom, who owns ticket 1")
    ]


def test_a_row_says_who_why_and_when(session: Session) -> None:
    """The send time is the customer's own: 16:00 UTC is 9 in the morning in Los Angeles."""
    customer = make_customer(session, first_name="Ada", last_name="Lovelace", external_id="c-42")
    send_at = datetime(2026, 6, 4, 16, 0, tzinfo=UTC)
    message = orders(session, 10, customer, zone="America/Los_Angeles", send_at=send_at, must_read=True)
    write(session)
    item = only(queue(session, now=NOW))
    assert (item.customer_name, item.external_id, item.title) == ("Ada Lovelace", "c-42", "Orders")
    assert item.why == "10th order, on 2 June"
    assert (item.send_at, item.zone) == ("Thu 4 Jun 2026, 09:00", "America/Los_Angeles")
    assert (item.must_read, item.channel, item.family) == (True, "postbox", "celebrate")
    assert (item.send_on, item.state, item.findings, item.worst) == (message.send_on, "in_review", 0, None)


def test_a_row_says_that_its_trigger_is_paused_and_not_that_it_goes(session: Session) -> None:
    """Also where nobody would have to read it, and until the trigger goes on; the page of the message says the same."""
    message = written(session, birthday(session, if_unreviewed="send", must_read=False))
    trigger = session.get_one(Trigger, message.trigger_id)
    trigger.state, trigger.paused_from, trigger.paused_reason = "paused", "active", "the wording is looked at."
    session.flush()
    item = only(queue(session, now=NOW))
    assert item.person_why == "Its trigger is paused: the wording is looked at. It waits, and its time runs on."
    assert (item.paused, item.goes_unread) == ("the wording is looked at.", False)
    assert one(session, message.id, now=NOW).item.paused
    trigger.state, trigger.paused_from, trigger.paused_reason = "active", None, None
    session.flush()
    item = only(queue(session, now=NOW))
    assert (item.paused, item.goes_unread) == (None, True)


def test_a_row_says_how_grave_the_findings_are(session: Session) -> None:
    """The worst of them, and how many."""
    birthday(session, make_customer(session, first_name="Kindly"))
    write(session)
    item = only(queue(session, now=NOW))
    assert item.worst == "block"
    assert item.findings >= 1


def test_counts_are_for_badges(session: Session) -> None:
    """What waits, what asks, what presses within a day, what may still be taken back."""
    for hours in (1, 24, 25):
        birthday(session, **at(hours))
    solved(session, problem={"what_we_did": None})
    write(session)
    approved = written(session, birthday(session))
    approve(session, approved.id, version=approved.version, person=person(session), now=NOW)
    assert counts(session, now=NOW) == QueueCounts(in_review=3, questions=1, urgent=2, approved=1, unassigned=4)


@pytest.mark.parametrize("many", [1, 6])
def test_a_page_takes_as_many_statements_however_long_it_is(session: Session, many: int) -> None:
    """Ids, rows, moments, holds, who writes at them, and a definition for each trigger that was never read before."""
    for _ in range(many):
        birthday(session)
    write(session)
    queue(session, now=NOW)
    seen: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *args: seen.append(args[2]))
    queue(session, now=NOW)
    assert len(seen) == 5


def test_the_page_of_a_message_shows_what_is_known_and_from_where(session: Session) -> None:
    """Also what must not be said, marked as such."""
    message = written(session, orders(session))
    facts = {fact.name: fact for fact in one(session, message.id, now=NOW).facts}
    assert (facts["order_count"].value, facts["order_count"].source, facts["order_count"].sayable) == (
        10,
        "event m1",
        True,
    )
    assert (facts["reached_on"].value, facts["reached_on"].sayable) == ("2026-05-30", False)
    assert "company.name" not in facts


def test_the_page_shows_the_text_as_it_would_go(session: Session) -> None:
    """Signed by the person who looks, without hints; the text to edit keeps both."""
    message = written(session, orders(session))
    ada = person(session)
    view = one(session, message.id, now=NOW, person=ada)
    assert view.text == "email"
    assert "[[ hint:" in str(view.texts["email"]["body"])
    assert "[[" not in str(view.preview)
    assert str(view.preview["email"]["body"]).endswith(f"Ada Agent, {COMPANY}")
    assert view.signature == f"Ada Agent, {COMPANY}"
    assert view.hints == ["one sentence that only somebody who knows this customer could write, or nothing"]
    assert view.free_part == "suggested"
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    assert one(session, message.id, now=NOW).texts == view.preview


def test_without_a_person_the_preview_is_signed_by_the_team(session: Session) -> None:
    """As a policy would let it go."""
    message = written(session, birthday(session))
    assert one(session, message.id, now=NOW).signature == f"{TEAM}, {COMPANY}"


def test_the_page_shows_every_wording_and_its_author(session: Session) -> None:
    """The writer's draft has none."""
    message = written(session, birthday(session))
    ada = person(session)
    texts = {"email": {"subject": "x", "body": "Dear Ada, 14 February. [[ signature ]]"}}
    edit(session, message.id, texts, version=message.version, person=ada, now=NOW)
    view = one(session, message.id, now=NOW)
    assert [(revision.number, revision.author) for revision in view.revisions] == [(1, None), (2, "Ada Agent")]
    assert view.item.edited


def test_the_page_shows_what_the_customer_already_got(session: Session) -> None:
    """What went out or is about to, with its subject; not what died unsent."""
    customer = make_customer(session)
    earlier = written(session, orders(session, 10, customer, send_on=date(2026, 5, 1)))
    approve(session, earlier.id, version=earlier.version, person=person(session), now=NOW)
    birthday(session, customer, state="expired", reason="too_late", send_on=date(2026, 4, 1))
    message = written(session, birthday(session, customer))
    [shown] = one(session, message.id, now=NOW).earlier
    assert (shown.message_id, shown.send_on) == (earlier.id, date(2026, 5, 1))
    assert shown.subject


def test_the_page_says_whether_an_approval_can_be_undone(session: Session) -> None:
    """Until a worker has it; and who approved."""
    message = written(session, birthday(session))
    approve(session, message.id, version=message.version, person=person(session), now=NOW)
    view = one(session, message.id, now=NOW)
    assert (view.can_be_undone, view.approved_by) == (True, "Ada Agent")
    claim(session, message)
    assert not one(session, message.id, now=NOW).can_be_undone


def test_the_page_of_a_question_shows_the_facts_that_are_there(session: Session) -> None:
    """And no text, as there is none."""
    message: Message = written(session, solved(session, problem={"what_we_did": None}))
    view = one(session, message.id, now=NOW)
    facts = {fact.name: fact.value for fact in view.facts}
    assert facts["what_happened"] == "the parcel came without the lamp shade"
    assert facts["what_we_did"] is None
    assert (view.texts, view.text, view.revisions) == ({}, "", [])


def test_a_message_that_is_not_there_has_no_page(session: Session) -> None:
    """An unknown id."""
    with pytest.raises(NotFound):
        one(session, new_id(), now=NOW)
