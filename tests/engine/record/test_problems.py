"""A problem is the fold of its events by time: the same one in whatever order they arrive."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.conditions import read_condition, to_sql
from engine.ids import new_id
from engine.kinds import FoldEvent
from engine.record.customers import CustomerRow, record_customers
from engine.record.event_kinds import EVENT_KINDS, subject_of
from engine.record.problem_states import ProblemState, fold_problem
from engine.record.problems import fold_problems
from engine.storage.models import Customer, Event, Problem
from tests.engine.builders import make_customer, make_moment, make_trigger

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def said(name: str, when: datetime, message_id: str = "", **properties: Any) -> FoldEvent:
    """An event about ticket 4711, refund R1 or incident I1."""
    subject = {"ticket_id": "4711", "refund_id": "R1", "incident_id": "I1"}
    wanted = EVENT_KINDS[name].subject_property
    identity = {wanted: subject[wanted]} if wanted else {}
    return FoldEvent(message_id or f"{name}@{when}", name, when, when.date(), identity | properties)


def folded(*events: FoldEvent) -> ProblemState:
    state = fold_problem(events)
    assert state is not None
    return state


@pytest.mark.parametrize(
    ("properties", "state", "severity"),
    [
        ({}, "contact", "minor"),
        ({"type": "question"}, "contact", "minor"),
        ({"type": "problem"}, "open", "minor"),
        ({"type": "Incident"}, "open", "minor"),
        ({"type": "complaint"}, "open", "minor"),
        ({"tags": ["vip", "bug"]}, "open", "minor"),
        ({"tags": "vip, complaint"}, "open", "minor"),  # a file gives one text
        ({"tags": ["vip"]}, "contact", "minor"),
        ({"priority": "normal"}, "contact", "minor"),
        ({"priority": "high"}, "open", "major"),
        ({"priority": "urgent"}, "open", "serious"),
        ({"priority": "urgent", "severity": "minor"}, "open", "minor"),  # said outright
        ({"type": "problem", "severity": "serious"}, "open", "serious"),
        ({"type": "problem", "severity": "gigantic"}, "open", "minor"),  # no severity we know
        ({"tags": 7, "type": None, "priority": ["urgent"]}, "contact", "minor"),  # shapes nobody meant
    ],
)
def test_a_ticket_is_a_contact_until_something_makes_it_a_problem(
    properties: Mapping[str, Any], state: str, severity: str
) -> None:
    """Type, tag and priority each can; severity follows the priority unless it is said."""
    problem = folded(said("ticket_opened", at(1), **properties))
    assert (problem.state, problem.severity, problem.opened_at) == (state, severity, at(1))


@pytest.mark.parametrize(
    ("later", "state"),
    [
        (said("ticket_became_problem", at(2)), "open"),
        (said("ticket_updated", at(2), priority="high"), "open"),
        (said("ticket_answered", at(2), score=2), "open"),
        (said("csat_answered", at(2), score="1"), "open"),
        (said("csat_answered", at(2), score=3), "contact"),
        (said("csat_answered", at(2), score=True), "contact"),
        (said("csat_answered", at(2)), "contact"),
        (said("ticket_resolved", at(2)), "contact"),
    ],
)
def test_a_contact_becomes_a_problem_later(later: FoldEvent, state: str) -> None:
    """Somebody says so, its priority rises, or the customer's answer is bad: 2 of 5 or less."""
    assert folded(said("ticket_opened", at(1)), later).state == state


@pytest.mark.parametrize(("fault", "state"), [(True, "open"), ("true", "open"), (False, "contact"), (None, "contact")])
def test_a_refund_is_a_problem_only_where_the_company_is_at_fault(fault: Any, state: str) -> None:
    """A change of mind is no problem."""
    requested = said("refund_requested", at(1), fault=fault, reason="arrived broken", what_was_refunded="a lamp")
    problem = folded(requested)
    assert (problem.state, problem.what_happened, problem.remedy) == (state, "arrived broken", "a lamp")


def test_an_outage_that_was_felt_is_a_problem_of_its_incident() -> None:
    """All who felt one incident share its key."""
    problem = folded(said("outage_felt", at(1), what_happened="no sound"))
    assert (problem.key, problem.state, problem.incident_key) == ("outage:I1", "open", "I1")


def test_a_ticket_may_belong_to_an_incident() -> None:
    """Then one apology for the incident is enough; without one the ticket stands for itself."""
    assert folded(said("ticket_opened", at(1), incident_id="I9")).incident_key == "I9"
    assert folded(said("ticket_opened", at(1))).incident_key == "ticket:4711"


def test_what_was_told_is_kept_until_something_else_is_told() -> None:
    """Later words replace earlier ones, silence replaces nothing."""
    problem = folded(
        said("ticket_opened", at(1), type="problem", category="Delivery", what_happened="late", owner="Kim"),
        said("ticket_updated", at(2), next_step="new parcel", next_news_on="2026-11-05"),
        said("ticket_updated", at(3), what_happened="lost", owner=" "),
    )
    assert (problem.category, problem.what_happened, problem.owner) == ("delivery", "lost", "Kim")
    assert (problem.next_step, problem.next_news_on, problem.last_event_at) == ("new parcel", date(2026, 11, 5), at(3))


def test_a_solved_problem_has_no_next_step_but_the_one_its_resolution_names() -> None:
    """Nobody reads that it is solved, and that next the carrier will look for it."""
    opened, updated = said("ticket_opened", at(1), type="problem"), said("ticket_updated", at(2), next_step="a search")
    assert folded(opened, updated, said("ticket_resolved", at(3))).next_step is None
    assert folded(opened, updated, said("ticket_resolved", at(3), next_step="a new box")).next_step == "a new box"


def test_a_priority_that_falls_leaves_the_severity() -> None:
    """People lower the priority while they work on it; for the customer it was urgent all the same."""
    problem = folded(said("ticket_opened", at(1), priority="urgent"), said("ticket_updated", at(2), priority="low"))
    assert problem.severity == "serious"


def test_a_reopened_problem_is_open_and_forgets_what_did_not_hold() -> None:
    """What we did did not solve it, so no message may say that it did."""
    opened, resolved = said("ticket_opened", at(1), type="problem"), said("ticket_resolved", at(2), what_we_did="reset")
    problem = folded(opened, resolved, said("ticket_reopened", at(3)))
    assert (problem.state, problem.resolved_at, problem.reopened, problem.what_we_did) == ("open", None, 1, None)
    again = folded(opened, resolved, said("ticket_reopened", at(3)), said("ticket_resolved", at(4)))
    assert (again.state, again.resolved_at, again.reopened, again.what_we_did) == ("resolved", at(4), 1, None)


def test_the_order_of_arrival_does_not_matter() -> None:
    """Resolved before opened, or any other of the 24 orders: the fold goes by time."""
    events = (
        said("ticket_opened", at(1), type="problem"),
        said("ticket_resolved", at(2), what_we_did="reset"),
        said("ticket_reopened", at(3)),
        said("ticket_resolved", at(4), what_we_did="replaced"),
    )
    states = {fold_problem(order) for order in itertools.permutations(events)}
    assert len(states) == 1
    assert states.pop() == folded(*events)


def test_events_of_one_instant_go_by_message_id() -> None:
    """Opened and resolved in the same second: the ids decide, the same way every time."""
    resolved, reopened = said("ticket_resolved", at(2), "m1"), said("ticket_reopened", at(2), "m2")
    assert fold_problem([reopened, resolved]) == fold_problem([resolved, reopened])
    assert folded(resolved, reopened).resolved_at is None


def test_nothing_is_known_of_a_problem_without_events() -> None:
    """Every event of it was retracted."""
    assert fold_problem([]) is None


@pytest.mark.parametrize(
    ("name", "properties", "subject"),
    [
        ("ticket_opened", {"ticket_id": "4711"}, "ticket:4711"),
        ("ticket_opened", {"ticket_id": 4711}, "ticket:4711"),
        ("csat_answered", {"score": 1}, None),
        ("refund_completed", {"refund_id": " R1 "}, "refund:R1"),
        ("outage_felt", {"incident_id": "I1"}, "outage:I1"),
        ("ticket_opened", {"ticket_id": ""}, None),
        ("ticket_opened", {"ticket_id": True}, None),
        ("ticket_opened", {"ticket_id": ["4711"]}, None),
        ("order_completed", {"ticket_id": "4711"}, None),
        ("made_up", {"ticket_id": "4711"}, None),
    ],
)
def test_the_subject_of_an_event(name: str, properties: Mapping[str, Any], subject: str | None) -> None:
    """A ticket, refund or incident by its id, where the event is of a kind that speaks of one."""
    assert subject_of(name, properties) == subject


# Stored


def customers(session: Session, *names: str) -> list[UUID]:
    record_customers(session, [CustomerRow(name) for name in names], now=NOW, source="test")
    return [session.scalars(select(Customer.id).where(Customer.external_id == name)).one() for name in names]


def store(session: Session, customer_id: UUID, events: Sequence[FoldEvent], corrects: str | None = None) -> None:
    session.add_all(
        Event(
            id=new_id(),
            message_id=f"{customer_id}:{event.message_id}",
            customer_id=customer_id,
            name=event.name,
            occurred_at=event.occurred_at,
            occurred_on=event.occurred_on,
            recorded_at=NOW,
            properties=dict(event.properties),
            subject=subject_of(event.name, event.properties),
            corrects=corrects and f"{customer_id}:{corrects}",
            source="test",
        )
        for event in events
    )
    session.flush()


def stored(session: Session) -> list[Problem]:
    return list(session.scalars(select(Problem).execution_options(populate_existing=True)))


def test_problems_of_several_customers_are_stored_at_once(session: Session) -> None:
    """Two customers, two tickets: each fold lands in its own row, and again changes nothing."""
    ana, bob = customers(session, "ana", "bob")
    store(session, ana, [said("ticket_opened", at(1), type="problem"), said("ticket_resolved", at(2))])
    store(session, bob, [said("ticket_opened", at(3))])
    for _ in range(2):
        fold_problems(session, {(ana, "ticket:4711"), (bob, "ticket:4711")}, now=NOW)
    assert {(one.customer_id, one.state, one.resolved_at) for one in stored(session)} == {
        (ana, "resolved", at(2)),
        (bob, "contact", None),
    }


def test_resolved_may_arrive_before_opened(session: Session) -> None:
    """A resolution alone is about a mere contact; the opening that arrives late makes it a problem, long resolved."""
    (ana,) = customers(session, "ana")
    store(session, ana, [said("ticket_resolved", at(2), what_we_did="reset")])
    fold_problems(session, [(ana, "ticket:4711")], now=NOW)
    assert [one.state for one in stored(session)] == ["contact"]
    store(session, ana, [said("ticket_opened", at(1), type="problem")])
    fold_problems(session, [(ana, "ticket:4711")], now=NOW)
    assert [(one.state, one.opened_at, one.resolved_at) for one in stored(session)] == [("resolved", at(1), at(2))]


def test_a_problem_whose_every_event_was_retracted_is_gone(session: Session) -> None:
    """It never happened, so it holds nothing back."""
    (ana,) = customers(session, "ana")
    store(session, ana, [said("ticket_opened", at(1), "m1", type="problem")])
    fold_problems(session, [(ana, "ticket:4711")], now=NOW)
    assert len(stored(session)) == 1
    retraction = FoldEvent("m2", "event_retracted", at(2), at(2).date(), {"message_id": f"{ana}:m1"})
    store(session, ana, [retraction], corrects="m1")
    fold_problems(session, [(ana, "ticket:4711")], now=NOW)
    assert stored(session) == []


def test_what_was_retracted_and_is_told_of_is_no_open_ticket(session: Session) -> None:
    """It stays as a contact, because a moment speaks of it; who asks for open tickets does not find it."""
    ana = make_customer(session)
    open_ticket = to_sql(read_condition({"field": "customer.has_open_ticket", "op": "eq", "value": True}))
    store(session, ana.id, [said("ticket_opened", at(1), "m1", type="problem")])
    fold_problems(session, [(ana.id, "ticket:4711")], now=NOW)
    make_moment(session, ana, make_trigger(session), problem_id=stored(session)[0].id)
    assert session.scalars(select(Customer.id).where(open_ticket)).all() == [ana.id]
    retraction = FoldEvent("m2", "event_retracted", at(2), at(2).date(), {"message_id": f"{ana.id}:m1"})
    store(session, ana.id, [retraction], corrects="m1")
    fold_problems(session, [(ana.id, "ticket:4711")], now=NOW)
    assert [one.state for one in stored(session)] == ["contact"]
    assert session.scalars(select(Customer.id).where(open_ticket)).all() == []


def test_an_event_of_another_ticket_is_left_alone(session: Session) -> None:
    """Only the subjects that were named are folded."""
    (ana,) = customers(session, "ana")
    store(session, ana, [said("ticket_opened", at(1), ticket_id="1"), said("ticket_opened", at(1), "m", ticket_id="2")])
    fold_problems(session, [(ana, "ticket:1")], now=NOW)
    assert [one.key for one in stored(session)] == ["ticket:1"]
    assert stored(session)[0].last_event_at == at(1)
