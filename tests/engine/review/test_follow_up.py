"""Calls that serious or repeated problems ask for: once solved, in time, for who solved it; what came of them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.definitions.store import active_triggers
from engine.errors import Conflict
from engine.record.problems import fold_problems
from engine.record.suppressions import Suppressed, suppress
from engine.review.follow_up import LOOK_BACK, keep_follow_ups
from engine.send.call_outcomes import Outcome
from engine.send.follow_up_calls import follow_up, follow_ups_waiting, open_follow_ups, settle_follow_up
from engine.send.unhappy_calls import note_unhappy_call
from engine.storage.models import ContactPoint, Customer, FollowUpCall, Notice, Person, Problem, Trigger
from tests.engine.answer.answers import agent
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_problem, make_trigger
from triggers.table import KINDS

NUMBER = "+4930123456"
RECOVERY = {
    "family": "recover",
    "occasion": "ticket_solved",
    "kind": "recovery",
    "params": {"kinds": ["ticket"]},
    "template": "ticket_solved_serious",
}


SOLVED = NOW - timedelta(hours=28)


def solved(
    session: Session,
    customer: Customer | None = None,
    *,
    key: str = "ticket:1",
    owner: str | None = "Tom",
    **fields: Any,
) -> Problem:
    """A serious ticket, solved yesterday, which an active trigger recovers; its customer has a number."""
    if customer is None:
        customer = make_customer(session, last_name="Marlowe")
        session.add(ContactPoint(customer_id=customer.id, channel="sms", address=NUMBER))
    if session.scalars(select(Trigger).where(Trigger.family == "recover")).first() is None:
        make_trigger(session, **RECOVERY)
    values: dict[str, Any] = {
        "state": "resolved",
        "resolved_at": SOLVED,
        "opened_at": SOLVED - timedelta(days=3),
        "severity": "serious",
        "what_happened": "two parcels came",
        "what_we_did": "we refunded one",
        "incident_key": key,
    }
    return make_problem(session, customer, key=key, owner=owner, **values | fields)


def keep(session: Session, *, now: datetime = NOW) -> int:
    """A round of them, with the triggers there are."""
    session.flush()
    return keep_follow_ups(session, active_triggers(session, KINDS), now=now)


def again(session: Session, problem: Problem, resolved_at: datetime | None) -> None:
    """It is opened again, or solved at this time."""
    problem.state, problem.resolved_at = ("resolved", resolved_at) if resolved_at else ("open", None)
    session.flush()


def calls(session: Session) -> list[FollowUpCall]:
    return list(session.scalars(select(FollowUpCall).execution_options(populate_existing=True)))


def settle(session: Session, call_id: UUID, outcome: str, seen: int = 0, **fields: Any) -> None:
    settle_follow_up(session, call_id, Outcome(outcome, seen, **fields), person=agent(session), now=NOW)


def one(session: Session) -> FollowUpCall:
    solved(session)
    keep(session)
    return calls(session)[0]


def test_a_solved_problem_asks_for_a_call_once(session: Session) -> None:
    """Within two days of its resolution, before any moment is spotted, and however often it is looked."""
    problem = solved(session)
    assert [keep(session), keep(session)] == [1, 0]
    (call,) = calls(session)
    assert (call.problem_id, call.customer_id) == (problem.id, problem.customer_id)
    assert (call.state, call.due_at) == ("open", SOLVED + timedelta(hours=48))


def test_a_light_one_asks_for_none_and_the_second_of_its_kind_does(session: Session) -> None:
    """First and minor: a warm message is enough. One that is still open has nothing to be called about."""
    first = solved(session, severity="minor")
    solved(session, key="ticket:2", state="open", resolved_at=None)
    assert keep(session) == 0
    customer = session.get_one(Customer, first.customer_id)
    second = solved(session, customer, key="ticket:3", severity="minor", opened_at=SOLVED - timedelta(hours=9))
    assert keep(session) == 1
    assert [call.problem_id for call in calls(session)] == [second.id]


@pytest.mark.parametrize(
    ("trigger", "problem"),
    [
        ({"state": "shadow"}, {}),
        ({"state": "paused"}, {}),
        ({"params": {"kinds": ["refund"]}}, {}),
        ({"params": {"kinds": ["ticket"], "categories": ["billing"]}}, {}),
        ({"params": {"kinds": ["ticket"], "when": "still_open", "after_days": 1, "every_days": 1, "at_most": 1}}, {}),
        ({"active_from": SOLVED + timedelta(minutes=1)}, {}),
        ({}, {"resolved_at": NOW - LOOK_BACK}),
    ],
)
def test_what_no_active_recovery_covers_asks_for_none(
    session: Session, trigger: dict[str, Any], problem: dict[str, Any]
) -> None:
    """Nor what was solved before the trigger was there, nor old tickets that an import brought."""
    make_trigger(session, **RECOVERY | trigger)
    solved(session, **problem)
    assert keep(session) == 0


def test_some_days_without_a_worker_lose_none(session: Session) -> None:
    """Where the hour has passed there is a day: nobody is late for a call that they could not know of."""
    solved(session, resolved_at=NOW - LOOK_BACK + timedelta(minutes=1))
    keep(session)
    assert calls(session)[0].due_at == NOW + timedelta(days=1)


def test_one_incident_asks_for_one_call_about_the_gravest(session: Session) -> None:
    """Once the last of its problems is solved, and also where one of them came later."""
    light = solved(session, incident_key="blackout", severity="major")
    customer = session.get_one(Customer, light.customer_id)
    grave = solved(session, customer, key="ticket:2", incident_key="blackout", state="open", resolved_at=None)
    assert keep(session) == 0
    again(session, grave, NOW - timedelta(hours=1))
    assert keep(session) == 1
    solved(session, customer, key="ticket:3", incident_key="blackout")
    assert keep(session) == 0
    assert [(call.problem_id, call.due_at) for call in calls(session)] == [(grave.id, NOW + timedelta(hours=47))]


@pytest.mark.parametrize(
    ("owner", "person"),
    [
        ("tom@tickets", {"ticket_names": ["Tom@Tickets"]}),
        ("TOM@example.com", {}),
        (" tom ", {}),
    ],
)
def test_who_solved_it_calls(session: Session, owner: str, person: dict[str, Any]) -> None:
    """By the name of another system, by e-mail or by name, in whatever case."""
    agent(session, "Kim")
    tom = agent(session, "Tom", **person)
    solved(session, owner=owner)
    keep(session)
    assert calls(session)[0].owner_id == tom.id


def test_where_nobody_of_us_solved_it_anybody_calls(session: Session) -> None:
    """Somebody who left, or whose account is closed, is not waited for."""
    tom = agent(session, "Tom")
    tom.active = False
    solved(session)
    keep(session)
    assert calls(session)[0].owner_id is None


def test_many_ask_as_few_statements_as_one(session: Session) -> None:
    """Set-based: the statements do not follow the number of calls."""
    seen: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *args: seen.append(args[2]))
    solved(session)
    active_triggers(session, KINDS)  # a version is read once in a process
    seen.clear()
    keep(session)
    few = len(seen)
    for number in range(5):
        solved(session, key=f"ticket:{number + 2}")
    session.flush()
    seen.clear()
    assert keep(session) == 5
    assert len(seen) == few


def test_a_reopened_one_takes_its_call_along_and_brings_it_back(session: Session) -> None:
    """With the hour of the new resolution."""
    problem = solved(session)
    keep(session)
    again(session, problem, None)
    keep(session)
    assert [(it.state, it.reason) for it in calls(session)] == [("dropped", "reopened")]
    again(session, problem, NOW - timedelta(minutes=5))
    assert [keep(session, now=NOW + timedelta(minutes=5)), keep(session, now=NOW + timedelta(minutes=6))] == [1, 0]
    (call,) = calls(session)
    assert (call.state, call.reason, call.ended_at) == ("open", None, None)
    assert call.due_at == problem.resolved_at + timedelta(hours=48)  # type: ignore[operator]


def test_solved_again_between_two_looks_it_has_the_new_hour(session: Session) -> None:
    """The same call goes on."""
    problem = solved(session)
    keep(session)
    again(session, problem, NOW - timedelta(hours=1))
    keep(session)
    assert [(it.state, it.due_at) for it in calls(session)] == [("open", NOW + timedelta(hours=47))]


def test_who_was_reached_is_called_again_only_about_a_later_resolution(session: Session) -> None:
    """A resolution that is told late, from before the call, asks for nothing more; what was said stays to be read."""
    problem = solved(session)
    keep(session)
    settle(session, calls(session)[0].id, "reached", note="All is well.")
    again(session, problem, NOW - timedelta(minutes=5))
    assert keep(session) == 0
    again(session, problem, None)
    keep(session)
    assert [(it.state, it.reason) for it in calls(session)] == [("done", None)]
    again(session, problem, NOW + timedelta(hours=1))
    assert keep(session, now=NOW + timedelta(hours=2)) == 1
    (call,) = calls(session)
    assert (call.state, call.ended_by, call.tries, call.note) == ("open", None, 1, "All is well.")


def test_what_turned_out_to_be_no_problem_is_not_called_about(session: Session) -> None:
    """Its events were taken back: the row stays as a contact, for the call's sake."""
    problem = solved(session)
    keep(session)
    fold_problems(session, [(problem.customer_id, problem.key)], now=NOW)
    session.expire_all()
    assert problem.state == "contact"
    keep(session)
    assert [(it.state, it.reason) for it in calls(session)] == [("dropped", "no_problem")]


def test_who_asked_not_to_be_called_is_not(session: Session) -> None:
    """Whoever heard it, and whenever."""
    call = one(session)
    row = Suppressed("customer_asked", "test", customer_id=call.customer_id, channel="call")
    suppress(session, [row], now=NOW)
    keep(session)
    assert [(it.state, it.reason) for it in calls(session)] == [("dropped", "asked_not_to_call")]


def test_who_is_gone_is_not_called(session: Session) -> None:
    """The page and the list know it at once."""
    call = one(session)
    session.get_one(Customer, call.customer_id).deceased = True
    session.flush()
    assert open_follow_ups(session, now=NOW, limit=10)[0].stopped == "deceased"
    keep(session)
    assert calls(session)[0].reason == "customer_gone"


def test_who_may_not_be_called_gets_no_call(session: Session) -> None:
    """Neither who died nor who asked for it, on this channel or on all."""
    solved(session)
    dead = session.get_one(Customer, solved(session, key="ticket:2").customer_id)
    dead.deceased = True
    for number, channel in enumerate(("call", None)):
        asked = solved(session, key=f"asked:{number}").customer_id
        suppress(session, [Suppressed("customer_asked", "test", customer_id=asked, channel=channel)], now=NOW)
    assert keep(session) == 1


def test_a_late_one_is_told_to_its_owner_once(session: Session) -> None:
    """Without the customer's name: mails of colleagues outlive an erasure."""
    tom = agent(session, "Tom")
    call = one(session)
    keep(session, now=NOW + timedelta(hours=19))
    assert session.scalars(select(Notice)).all() == []
    for hours in (21, 22):
        keep(session, now=NOW + timedelta(hours=hours))
    notice = session.scalars(select(Notice)).one()
    assert (notice.person_id, notice.kind, notice.path) == (tom.id, "call_late", f"/calls/follow-up/{call.id}")
    assert "Ada" not in notice.subject + notice.body
    assert follow_up(session, call.id, now=NOW + timedelta(hours=21)).late


def test_the_list_has_what_an_agent_needs(session: Session) -> None:
    """Number, owner, what happened and what we did; what is due first is first."""
    solved(session, resolved_at=NOW - timedelta(hours=1), key="ticket:2")
    problem = solved(session)
    keep(session)
    moment = make_moment(
        session,
        session.get_one(Customer, problem.customer_id),
        session.scalars(select(Trigger)).one(),
        problem_id=problem.id,
    )
    message = make_message(session, moment)
    first, second = open_follow_ups(session, now=NOW, limit=10)
    assert first.due_at < second.due_at
    assert (first.number, first.owner, first.severity) == (NUMBER, "Tom", "serious")
    assert (first.what_happened, first.what_we_did) == ("two parcels came", "we refunded one")
    assert (first.message_id, second.message_id) == (message.id, None)
    assert session.scalar(follow_ups_waiting(NOW)) == 2


def test_reached_is_done(session: Session) -> None:
    """And a second agent is told what the first wrote."""
    call = one(session)
    settle(session, call.id, "reached", note="All is well.")
    (ended,) = calls(session)
    assert (ended.state, ended.outcome, ended.note, ended.tries) == ("done", "reached", "All is well.", 1)
    assert ended.ended_by == agent(session).id
    with pytest.raises(Conflict, match="reached"):
        settle(session, call.id, "no_answer")
    assert keep(session) == 0


def test_not_reached_is_tried_again(session: Session) -> None:
    """Until then it is not counted; a try that was seen by nobody else decides nothing."""
    call = one(session)
    settle(session, call.id, "no_answer", again_at=NOW + timedelta(hours=3))
    assert session.scalar(follow_ups_waiting(NOW)) == 0
    assert session.scalar(follow_ups_waiting(NOW + timedelta(hours=3))) == 1
    with pytest.raises(Conflict, match="no answer"):
        settle(session, call.id, "reached")
    settle(session, call.id, "reached", seen=1)
    assert calls(session)[0].state == "done"


def test_a_wrong_number_is_not_used_again(session: Session) -> None:
    """On no channel."""
    call = one(session)
    settle(session, call.id, "wrong_number")
    assert [(it.state, it.reason) for it in calls(session)] == [("dropped", "wrong_number")]
    assert session.scalars(select(ContactPoint.usable).execution_options(populate_existing=True)).all() == [False]


def test_asked_not_to_be_called_counts_for_all_calls(session: Session) -> None:
    """It is their wish from now on."""
    call = one(session)
    settle(session, call.id, "asked_not_to_call")
    assert calls(session)[0].reason == "asked_not_to_call"
    assert follow_up(session, call.id, now=NOW).stopped == "customer_asked"


def test_unhappy_on_the_phone_opens_the_problem_again(session: Session) -> None:
    """What was called solved is not; said twice it is said once."""
    call = one(session)
    kim: Person = agent(session)
    note_unhappy_call(session, call.id, person=kim, triggers=[], now=NOW)
    note_unhappy_call(session, call.id, person=kim, triggers=[], now=NOW)
    session.expire_all()
    assert session.scalars(select(Problem.state)).all() == ["open"]


def test_unhappy_about_something_else_opens_a_new_one(session: Session) -> None:
    """Of a call about no problem, or about one that is no ticket; its owner is who was on the phone."""
    call = one(session)
    session.get_one(Problem, call.problem_id).kind = "refund"
    session.flush()
    note_unhappy_call(session, call.id, person=agent(session), triggers=[], now=NOW)
    found = session.scalars(select(Problem).where(Problem.state == "open")).one()
    assert (found.category, found.owner, found.what_happened) == (
        "call",
        "Kim",
        "They were unhappy when we called them",
    )
