"""Recoveries as stories: one for each incident, at the right hour, whatever is repeated; and none without peace."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.spot.problems import spot_problems
from engine.storage.models import Moment, Problem
from engine.storage.session import Database
from tests.engine.spot.story import Story, at, on

# Four days after 10 February 15:30.
SETTLED = "2026-02-14 15:30"


@pytest.fixture
def story(session: Session) -> Story:
    return Story(session, at(SETTLED))


def solved(story: Story, name: str = "ticket_solved", **changed: Any) -> ActiveTrigger:
    values: dict[str, Any] = {"kind": "recovery", "family": "recover", "params": {"kinds": ["ticket"]}, "weight": 60}
    return story.trigger(name, **values | changed)


def outage_over(story: Story) -> ActiveTrigger:
    return solved(story, "outage_over", params={"kinds": ["outage"], "settling_days": 1})


def still_working(story: Story) -> ActiveTrigger:
    params = {"kinds": ["ticket"], "when": "still_open", "after_days": 3, "every_days": 7, "at_most": 3}
    return solved(story, "still_working_on_it", family="reassure", params=params)


def spot(story: Story, *triggers: ActiveTrigger, now: str | None = None) -> int:
    story.now = at(now) if now else story.now
    return spot_problems(story.session, triggers, now=story.now)


def test_a_problem_that_stayed_resolved_makes_one_moment(story: Story) -> None:
    """At the hour, not before; with what may be told, and from where."""
    trigger = solved(story)
    ada = story.customer(zone="Europe/Berlin")
    problem = story.problem(ada, opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
    assert spot(story, trigger, now="2026-02-14 15:29") == 0
    assert spot(story, trigger, now=SETTLED) == 1
    assert spot(story, trigger) == 0
    [moment] = story.moments()
    assert (moment.customer_id, moment.problem_id, moment.incident_key) == (ada, problem.id, "ticket:1")
    assert (moment.occurrence_key, moment.family, moment.state) == ("ticket:1", "recover", "spotted")
    assert (moment.occurred_at, moment.nominal_on, moment.send_on) == (at(SETTLED), on("2026-02-14"), on("2026-02-14"))
    # Two days to go late: the end of 16 February in Berlin is 23:00 UTC.
    assert (moment.expires_at, moment.weight) == (at("2026-02-16 23:00"), 60)
    assert moment.facts["what_we_did"] == {"value": "We sent a new one.", "source": "ticket:1", "sayable": True}
    assert moment.facts["resolved_on"]["value"] == "2026-02-10"
    assert moment.facts["serious"] == {"value": False, "source": "ticket:1", "sayable": False}


@pytest.mark.parametrize(
    ("name", "when", "said", "due"),
    [
        ("csat_answered", "02-12 08:00", {"score": 2}, "02-16 08:00"),  # bad: 12 + 4
        ("csat_answered", "02-12 08:00", {"score": 3}, "02-14 15:30"),
        ("ticket_answered", "02-12 08:00", {"score": "1", "ticket_id": 9}, "02-16 08:00"),
        ("nps_answered", "02-12 08:00", {"score": 6}, "02-16 08:00"),
        ("nps_answered", "02-12 08:00", {"score": 7}, "02-14 15:30"),
        ("nps_answered", "02-12 08:00", {"score": "none"}, "02-14 15:30"),
        ("nps_answered", "02-09 08:00", {"score": 0}, "02-14 15:30"),  # before the resolution
        ("ticket_reopened", "02-12 08:00", {"ticket_id": 2}, "02-16 08:00"),  # another problem of the customer
        ("ticket_reopened", "02-12 08:00", {"ticket_id": 3}, "02-14 15:30"),  # a mere contact
        ("order_completed", "02-12 08:00", {}, "02-14 15:30"),
    ],
)
def test_what_disturbs_the_peace(story: Story, name: str, when: str, said: dict[str, Any], due: str) -> None:
    """A minute before the hour nothing, at the hour one moment."""
    trigger = solved(story)
    ada = story.customer()
    story.problem(ada, opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
    story.problem(
        ada, "ticket:2", opened="2026-02-01 09:00", resolved="2026-02-12 08:00", category="other", kind="refund"
    )
    story.problem(ada, "ticket:3", opened="2026-02-01 09:00", state="contact")
    story.event(ada, name, f"2026-{when}", **said)
    hour = at(f"2026-{due}")
    story.now = hour - timedelta(minutes=1)
    assert spot(story, trigger) == 0
    story.now = hour
    assert spot(story, trigger) == 1
    assert story.moments("occurred_at") == [hour]


def test_a_bad_answer_that_was_taken_back_disturbs_nobody(story: Story) -> None:
    """Corrections apply: retracted, or amended to a good one."""
    trigger = solved(story)
    for name, correction, said in (
        ("ada", "event_retracted", {}),
        ("bob", "event_amended", {"properties": {"score": 5}}),
    ):
        customer_id = story.customer(name)
        story.problem(customer_id, opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
        answer = story.event(customer_id, "csat_answered", "2026-02-12 08:00", score=1)
        story.event(customer_id, correction, "2026-02-13 08:00", corrects=answer, message_id=answer, **said)
    assert spot(story, trigger) == 2


def test_a_new_problem_starts_the_settling_again(story: Story) -> None:
    """Opened on the 12th at 8, so peace can only be on the 16th at 8."""
    trigger = solved(story)
    ada = story.customer()
    story.problem(ada, opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
    story.problem(ada, "refund:7", opened="2026-02-12 08:00", category="money")
    assert spot(story, trigger, now="2026-02-16 07:59") == 0
    assert spot(story, trigger, now="2026-02-16 08:00") == 1


def test_reopened_and_resolved_again_makes_one_recovery_at_the_right_hour(story: Story) -> None:
    """Resolved on the 10th 15:30, reopened on the 12th, resolved again on the 13th 10:00: due on the 17th 10:00."""
    trigger = solved(story)
    ada = story.customer()
    problem = story.problem(ada, opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
    problem.state, problem.resolved_at, problem.reopened = "open", None, 1
    story.event(ada, "ticket_reopened", "2026-02-12 10:00", ticket_id=1)
    assert spot(story, trigger, now="2026-02-14 15:30") == 0
    problem.state, problem.resolved_at = "resolved", at("2026-02-13 10:00")
    assert spot(story, trigger, now="2026-02-17 09:59") == 0
    assert spot(story, trigger, now="2026-02-17 10:00") == 1
    assert spot(story, trigger, now="2026-02-27 10:00") == 0
    assert story.moments("occurred_at", "state") == [(at("2026-02-17 10:00"), "spotted")]
    assert story.moments("facts")[0]["reopened"]["value"] == 1


def test_a_recovery_that_was_cancelled_returns_when_it_is_true_again(story: Story) -> None:
    """Spotted on the 14th, reopened and cancelled, resolved again on the 16th: the same moment, four days later."""
    trigger = solved(story)
    ada = story.customer()
    problem = story.problem(ada, opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
    spot(story, trigger)
    [first] = story.moments()
    story.end(first, "cancelled", "problem_not_resolved")
    story.event(ada, "ticket_reopened", "2026-02-15 09:00", ticket_id=1)
    problem.resolved_at, problem.what_we_did = at("2026-02-16 12:00"), "We sent a better one."
    assert spot(story, trigger, now="2026-02-20 11:59") == 0
    assert spot(story, trigger, now="2026-02-20 12:00") == 1
    [moment] = story.moments()
    assert (moment.id, moment.state, moment.reason) == (first.id, "spotted", None)
    assert (moment.occurred_at, moment.send_on) == (at("2026-02-20 12:00"), on("2026-02-20"))
    assert moment.facts["what_we_did"]["value"] == "We sent a better one."


def test_what_a_person_cancelled_stays_cancelled(story: Story) -> None:
    """Only what was untrue returns by being true."""
    trigger = solved(story)
    story.problem(story.customer(), opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
    spot(story, trigger)
    story.end(story.moments()[0], "cancelled", "by_hand")
    assert spot(story, trigger) == 0


def test_a_spotted_moment_follows_its_problem(story: Story) -> None:
    """The owner wrote down what was done after the moment was spotted without it; the second look changes nothing."""
    trigger = solved(story)
    problem = story.problem(story.customer(), opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
    problem.what_we_did = None
    assert spot(story, trigger) == 1
    assert story.moments("facts")[0]["what_we_did"]["value"] is None
    problem.what_we_did = "We sent a new one."
    assert spot(story, trigger) == 1
    assert story.moments("facts")[0]["what_we_did"]["value"] == "We sent a new one."
    assert spot(story, trigger) == 0


@pytest.mark.parametrize(
    ("opened", "category", "incident_key", "repeated"),
    [
        ("2025-08-13 09:00", "delivery", "ticket:0", True),  # 180 days before 9 February: August 18, then 30, 31, 30,
        ("2025-08-13 08:59", "delivery", "ticket:0", False),  # 31, 31 and 9 make 180; a minute more is too long ago
        ("2026-01-20 09:00", "billing", "ticket:0", False),  # another category
        ("2026-01-20 09:00", "delivery", "ticket:1", False),  # one cause: it repeats nothing
        ("2026-02-09 10:00", "delivery", "ticket:0", False),  # later: that one is the repetition
    ],
)
def test_the_second_of_its_category_is_repeated(
    story: Story, opened: str, category: str, incident_key: str, repeated: bool
) -> None:
    """Within 180 days, counted from one opening to the other."""
    trigger = solved(story)
    ada = story.customer()
    story.problem(
        ada, "refund:0", opened=opened, resolved="2026-02-10 10:00", category=category, incident_key=incident_key
    )
    story.problem(ada, opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
    spot(story, trigger)
    [facts] = story.moments("facts")
    assert facts["repeated"]["value"] is repeated
    assert ("call_due_at" in facts) is repeated


def test_an_incident_is_recovered_once_over_all_triggers(story: Story) -> None:
    """A ticket about the outage, and the outage: whoever comes second is skipped, and says why."""
    triggers = [solved(story), outage_over(story)]
    ada = story.customer()
    for key in ("ticket:1", "outage:o1"):
        story.problem(ada, key, opened="2026-02-09 09:00", resolved="2026-02-10 15:30", incident_key="o1")
    assert spot(story, *triggers) == 2
    assert spot(story, *triggers) == 0
    found = sorted(story.moments("state", "reason", "incident_key"))
    assert found == [("skipped", "incident_already_recovered", "o1"), ("spotted", None, "o1")]


def test_a_cancelled_recovery_does_not_return_where_another_spoke(story: Story) -> None:
    """The ticket was reopened meanwhile, the outage recovered; solved again, the ticket has nothing to add."""
    tickets, outages = solved(story), outage_over(story)
    ada = story.customer()
    story.problem(ada, opened="2026-02-09 09:00", resolved="2026-02-10 15:30", incident_key="o1")
    spot(story, tickets)
    story.end(story.moments()[0], "cancelled", "problem_not_resolved")
    story.problem(ada, "outage:o1", opened="2026-02-09 09:00", resolved="2026-02-10 15:30", incident_key="o1")
    assert spot(story, outages) == 1
    assert spot(story, tickets) == 0
    assert sorted(story.moments("occasion", "state")) == [("outage_over", "spotted"), ("ticket_solved", "cancelled")]


def test_two_problems_of_one_incident_are_over_with_the_later(story: Story) -> None:
    """Resolved on the 10th and on the 12th at 9: due on the 16th at 9, and the graver one speaks."""
    trigger = solved(story)
    ada = story.customer()
    story.problem(
        ada, "ticket:1", opened="2026-02-09 09:00", resolved="2026-02-10 15:30", incident_key="i", severity="major"
    )
    later = story.problem(ada, "ticket:2", opened="2026-02-09 09:00", incident_key="i")
    assert spot(story, trigger, now="2026-02-16 08:59") == 0  # the second is still open
    later.state, later.resolved_at = "resolved", at("2026-02-12 09:00")
    assert spot(story, trigger, now="2026-02-16 08:59") == 0
    assert spot(story, trigger, now="2026-02-16 09:00") == 1
    [facts] = story.moments("facts")
    assert (facts["serious"]["value"], facts["what_happened"]["source"]) == (True, "ticket:1")


def test_an_outage_speaks_only_to_those_who_felt_it(story: Story) -> None:
    """Who has no problem of it hears nothing of it."""
    trigger = outage_over(story)
    ada = story.customer("ada")
    story.customer("bob")
    story.problem(ada, "outage:o1", opened="2026-02-13 09:00", resolved="2026-02-13 15:30")
    assert spot(story, trigger) == 1
    assert story.moments("customer_id") == [ada]


def test_nothing_that_settled_before_the_trigger_was_active(story: Story) -> None:
    """Peace since 14 February 15:30; a trigger switched on a minute later stays silent about it."""
    story.problem(story.customer(), opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
    trigger = solved(story, active_from="2026-02-15")
    assert spot(story, trigger, now="2026-02-20 09:00") == 0


def test_the_erased_hear_nothing(story: Story) -> None:
    """Nothing of them may be looked at again."""
    ada = story.customer(erased_at=at(SETTLED))
    story.problem(ada, opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
    assert spot(story, solved(story)) == 0


def test_news_about_what_is_still_open(story: Story) -> None:
    """Opened on the 1st at 9: due on the 4th, and seven days later; each number once."""
    trigger = still_working(story)
    story.problem(story.customer(), opened="2026-02-01 09:00", next_news_on=on("2026-02-19"))
    assert spot(story, trigger, now="2026-02-04 08:59") == 0
    assert spot(story, trigger, now="2026-02-04 09:00") == 1
    assert spot(story, trigger, now="2026-02-11 08:59") == 0
    assert spot(story, trigger, now="2026-02-11 09:00") == 1
    assert story.moments("occurrence_key", "family", "nominal_on") == [
        ("ticket:1:1", "reassure", on("2026-02-04")),
        ("ticket:1:2", "reassure", on("2026-02-11")),
    ]
    assert story.moments("facts")[1]["next_news_on"]["value"] == "2026-02-19"


def test_more_problems_than_a_page_holds(story: Story) -> None:
    """Pages follow each other by instant and id, also where many were resolved at once and none has settled."""
    trigger = solved(story)
    for n in range(1_005):
        ada = story.customer(f"c{n}")
        story.problem(ada, opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
        if n < 1_001:
            story.event(ada, "csat_answered", "2026-02-12 08:00", score=1)
    assert spot(story, trigger) == 4


def test_two_at_once_make_one_recovery(db: Database) -> None:
    """Two processes, two triggers, one incident: one moment speaks, whoever comes first."""
    with db.writing() as session:
        story = Story(session, at(SETTLED))
        triggers = [solved(story), outage_over(story)]
        for n in range(30):
            ada = story.customer(f"c{n}")
            for key in ("ticket:1", "outage:o1"):
                story.problem(ada, key, opened="2026-02-09 09:00", resolved="2026-02-10 15:30", incident_key="o1")
    made: list[Any] = []
    ready = threading.Barrier(3)

    def scan(order: int) -> None:
        ready.wait()
        try:
            with db.writing() as session:
                made.append(spot_problems(session, triggers[::order], now=at(SETTLED)))
        except Exception as error:
            made.append(error)

    threads = [threading.Thread(target=scan, args=(order,)) for order in (1, -1, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [error for error in made if isinstance(error, Exception)]
    with db.reading() as session:
        states = session.scalars(select(Moment.state)).all()
    assert sorted(states) == ["skipped"] * 30 + ["spotted"] * 30


def test_what_it_costs_follows_the_number_due(db: Database) -> None:
    """Problems are found by when they were resolved, and their moments by the UNIQUE key."""
    from sqlalchemy import event

    plans: list[str] = []
    with db.writing() as session:
        story = Story(session, at(SETTLED))
        trigger = solved(story)
        story.problem(story.customer(), opened="2026-02-09 09:00", resolved="2026-02-10 15:30")
        connection = session.connection()
        if not db.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "

        def look(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
            if "FROM problems JOIN customers" in statement:
                rows = conn.connection.driver_connection.execute(explain + statement, parameters).fetchall()
                plans.append("\n".join(str(row[-1]) for row in rows))

        event.listen(connection, "before_cursor_execute", look)
        assert spot_problems(session, [trigger], now=story.now) == 1
        assert session.scalar(select(Problem.id)) is not None
    [plan] = plans
    assert "ix_problems_settling" in plan, plan
    assert "uq_moments_trigger_id_customer_id_occurrence_key" in plan or "trigger_id=? AND customer_id=?" in plan, plan
