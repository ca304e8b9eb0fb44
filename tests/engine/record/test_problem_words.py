"""What a person adds to a problem is an event of it, so the fold stays the truth and the draft goes on."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.definitions.store import active_triggers
from engine.errors import Conflict, InvalidInput, NotAllowed, NotFound
from engine.ids import new_id
from engine.record.erasing import erase
from engine.record.events import EventRow, record_events
from engine.record.problem_words import Added, add_words, may_be_added_to, may_be_resolved_here
from engine.storage.models import Customer, Event, Problem
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger
from tests.engine.record.test_notes import hire, leave
from triggers.table import KINDS

HOUR = timedelta(hours=1)


def happened(session: Session, customer: Customer, name: str, at: datetime, **said: Any) -> None:
    triggers = active_triggers(session, KINDS, include_paused=True)
    row = EventRow(str(new_id()), customer.external_id, name, at, said)
    assert record_events(session, [row], triggers=triggers, now=NOW, source="test").recorded == 1


def ticket(session: Session, **said: Any) -> Problem:
    """A ticket that was opened and solved, without a word of what was done."""
    customer = make_customer(session)
    happened(session, customer, "ticket_opened", NOW - 48 * HOUR, ticket_id="4711", type="problem", **said)
    happened(session, customer, "ticket_resolved", NOW - 24 * HOUR, ticket_id="4711")
    return session.scalars(select(Problem).where(Problem.customer_id == customer.id)).one()


def add(session: Session, problem: Problem, role: str = "agent", **fields: Any) -> Problem:
    words = {name: fields.pop(name) for name in ("what_happened", "what_we_did", "next_step") if name in fields}
    values: dict[str, Any] = {"key": new_id(), "known_at": problem.last_event_at, "words": words}
    triggers = active_triggers(session, KINDS, include_paused=True)
    return add_words(
        session, problem.id, Added(**values | fields), person=hire(session, role), triggers=triggers, now=NOW
    )


def test_it_becomes_an_event_with_the_person_as_its_source(session: Session) -> None:
    """Folded like every other: folding all events anew comes to the same."""
    problem = add(session, ticket(session), what_we_did="we sent another", next_step="it comes on Friday")
    assert (problem.what_we_did, problem.next_step, problem.state) == (
        "we sent another",
        "it comes on Friday",
        "resolved",
    )
    event = session.scalars(select(Event).where(Event.name == "ticket_updated")).one()
    assert (event.source, event.occurred_at, event.subject) == ("Robin agent", NOW, "ticket:4711")
    customer = session.get_one(Customer, problem.customer_id)
    happened(session, customer, "ticket_updated", NOW - 30 * HOUR, ticket_id="4711", owner="Tom")
    session.refresh(problem)
    assert (problem.what_we_did, problem.owner) == ("we sent another", "Tom")


def test_a_refund_is_added_to_in_the_same_way(session: Session) -> None:
    """By an event of its own name, which makes no problem of it by itself."""
    customer = make_customer(session)
    happened(session, customer, "refund_requested", NOW - 48 * HOUR, refund_id="R1", fault=True)
    problem = session.scalars(select(Problem)).one()
    assert add(session, problem, what_we_did="we paid it back").what_we_did == "we paid it back"
    assert problem.state == "open"


def test_an_outage_is_told_once_for_all(session: Session) -> None:
    """Its words belong to the incident."""
    customer = make_customer(session)
    happened(session, customer, "outage_felt", NOW - 2 * HOUR, incident_id="I1")
    problem = session.scalars(select(Problem)).one()
    assert not may_be_added_to(problem)
    with pytest.raises(InvalidInput, match="incident"):
        add(session, problem, what_we_did="we mended it")


def test_sending_the_form_twice_says_it_once(session: Session) -> None:
    """The second one finds it said, and is no conflict with itself."""
    problem, key = ticket(session), new_id()
    known_at = problem.last_event_at
    for _ in range(2):
        add(session, problem, key=key, known_at=known_at, what_we_did="we sent another")
    assert session.scalar(select(func.count()).select_from(Event)) == 3


def test_who_knew_less_is_told(session: Session) -> None:
    """Two fill in the same form: the second one sees what the first wrote before theirs is kept."""
    problem = ticket(session)
    known_at = problem.last_event_at
    add(session, problem, known_at=known_at, what_we_did="we sent another")
    with pytest.raises(Conflict):
        add(session, problem, known_at=known_at, what_we_did="we did nothing")
    session.refresh(problem)
    assert problem.what_we_did == "we sent another"


def test_the_draft_that_waited_is_due_at_once(session: Session) -> None:
    """A question is asked again every hour; its answer need not wait so long. Other drafts stay as they were."""
    problem = ticket(session)
    customer = session.get_one(Customer, problem.customer_id)
    trigger = make_trigger(session, family="recover", kind="recovery", params={"kinds": ["ticket"]})
    waiting = make_message(session, make_moment(session, customer, trigger, problem_id=problem.id), write_at=NOW + HOUR)
    other = make_message(session, make_moment(session, customer, make_trigger(session)), write_at=NOW + HOUR)
    add(session, problem, what_we_did="we sent another")
    session.expire_all()
    assert (waiting.write_at, other.write_at) == (NOW, NOW + HOUR)


@pytest.mark.parametrize(
    "words", [{}, {"what_we_did": "  "}, {"what_we_did": "x" * 501}], ids=["nothing", "blank", "too long"]
)
def test_what_says_nothing_is_refused(session: Session, words: dict[str, str]) -> None:
    """Nothing is recorded."""
    problem = ticket(session)
    with pytest.raises(InvalidInput):
        add(session, problem, **words)
    assert session.scalar(select(func.count()).select_from(Event)) == 2


def test_a_viewer_adds_nothing(session: Session) -> None:
    """It needs the role agent."""
    with pytest.raises(NotAllowed):
        add(session, ticket(session), role="viewer", what_we_did="we sent another")


def test_a_problem_from_a_note_is_resolved_here_and_only_such(session: Session) -> None:
    """No other system knows of it; what a ticket system opened, that one closes."""
    from_outside = ticket(session)
    with pytest.raises(InvalidInput, match="the system that it came from"):
        add(session, from_outside, resolved=True)
    customer = make_customer(session)
    leave(session, customer, hire(session, "agent"), opens_problem=True)
    problem = session.scalars(select(Problem).where(Problem.customer_id == customer.id)).one()
    assert may_be_resolved_here(problem)
    add(session, problem, resolved=True, what_we_did="I apologised")
    assert (problem.state, problem.resolved_at, problem.what_we_did) == ("resolved", NOW, "I apologised")


def test_whom_it_is_about_is_told_by_its_events(session: Session) -> None:
    """The name that the other system gives, beside that of the owner."""
    assert ticket(session, about="Tom", owner="Ida").about == "Tom"


def test_nothing_is_added_about_who_was_erased(session: Session) -> None:
    """Also where the page was open while it happened."""
    problem = ticket(session)
    known_at = problem.last_event_at
    erase(session, problem.customer_id, now=NOW)
    with pytest.raises(NotFound):
        add(session, problem, known_at=known_at, what_we_did="we sent another")
