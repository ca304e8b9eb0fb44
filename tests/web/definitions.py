"""Any trigger that may be saved, of all four kinds, for properties."""

from typing import Any

from hypothesis import strategies as st

from engine.conditions.countries import BY_VALUE, COUNTRY
from engine.conditions.tree import MAX_NUMBER
from engine.definitions.reading import read_values
from engine.definitions.schema import WEEKDAYS, TriggerDefinition
from engine.unseen import unseen_in
from tests.engine.test_conditions import TREES
from triggers.table import KINDS

# What somebody makes of the form of an anniversary.
FIVE_YEARS = {
    "name": "trigger_5th_anniversary",
    "title": "5th anniversary",
    "family": "celebrate",
    "occasion": "first_order_anniversary",
    "kind": "anniversary",
    "params": {"of": {"first_event": "order_completed"}, "years": [5]},
    "template": "first_order_anniversary",
    "shipped_on": False,
    "audience": {"field": "customer.has_open_ticket", "op": "eq", "value": False},
    "weight": 35,
}
NAMES = st.from_regex(r"[a-z][a-z0-9_]{1,12}", fullmatch=True)
# What people write into files: also what looks like a number or a word of YAML, has commas, quotes, or runs over lines.
AWKWARD = st.sampled_from(
    ["10", "089", "1.50", "yes", "true", "null", "~", "a, b", '"a"', 'a "b" c', " a", "on", "10:30"]
)
TEXTS = st.one_of(AWKWARD, st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12))
SCALARS = st.one_of(TEXTS, st.integers(-MAX_NUMBER, MAX_NUMBER), st.booleans())
TITLES = st.one_of(AWKWARD.filter(lambda text: len(text) > 2), st.text(min_size=3, max_size=30)).filter(
    lambda title: not unseen_in(title)
)
COUNTS = st.lists(st.integers(1, 100_000), min_size=1, max_size=4)
RISING = st.sets(st.integers(3, 5_000), min_size=1, max_size=4).map(sorted)


def of_countries(tree: Any) -> Any:
    """The same condition; where it asks which country, of some that there are."""
    if isinstance(tree, list):
        return [of_countries(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("field") == COUNTRY and tree["op"] in BY_VALUE:
        return tree | {"value": ["NO", "DE-BY"] if isinstance(tree["value"], list) else "DE"}
    return {name: of_countries(part) for name, part in tree.items()}


CONDITIONS = TREES.map(of_countries)


def rarely(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def said(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A dict of those that are not None."""
    return st.fixed_dictionaries(values).map(lambda found: {k: v for k, v in found.items() if v is not None})


WHERE = st.one_of(
    st.fixed_dictionaries({"property": TEXTS, "equals": SCALARS}),
    st.fixed_dictionaries({"property": TEXTS, "in": st.lists(SCALARS, min_size=1, max_size=3)}),
)
ORIGINALS = st.one_of(
    st.fixed_dictionaries({"date": NAMES.filter(lambda name: "birth" not in name and "born" not in name)}),
    st.fixed_dictionaries({"first_event": NAMES}),
)
LEAP = st.sampled_from(["feb28", "mar1"])


def anniversaries() -> st.SearchStrategy[dict[str, Any]]:
    times = st.one_of(
        st.just({"every": "year"}),
        *(st.fixed_dictionaries({unit: COUNTS}) for unit in ("years", "months", "days")),
    )
    return st.builds(lambda of, when, leap: {"of": of, "leap_day": leap, **when}, ORIGINALS, times, LEAP)


@st.composite
def milestones(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["count", "sum", "max", "distinct", "first", "trait"]))
    params: dict[str, Any] = {"aggregate": kind}
    params["trait" if kind == "trait" else "event"] = "own_" + draw(NAMES)
    if kind != "trait" and draw(st.booleans()):
        params["where"] = draw(WHERE)
    if kind in ("sum", "max", "distinct"):
        params["property"] = draw(TEXTS)
    if kind in ("sum", "max"):
        params |= {"property": "amount_minor", "currency": "EUR"} if draw(st.booleans()) else {}
        params |= {"property": "points_minor", "currency": "USD"} if params["property"].endswith("_minor") else {}
    if kind != "first":
        params |= draw(st.one_of(said(thresholds=RISING), said(every=st.integers(1, 999))))
    if kind in ("count", "sum", "distinct", "first"):
        takes = TEXTS if kind == "sum" else st.just(1)
        one = said(event=NAMES, subtracts=takes, where=rarely(WHERE))
        rows = draw(st.lists(one, max_size=2, unique_by=lambda row: row["event"]))
        params["corrections"] = [row for row in rows if row["event"] != params["event"]]
    sayable = st.sampled_from([None, True, False] if kind in ("count", "distinct") else [None, False])
    return params | {"sayable": draw(sayable)}


def streaks() -> st.SearchStrategy[dict[str, Any]]:
    days = st.tuples(st.dates(), st.dates()).map(lambda pair: [day.isoformat() for day in sorted(pair)])
    return said(
        event=NAMES,
        unit=st.sampled_from(["day", "week", "month"]),
        lengths=RISING,
        outages=st.lists(days, max_size=2),
        sayable=st.booleans(),
    )


def recoveries() -> st.SearchStrategy[dict[str, Any]]:
    about = {
        "kinds": st.permutations(["ticket", "refund", "outage"]).flatmap(
            lambda order: st.integers(1, 3).map(lambda n: order[:n])
        ),
        "categories": rarely(st.lists(TEXTS, min_size=1, max_size=3)),
    }
    often = {"after_days": st.integers(1, 60), "every_days": st.integers(1, 60), "at_most": st.integers(1, 20)}
    return st.one_of(
        said(**about, when=st.just("settled"), settling_days=st.integers(1, 28)),
        said(**about, when=st.just("still_open"), **often),
    )


PARAMS = {
    "anniversary": anniversaries(),
    "milestone": milestones(),
    "streak": streaks(),
    "recovery": recoveries(),
}
SENDS = st.fixed_dictionaries(
    {
        "window_start": st.times().map(lambda at: at.replace(microsecond=0).isoformat()),
        "window_end": st.times().map(lambda at: at.isoformat("minutes")),
        "lead_days": st.integers(0, 60),
        "delay_days": st.integers(0, 60),
        "shift": st.sampled_from(["none", "before", "after", "nearest"]),
        "weekdays": st.permutations(WEEKDAYS).flatmap(lambda order: st.integers(1, 7).map(lambda n: order[:n])),
        "holidays": st.sampled_from(["send", "skip"]),
        "expires_after_days": st.integers(0, 90),
    }
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    then = draw(st.sampled_from(["hold", "skip", "alternative"]))
    rule = {"name": draw(NAMES), "when": draw(CONDITIONS), "then": then, "must_read": draw(st.booleans())}
    return rule | ({"template": draw(NAMES)} if then == "alternative" else {})


@st.composite
def definitions(draw: st.DrawFn) -> TriggerDefinition:
    """One that may be saved."""
    kind, family = draw(st.sampled_from(sorted(PARAMS))), draw(st.sampled_from(["celebrate", "reassure", "recover"]))
    celebrates = family == "celebrate"
    values = {
        "name": draw(NAMES),
        "title": draw(TITLES),
        "family": family,
        "occasion": draw(NAMES),
        "kind": kind,
        "params": draw(PARAMS[kind]),
        "template": draw(NAMES),
        "class": "marketing" if celebrates else draw(st.sampled_from(["marketing", "service"])),
        "shipped_on": draw(st.booleans()),
        "audience": draw(rarely(CONDITIONS)),
        "send": draw(SENDS),
        "review": {
            "policy": draw(st.sampled_from(["person", "auto"])),
            "must_read_weight": draw(st.integers(0, 100)),
            "write_ahead_days": draw(st.integers(0, 20)),
            "if_unreviewed": draw(st.sampled_from(["drop", "send"])) if celebrates else "drop",
            "four_eyes": draw(st.booleans()),
            "skill": draw(rarely(NAMES)),
        },
        "caps": {"messages": draw(st.integers(1, 99)), "days": draw(st.integers(1, 366))},
        "clash": draw(st.sampled_from(["merge", "weightiest"])),
        "control_share": 0.0 if family == "recover" else draw(st.floats(0, 0.5)),
        "weight": draw(st.integers(0, 100)),
        "holds_quiet_relationship": draw(st.booleans()),
        "exceptions": draw(st.lists(rules(), max_size=2)),
        "brake": {"daily_ceiling": draw(st.integers(1, 10**6)), "times_forecast": draw(st.floats(1.0001, 1e6))},
    }
    definition, faults = read_values(values, KINDS)
    assert definition, (faults, values)
    return definition
