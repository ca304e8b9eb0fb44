"""The milestone as tables: what each step of a total crosses and undoes, and which parameters make sense."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from engine.kinds import FoldEvent, TotalState
from triggers.kinds.metrics import LONGEST_KEY
from triggers.kinds.milestone import Milestone, MilestoneParams

KIND = Milestone()
WHEN = datetime(2026, 5, 1, 9, tzinfo=UTC)
COUNT: dict[str, Any] = {"aggregate": "count", "event": "order_completed", "thresholds": [10, 25]}
SUM: dict[str, Any] = {
    "aggregate": "sum",
    "event": "order_completed",
    "property": "amount_minor",
    "currency": "EUR",
    "thresholds": [1000],
}

REFUNDS: dict[str, Any] = {"corrections": [{"event": "order_refunded"}]}


def params(base: dict[str, Any] = COUNT, **changed: Any) -> MilestoneParams:
    values = {name: value for name, value in (base | changed).items() if value is not None}
    return MilestoneParams.model_validate(values)


def event(name: str = "order_completed", **properties: Any) -> FoldEvent:
    return FoldEvent("m1", name, WHEN, WHEN.date(), properties)


def folded(these: MilestoneParams, *events: FoldEvent) -> int:
    """The total after these events."""
    metric, total = KIND.metric(these), TotalState()
    for one in events:
        total = metric.step(total, one)
    return total.value


# thresholds or every, before, after -> keys reached, keys undone among 5 to 300
STEPS: list[tuple[dict[str, Any], int, int, list[str], list[str]]] = [
    ({}, 8, 9, [], []),
    ({}, 9, 10, ["10"], []),
    ({}, 10, 11, [], []),
    ({}, 9, 30, ["10", "25"], []),  # a step over several listed ones makes each
    ({}, 10, 9, [], ["10"]),
    ({}, 30, 9, [], ["10", "25"]),
    ({}, 11, 10, [], []),
    ({"thresholds": None, "every": 100}, 95, 312, ["300"], []),  # of every hundred only the highest
    ({"thresholds": None, "every": 100}, 100, 199, [], []),
    ({"thresholds": None, "every": 100}, 312, 150, [], ["200", "300"]),
    ({"thresholds": None, "every": 100}, 150, 149, [], []),
    ({"thresholds": None, "every": 100}, -50, -10, [], []),
    ({"thresholds": None, "every": 100}, -50, 0, [], []),
]


@pytest.mark.parametrize(("changed", "before", "after", "reached", "undone"), STEPS)
def test_a_step(changed: dict[str, Any], before: int, after: int, reached: list[str], undone: list[str]) -> None:
    """Reached going up, undone going down."""
    crossing = KIND.crossed(params(**changed), TotalState(before), TotalState(after), event())
    assert [one.key for one in crossing.reached] == reached
    assert [str(key) for key in range(5, 301) if str(key) in crossing.undone] == undone


def test_a_huge_fall_is_not_listed() -> None:
    """A refund of ten million cents undoes ten million multiples of one, in no time."""
    crossing = KIND.crossed(params(thresholds=None, every=1), TotalState(10**12), TotalState(0), event())
    assert "999999999999" in crossing.undone
    assert "0" not in crossing.undone
    assert "x" not in crossing.undone


# parameters, properties of three events in order, the total after them
FOLDS: list[tuple[str, dict[str, Any], list[FoldEvent], int]] = [
    ("count", COUNT, [event(), event()], 2),
    (
        "count less refunds",
        COUNT | {"corrections": [{"event": "order_refunded"}]},
        [event(), event("order_refunded")],
        0,
    ),
    ("refund first", COUNT | {"corrections": [{"event": "order_refunded"}]}, [event("order_refunded"), event()], 0),
    ("filter", COUNT | {"where": {"property": "shop", "equals": "a"}}, [event(shop="a"), event(shop="b"), event()], 1),
    ("one of", COUNT | {"where": {"property": "n", "in": [1, 2]}}, [event(n=1), event(n=3), event(n=True)], 1),
    ("sum", SUM, [event(amount_minor=500, currency="EUR"), event(amount_minor=70, currency="EUR")], 570),
    ("other currency", SUM, [event(amount_minor=500, currency="USD"), event(amount_minor=500)], 0),
    ("not whole", SUM, [event(amount_minor="500", currency="EUR"), event(amount_minor=True, currency="EUR")], 0),
    (
        "sum less refunds",
        SUM | {"corrections": [{"event": "order_refunded", "subtracts": "amount_minor"}]},
        [event(amount_minor=500, currency="EUR"), event("order_refunded", amount_minor=70, currency="EUR")],
        430,
    ),
    ("maximum", SUM | {"aggregate": "max"}, [event(amount_minor=n, currency="EUR") for n in (5, 9, 7)], 9),
    (
        "distinct",
        {"aggregate": "distinct", "event": "order_completed", "property": "shop", "thresholds": [2]},
        [event(shop="a"), event(shop="b"), event(shop="a"), event(), event(shop=True)],
        2,
    ),
    (
        "distinct, one bought twice and refunded once",
        {
            "aggregate": "distinct",
            "event": "order_completed",
            "property": "shop",
            "thresholds": [2],
            "corrections": [{"event": "order_refunded"}],
        },
        [event(shop="a"), event(shop="a"), event("order_refunded", shop="a"), event("order_refunded", shop="b")],
        1,
    ),
    ("first", {"aggregate": "first", "event": "order_completed"}, [event()], 1),
    (
        "trait",
        {"aggregate": "trait", "trait": "points", "thresholds": [100]},
        [event("trait_changed", trait="points", value=n) for n in (50, 120)]
        + [event("trait_changed", trait="age", value=7), event("trait_changed", trait="points", value="many")],
        120,
    ),
]


@pytest.mark.parametrize(("these", "events", "total"), [one[1:] for one in FOLDS], ids=[one[0] for one in FOLDS])
def test_a_total(these: dict[str, Any], events: list[FoldEvent], total: int) -> None:
    """What each way of counting makes of a few events."""
    assert folded(params(these), *events) == total


def test_the_first_of_a_kind_is_one_moment() -> None:
    """It needs no threshold."""
    crossing = KIND.crossed(
        params({"aggregate": "first", "event": "login"}), TotalState(), TotalState(1), event("login")
    )
    assert [(one.key, sorted(one.facts)) for one in crossing.reached] == [("1", ["reached_on"])]


# parameters -> the number's name in the facts, and whether it may be said
NUMBERS: list[tuple[dict[str, Any], str, bool]] = [
    (COUNT, "order_count", True),
    (COUNT | {"where": {"property": "category", "equals": "baby"}}, "order_count", False),
    (COUNT | {"event": "ticket_opened"}, "ticket_count", False),
    (COUNT | {"event": "login", "sayable": True}, "login_count", True),
    (SUM | {"thresholds": [10]}, "amount", False),
    ({"aggregate": "trait", "trait": "points", "thresholds": [10]}, "points", False),
    ({"aggregate": "distinct", "event": "visit_made", "property": "shop", "thresholds": [10]}, "shop_count", False),
]


@pytest.mark.parametrize(("these", "name", "sayable"), NUMBERS)
def test_what_may_be_said(these: dict[str, Any], name: str, sayable: bool) -> None:
    """The plain number of orders; amounts never."""
    (one,) = KIND.crossed(params(these), TotalState(9), TotalState(10), event()).reached
    assert (one.facts[name].value, one.facts[name].sayable) == (10, sayable)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"aggregate": "count", "thresholds": [1]}, "`event` is needed"),
    (COUNT | {"thresholds": []}, "at least 1 item"),
    (COUNT | {"thresholds": None}, "either `thresholds` or `every`"),
    (COUNT | {"every": 5}, "either `thresholds` or `every`"),
    (COUNT | {"thresholds": [25, 10]}, "must rise"),
    (COUNT | {"thresholds": [10, 10]}, "must rise"),
    (COUNT | {"thresholds": [0]}, "greater than or equal to 1"),
    (COUNT | {"property": "x"}, "`property` goes with"),
    (COUNT | {"currency": "EUR"}, "`currency` goes with"),
    (SUM | {"property": None}, "`property` goes with"),
    (SUM | {"currency": None}, "`currency` is needed"),
    (SUM | {"sayable": True}, "never `sayable`"),
    (SUM | {"corrections": [{"event": "order_refunded"}]}, "subtracts a property"),
    (COUNT | {"corrections": [{"event": "order_refunded", "subtracts": "x"}]}, "subtracts 1"),
    (COUNT | {"corrections": [{"event": "order_completed"}]}, "only once"),
    (SUM | {"aggregate": "max", "corrections": [{"event": "order_refunded"}]}, "do not go with"),
    (COUNT | {"where": {"property": "x"}}, "either `equals` or `in`"),
    ({"aggregate": "trait", "trait": "points", "event": "login", "thresholds": [1]}, "`event` is needed, except"),
    ({"aggregate": "first", "event": "login", "thresholds": [1]}, "neither `thresholds` nor `every`"),
    (COUNT | {"treshold": [1]}, "Extra inputs"),
]


@pytest.mark.parametrize(("these", "message"), REFUSED)
def test_parameters_that_make_no_sense_are_refused(these: dict[str, Any], message: str) -> None:
    """With words that say what is wrong."""
    with pytest.raises(ValidationError, match=message):
        params(these)


def test_keys_of_metrics_tell_them_apart() -> None:
    """Whatever changes the total changes the key, so equal keys may share one."""
    others: list[dict[str, Any]] = [
        COUNT,
        COUNT | {"event": "login"},
        COUNT | REFUNDS,
        COUNT | {"where": {"property": "a", "equals": 1}},
        COUNT | {"where": {"property": "a", "equals": "1"}},
        COUNT | {"where": {"property": "a", "in": ["1", "2"]}},
        COUNT | {"corrections": [{"event": "order_refunded", "where": {"property": "a", "equals": 1}}]},
        SUM,
        SUM | {"currency": "USD"},
        SUM | {"aggregate": "max"},
        {"aggregate": "distinct", "event": "order_completed", "property": "amount_minor", "thresholds": [2]},
    ]
    assert len({KIND.metric(params(one)).key for one in others}) == len(others)


def test_thresholds_are_no_part_of_a_metric() -> None:
    """Ten and twenty-five are read off the same count."""
    assert KIND.metric(params()) == KIND.metric(params(thresholds=[3], sayable=False))


def test_a_long_key_is_cut_and_stays_its_own() -> None:
    """The column takes 200 characters."""
    keys = [KIND.metric(params(where={"property": "a", "in": ["x" * 190, end]})).key for end in ("1", "2")]
    assert len(set(keys)) == 2
    assert all(len(key) <= LONGEST_KEY for key in keys)


def test_nobody_is_congratulated_on_the_tenth_after_the_twenty_fifth() -> None:
    """A higher threshold that was told says all that a lower one could."""
    (tenth,) = KIND.crossed(params(), TotalState(9), TotalState(10), event()).reached
    assert KIND.repeats(params(), tenth, ["25"])
    assert not KIND.repeats(params(), tenth, ["5", "9"])
