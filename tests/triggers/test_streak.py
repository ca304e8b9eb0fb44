"""The streak as tables: which days make runs of days, weeks and months, and what a run tells."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from pydantic import ValidationError

from engine.kinds import FoldEvent, Occurrence, TotalState
from triggers.kinds.streak import Streak, StreakParams

KIND = Streak()


def params(**changed: Any) -> StreakParams:
    return StreakParams.model_validate({"event": "order_completed"} | changed)


def told(these: StreakParams, *days: str) -> list[str]:
    """The keys that events on these days make."""
    metric, total, keys = KIND.metric(these), TotalState(), []
    for number, day in enumerate(days):
        on = date.fromisoformat(day)
        event = FoldEvent(f"m{number}", "order_completed", datetime.combine(on, time(9), UTC), on, {})
        after = metric.step(total, event)
        keys += [one.key for one in KIND.crossed(these, total, after, event).reached]
        total = after
    return keys


MONTH: dict[str, Any] = {"unit": "month", "lengths": [3, 4]}
RUNS: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("two are none", MONTH, ["2026-01-31", "2026-02-01"], []),
    ("three months", MONTH, ["2026-01-31", "2026-02-01", "2026-03-31"], ["3:2026-03"]),
    (
        "once a month counts once",
        MONTH,
        ["2026-01-01", "2026-01-02", "2026-02-01", "2026-03-01", "2026-03-02"],
        ["3:2026-03"],
    ),
    ("each length", MONTH, ["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01"], ["3:2026-01", "4:2026-02"]),
    ("no more after the last", MONTH, [f"2026-{n:02}-01" for n in range(1, 8)], ["3:2026-03", "4:2026-04"]),
    ("broken", MONTH, ["2026-01-01", "2026-02-01", "2026-04-01", "2026-05-01"], []),
    (
        "again after a break",
        MONTH,
        [f"2026-{n:02}-01" for n in (1, 2, 3, 5, 6, 7)],
        ["3:2026-03", "3:2026-07"],
    ),
    # 28 December 2026 is a Monday of week 53; the week after it is the first of 2027
    ("weeks over New Year", {"unit": "week"}, ["2026-12-21", "2027-01-03", "2027-01-04"], ["3:2027-W01"]),
    ("days over a leap day", {"unit": "day"}, ["2028-02-28", "2028-02-29", "2028-03-01"], ["3:2028-03-01"]),
    ("days with a gap", {"unit": "day"}, ["2026-02-27", "2026-02-28", "2026-03-02"], []),
    (
        "an outage bridges",
        {"unit": "day", "outages": [["2026-05-03", "2026-05-04"]]},
        ["2026-05-01", "2026-05-02", "2026-05-05"],
        ["3:2026-05-05"],
    ),
    (
        "a day in an outage does not count",
        {"unit": "day", "outages": [["2026-05-03", "2026-05-03"]]},
        ["2026-05-01", "2026-05-02", "2026-05-03"],
        [],
    ),
    (
        "an outage of part of a week bridges nothing",
        {"unit": "week", "outages": [["2026-05-12", "2026-05-17"]]},
        ["2026-04-27", "2026-05-04", "2026-05-18"],
        [],
    ),
    (
        "an outage of a whole week bridges it",
        {"unit": "week", "outages": [["2026-05-11", "2026-05-17"]]},
        ["2026-04-27", "2026-05-04", "2026-05-18"],
        ["3:2026-W21"],
    ),
]


@pytest.mark.parametrize(("these", "days", "keys"), [one[1:] for one in RUNS], ids=[one[0] for one in RUNS])
def test_a_run(these: dict[str, Any], days: list[str], keys: list[str]) -> None:
    """The keys are the length and the last period."""
    assert told(params(**these), *days) == keys


# told before -> whether a run of three months that ends in April is told once more
REPEATS = [
    (["3:2026-04"], True),
    (["3:2026-03"], True),  # January to March and February to April overlap: one run
    (["3:2026-02"], True),  # December to February and February to April share February
    (["3:2026-01"], False),  # November to January ended before February began
    (["3:2026-05"], True),  # nothing is told of a run before the one that was told
    (["6:2026-04"], False),  # another length
    ([], False),
]


@pytest.mark.parametrize(("before", "repeats"), REPEATS)
def test_a_run_is_told_once(before: list[str], repeats: bool) -> None:
    """Also where late events show that it was reached earlier."""
    april = Occurrence("3:2026-04", date(2026, 4, 1), {})
    assert KIND.repeats(params(unit="month"), april, before) is repeats


def test_a_bridged_run_is_told_once() -> None:
    """March was an outage: January, February and April are one run, so what was told of January is told."""
    these = params(unit="month", outages=[["2026-03-01", "2026-03-31"]])
    april = Occurrence("3:2026-04", date(2026, 4, 1), {})
    assert KIND.repeats(these, april, ["3:2026-01"])
    assert not KIND.repeats(these, april, ["3:2025-12"])


@pytest.mark.parametrize("sayable", [True, False])
def test_the_length_may_be_said_only_where_marketing_says_so(sayable: bool) -> None:
    """It is called after its unit: months_in_a_row."""
    these = params(unit="month", lengths=[3], sayable=sayable)
    on = date(2026, 5, 1)
    event = FoldEvent("m1", "order_completed", datetime.combine(on, time(9), UTC), on, {})
    before, after = TotalState(2, {"last": "2026-04"}), TotalState(3, {"last": "2026-05"})
    (one,) = KIND.crossed(these, before, after, event).reached
    assert (one.facts["months_in_a_row"].value, one.facts["months_in_a_row"].sayable) == (3, sayable)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"lengths": [2, 3]}, "greater than or equal to 3"),
    ({"lengths": []}, "at least 1 item"),
    ({"lengths": [6, 3]}, "must rise"),
    ({"unit": "year"}, "'day', 'week' or 'month'"),
    ({"outages": [["2026-05-02", "2026-05-01"]]}, "begins with its first date"),
    ({"length": 3}, "Extra inputs"),
]


@pytest.mark.parametrize(("changed", "message"), REFUSED)
def test_parameters_that_make_no_sense_are_refused(changed: dict[str, Any], message: str) -> None:
    """With words that say what is wrong."""
    with pytest.raises(ValidationError, match=message):
        params(**changed)


def test_outages_are_part_of_the_metric() -> None:
    """A run that is bridged is another total than one that is not."""
    bridged = KIND.metric(params(outages=[["2026-05-01", "2026-05-02"]]))
    assert bridged.key != KIND.metric(params()).key
