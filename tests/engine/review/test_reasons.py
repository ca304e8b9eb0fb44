"""Why there is a message at all, in one plain sentence."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.kinds import Fact
from engine.review.reasons import say_ordinal, why_sentence
from engine.storage.models import Moment, Problem

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def why(facts: dict[str, Fact], problem: Problem | None = None, zone: str = "UTC") -> str:
    moment = Moment(occasion="name_day", nominal_on=date(2026, 5, 3))
    return why_sentence(moment, problem, facts, zone=zone, now=NOW)


def problem(kind: str, **fields: Any) -> Problem:
    state = "resolved" if "resolved_at" in fields else "open"
    return Problem(kind=kind, state=state, opened_at=NOW - timedelta(days=9), **fields)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"order_count": Fact(10, "event m1")}, "10th order, on 3 May"),
        ({"gift_card_count": Fact(2, "event m1")}, "2nd gift card, on 3 May"),
        ({"amount": Fact(50_000, "event m1")}, "a total of 50000 reached, on 3 May"),
        (
            {"years": Fact(1, "first:order_completed"), "since": Fact("2025-05-03", "first:order_completed")},
            "1 year since the first order",
        ),
        (
            {"days": Fact(1_000, "contract_start"), "since": Fact("2023-08-07", "contract_start")},
            "1,000 days since the contract start",
        ),
        ({"streak_length": Fact(6, ""), "streak_unit": Fact("month", "")}, "6 months in a row"),
        ({"month": Fact(5, "birthday"), "day": Fact(3, "birthday")}, "name day on 3 May"),
        ({}, "name day on 3 May"),
    ],
)
def test_facts_become_a_sentence(facts: dict[str, Fact], sentence: str) -> None:
    """One for each shape of occasion, and the occasion's own name where nothing more is known."""
    assert why(facts) == sentence


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        (problem("ticket", resolved_at=NOW - timedelta(days=4)), "ticket solved 4 days ago and stayed solved"),
        (problem("refund", resolved_at=NOW - timedelta(days=1)), "refund completed 1 day ago"),
        (problem("outage", resolved_at=NOW), "outage over, today, and it stayed away"),
        (problem("ticket"), "ticket open for 9 days"),
    ],
)
def test_problems_become_a_sentence(about: Problem, sentence: str) -> None:
    """Whatever facts there are beside them."""
    assert why({"order_count": Fact(10, "")}, about) == sentence


def test_days_are_the_customers_days() -> None:
    """Refunded at 23:00 UTC on 31 May, looked at 13 hours later: yesterday in UTC and Auckland, today in Tokyo."""
    about = problem("refund", resolved_at=datetime(2026, 5, 31, 23, tzinfo=UTC))
    assert why({}, about, "UTC") == "refund completed 1 day ago"
    assert why({}, about, "Pacific/Auckland") == "refund completed 1 day ago"
    assert why({}, about, "Asia/Tokyo") == "refund completed today"


def test_ordinals_read_like_english() -> None:
    """Eleven, twelve and thirteen are the exceptions, in every hundred."""
    said = [say_ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 100, 111, 1_002)]
    assert said == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "100th", "111th", "1002nd"]
