"""Two triggers that speak of the same, and what is said of it before one of them is published."""

# ruff: noqa: E501 - the table is read line by line

from typing import Any

import pytest

from tests.triggers.test_summary import FIRST, trigger
from triggers.overlap import overlap_words, overlaps

OTHER = {"name": "other", "occasion": "another", "title": "The other"}
ORDERS = {"aggregate": "count", "event": "order_completed", "thresholds": [10]}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {"occasion": "first_order_anniversary", "params": {"of": {"date": "birthday"}, "every": "year"}}, True),
        ({}, {"params": {"of": FIRST, "years": [5, 7]}}, True),
        ({}, {"params": {"of": FIRST, "every": "year"}}, True),
        ({}, {"params": {"of": FIRST, "years": [2]}}, False),
        ({}, {"params": {"of": FIRST, "days": [5]}}, False),
        ({}, {"params": {"of": {"date": "contract_start"}, "years": [5]}}, False),
        ({}, {"kind": "milestone", "params": ORDERS}, False),
        ({"kind": "milestone", "params": ORDERS}, {"kind": "milestone", "params": ORDERS | {"thresholds": [10, 20]}}, True),
        ({"kind": "milestone", "params": ORDERS}, {"kind": "milestone", "params": ORDERS | {"thresholds": [20]}}, False),
        ({}, {"name": "five_years", "occasion": "first_order_anniversary"}, False),
    ],
)  # fmt: skip
def test_what_overlaps(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    """Either way round; a trigger never overlaps with itself."""
    first, second = trigger(**one), trigger(**OTHER | other)
    assert (overlaps(first, second), overlaps(second, first)) == (same, same)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({}, {}, "On a common day the two become one message."),
        ({}, {"clash": "weightiest"}, "On a common day only the weightiest goes."),
        ({}, {"family": "reassure"}, "On a common day each follows its own rules, so a customer may hear of it twice."),
    ],
)
def test_what_happens_on_a_common_day(one: dict[str, Any], other: dict[str, Any], said: str) -> None:
    """By the clash rules of both."""
    assert overlap_words(trigger(**one), trigger(**OTHER | other)) == f"“The other” speaks of the same. {said}"
