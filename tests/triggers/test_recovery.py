"""Recovery as tables: when a customer has had peace, what the moment knows, and what keeps silent."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.kinds import Occurrence, ProblemFacts
from triggers.kinds.recovery import Recovery, RecoveryParams, news_number, settled

KIND = Recovery()
DAY = timedelta(days=1)
OPEN: dict[str, Any] = {"when": "still_open", "after_days": 3, "every_days": 7, "at_most": 3}


def at(text: str) -> datetime:
    """`02-10 15:30` of 2026, in UTC."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def params(**changed: Any) -> RecoveryParams:
    return RecoveryParams.model_validate({"kinds": ["ticket"]} | changed)


def open_params(**changed: Any) -> RecoveryParams:
    return params(**OPEN | changed)


def problem(**changed: Any) -> ProblemFacts:
    values: dict[str, Any] = {
        "id": UUID(int=1), "key": "ticket:1", "kind": "ticket", "category": "delivery", "severity": "minor",
        "state": "resolved", "incident_key": "ticket:1", "opened_at": at("02-01 09:00"),
        "resolved_at": at("02-10 15:30"), "reopened": 0, "what_happened": "It broke.", "what_we_did": "We mended it.",
        "next_step": None, "next_news_on": None, "owner": "Sam", "same_category": 0, "zone": "UTC",
    }  # fmt: skip
    return ProblemFacts(**values | changed)


def occurs(now: str, of: RecoveryParams | None = None, **changed: Any) -> Occurrence | None:
    return KIND.occurrence(of or params(), problem(**changed), at(now))


@pytest.mark.parametrize(
    ("disturbances", "due"),
    [
        ([], "02-14 15:30"),  # 10 + 4 days of 24 hours
        (["02-01 09:00", "02-10 15:30"], "02-14 15:30"),  # before, and at the resolution: the problem itself
        (["02-12 08:00"], "02-16 08:00"),  # inside: begins again, 12 + 4
        (["02-12 08:00", "02-16 07:59"], "02-20 07:59"),  # and again, a minute before it was over
        (["02-14 15:30"], "02-18 15:30"),  # the very last instant still counts
        (["02-14 15:31"], "02-14 15:30"),  # a minute later peace had lasted
        (["02-12 08:00", "02-16 08:01"], "02-16 08:00"),
        (["02-16 08:00", "02-12 08:00"], "02-20 08:00"),  # in whatever order they are told
    ],
)
def test_when_a_problem_has_settled(disturbances: list[str], due: str) -> None:
    """Resolved on 10 February at 15:30, settling four days."""
    assert settled(at("02-10 15:30"), [at(one) for one in disturbances], 4 * DAY) == at(due)


@given(
    hours=st.lists(st.integers(0, 24 * 40), max_size=12),
    settling=st.integers(1, 28),
)
def test_settled_is_the_first_peace_there_is(hours: list[int], settling: int) -> None:
    """Told in the words of the design: the first beginning that no disturbance follows within the period."""
    resolved = at("02-10 00:00")
    disturbances = [resolved + timedelta(hours=hour) for hour in hours]
    beginnings = sorted({resolved, *(one for one in disturbances if one > resolved)})
    period = settling * DAY
    first = next(b for b in beginnings if not any(b < one <= b + period for one in disturbances))
    assert settled(resolved, disturbances, period) == first + period


def test_nothing_before_it_has_settled() -> None:
    """A second too early is too early."""
    assert occurs("02-14 15:29") is None
    found = occurs("02-14 15:30")
    assert found is not None
    assert (found.key, found.incident_key, found.problem_id) == ("ticket:1", "ticket:1", UUID(int=1))
    assert (found.occurred_at, found.nominal_on) == (at("02-14 15:30"), date(2026, 2, 14))


def test_the_day_is_the_customers_own() -> None:
    """15:30 UTC on the 14th is 04:30 on the 15th in Auckland (+13)."""
    found = occurs("02-20 00:00", zone="Pacific/Auckland")
    assert found is not None
    assert found.nominal_on == date(2026, 2, 15)


def test_a_change_of_clocks_takes_no_hour() -> None:
    """Four days are 96 hours, also across 29 March in Berlin."""
    found = occurs("04-05 00:00", resolved_at=at("03-27 20:30"), zone="Europe/Berlin")
    assert found is not None
    assert found.occurred_at == at("03-31 20:30")
    # 20:30 UTC is 21:30 in Berlin on the 27th, and 22:30 on the 31st.
    assert found.nominal_on == date(2026, 3, 31)


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "open", "resolved_at": None},
        {"state": "contact"},
        {"kind": "refund"},
    ],
)
def test_what_is_no_recovery(changed: dict[str, Any]) -> None:
    """Open problems, mere contacts, and the kinds that this trigger does not speak of."""
    assert occurs("03-01 00:00", **changed) is None


def test_only_the_categories_it_names() -> None:
    """Where it names any."""
    assert occurs("03-01 00:00", params(categories=["billing"])) is None
    assert occurs("03-01 00:00", params(categories=["billing", "delivery"])) is not None


@pytest.mark.parametrize(
    ("changed", "serious", "repeated"),
    [
        ({}, False, False),
        ({"severity": "major"}, True, False),
        ({"severity": "serious"}, True, False),
        ({"same_category": 1}, False, True),
        ({"severity": "serious", "same_category": 2}, True, True),
    ],
)
def test_what_is_serious_or_repeated_wants_a_call(changed: dict[str, Any], serious: bool, repeated: bool) -> None:
    """Within 48 hours of the resolution (10th 15:30 -> 12th 15:30); and none of it may be said."""
    found = occurs("03-01 00:00", **changed)
    assert found is not None
    facts = found.facts
    assert (facts["serious"].value, facts["repeated"].value) == (serious, repeated)
    call = facts.get("call_due_at")
    assert (call and call.value) == ("2026-02-12T15:30:00+00:00" if serious or repeated else None)
    for name in ("serious", "repeated", "reopened", "quiet_since", "category", "severity", "call_due_at"):
        assert name not in facts or not facts[name].sayable


def test_the_call_waits_for_nothing_to_settle() -> None:
    """It is known with the resolution, where the trigger recovers such a problem; not for news of an open one."""
    solved = problem(severity="serious")
    assert KIND.call_due_at(params(), solved) == at("02-12 15:30")
    assert KIND.call_due_at(params(), problem()) is None
    assert KIND.call_due_at(params(categories=["billing"]), solved) is None
    assert KIND.call_due_at(params(kinds=["refund"]), solved) is None
    assert KIND.call_due_at(params(), problem(severity="serious", state="open", resolved_at=None)) is None
    assert KIND.call_due_at(open_params(), solved) is None


def test_a_missing_fact_is_a_question_not_a_blank() -> None:
    """The moment is there, the fact has no value: writing asks the owner."""
    found = occurs("03-01 00:00", what_we_did=None)
    assert found is not None
    assert found.facts["what_we_did"].value is None
    assert found.facts["what_happened"].value == "It broke."
    assert found.facts["what_happened"].source == "ticket:1"


@pytest.mark.parametrize(
    ("now", "number"),
    [
        ("02-04 08:59", 0),  # opened on 1 February at 9: three days are over on the 4th at 9
        ("02-04 09:00", 1),
        ("02-11 08:59", 1),
        ("02-11 09:00", 2),  # seven days more
        ("02-18 09:00", 3),
        ("05-01 00:00", 3),  # at most three times
    ],
)
def test_how_often_news_are_due(now: str, number: int) -> None:
    """After three days, then every seven, three times at most."""
    assert news_number(open_params(), at("02-01 09:00"), at(now)) == number


def test_news_of_an_open_problem() -> None:
    """The latest of the news due, under the incident and its number; the day is that on which it became due."""
    still = {"state": "open", "resolved_at": None, "next_news_on": date(2026, 2, 19)}
    found = occurs("02-12 12:00", open_params(), **still)
    assert found is not None
    assert (found.key, found.occurred_at, found.nominal_on) == ("ticket:1:2", at("02-11 09:00"), date(2026, 2, 11))
    assert found.facts["next_news_on"].value == date(2026, 2, 19)
    assert occurs("02-03 12:00", open_params(), **still) is None
    assert occurs("02-12 12:00", open_params()) is None  # it was resolved


def test_which_problems_are_looked_at() -> None:
    """Resolved a settling period ago, or opened long enough ago: what an index can answer."""
    now = at("02-20 12:00")
    query = KIND.query(params(settling_days=7), now)
    assert (query.kinds, query.state, query.before) == (("ticket",), "resolved", at("02-13 12:00"))
    query = KIND.query(open_params(), now)
    assert (query.state, query.before) == ("open", at("02-17 12:00"))


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"kinds": []}, "at least 1"),
        ({"kinds": ["complaint"]}, "'ticket', 'refund' or 'outage'"),
        ({"kinds": ["ticket"], "settling_days": 29}, "less than or equal to 28"),
        ({"kinds": ["ticket"], "settling_days": 0}, "greater than or equal to 1"),
        ({"kinds": ["ticket"], "after_days": 3}, "go with `when: still_open`"),
        ({"kinds": ["ticket"], "when": "still_open", "after_days": 3}, "needs every_days, at_most"),
        ({**OPEN, "kinds": ["ticket"], "settling_days": 4}, "goes with `when: settled`"),
    ],
)
def test_parameters_that_are_refused(values: dict[str, Any], fault: str) -> None:
    """Each with a reason that says what to write instead."""
    with pytest.raises(ValidationError, match=fault):
        RecoveryParams.model_validate(values)
