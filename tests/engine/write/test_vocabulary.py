"""Every fact that can arise is described to who writes texts, with whether it may be said."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from engine.definitions.reading import read_definitions
from engine.kinds import Fact, FoldEvent, ProblemFacts, TotalState
from engine.storage.models import Customer, Problem
from engine.write.facts import facts_of, problem_facts
from engine.write.folders import TemplateFolder
from engine.write.material import Material, Spoken
from engine.write.vocabulary import VOCABULARY, described
from tests.engine.builders import NOW
from tests.engine.write.desk import FOLDERS
from tests.web.office import SHIPPED
from triggers.table import KINDS

DEFINITIONS = read_definitions(SHIPPED, KINDS)
NOT_FACTS = ("mission.", "sender.", "also")


def missing(facts: dict[str, Fact], **names: Any) -> list[str]:
    """Facts without a description, or whose description says otherwise of their being said."""
    found = []
    for name, fact in facts.items():
        known = described(name, **names)
        if known is None or (known.sayable == "no" and fact.sayable) or (known.sayable == "yes" and not fact.sayable):
            found.append(name)
    return found


def customer() -> Customer:
    return Customer(first_name="Ada", external_id="ada", zone="Europe/Berlin", locale="en")


def material(**facts: Any) -> Material:
    class Moment:
        pass

    moment: Any = Moment()
    moment.facts = facts
    return Material(Moment(), customer(), [Spoken(moment, None)], date(2021, 3, 14), ())  # type: ignore[arg-type]


def test_what_is_known_of_everybody_is_described() -> None:
    """The customer, the company, the team; and a birthday by the name of its date."""
    day = {name: {"value": value, "source": "wedding", "sayable": True} for name, value in (("month", 2), ("day", 29))}
    facts = facts_of(material(**day), company="Loom", team="care")
    assert "wedding" in facts
    assert missing(facts, dates=["wedding"]) == []


@pytest.mark.parametrize("kind", ["ticket", "outage", "refund"])
@pytest.mark.parametrize("resolved", [True, False])
def test_what_a_problem_tells_is_described(kind: str, resolved: bool) -> None:
    """Of each kind of problem, open and solved."""
    row = Problem(
        key="ticket:1",
        kind=kind,
        category="delivery",
        severity="minor",
        opened_at=NOW - timedelta(days=9),
        resolved_at=NOW - timedelta(days=4) if resolved else None,
    )
    assert missing(problem_facts(row, "UTC")) == []


@pytest.mark.parametrize(
    "definition", [one for one in DEFINITIONS if one.kind == "recovery"], ids=lambda definition: definition.name
)
@pytest.mark.parametrize("severity", ["minor", "serious"])
def test_what_a_recovery_finds_is_described(definition: Any, severity: str) -> None:
    """Whatever the kind puts into the moment, of problems that settled and of those that stay open."""
    kind = KINDS["recovery"]
    params = kind.params.model_validate(definition.params)
    opened = NOW - timedelta(days=40)
    found = 0
    for state, resolved in (("resolved", opened + timedelta(days=1)), ("open", None)):
        problem = ProblemFacts(
            id=uuid4(),
            key="ticket:1",
            incident_key="ticket:1",
            kind=(definition.params.get("kinds") or ["ticket"])[0],
            category=(definition.params.get("categories") or ["delivery"])[0],
            severity=severity,
            state=state,
            opened_at=opened,
            resolved_at=resolved,
            reopened=0,
            what_happened="it broke",
            what_we_did="we mended it",
            next_step=None,
            next_news_on=None,
            owner="Tom",
            same_category=0,
            zone="UTC",
        )
        occurrence = kind.occurrence(params, problem, NOW)  # type: ignore[union-attr]
        if occurrence is not None:
            found += 1
            assert missing(dict(occurrence.facts)) == []
    assert found


MILESTONES: list[dict[str, Any]] = [
    {"event": "order_completed", "aggregate": "count", "thresholds": [1]},
    {"event": "review_written", "aggregate": "count", "thresholds": [1], "sayable": True},
    {"event": "order_completed", "aggregate": "sum", "property": "amount", "currency": "EUR", "thresholds": [1]},
    {"event": "order_completed", "aggregate": "distinct", "property": "country", "thresholds": [1]},
    {"event": "order_completed", "aggregate": "first"},
    {"trait": "loyalty_points", "aggregate": "trait", "thresholds": [1]},
]


@pytest.mark.parametrize("given", MILESTONES, ids=lambda given: given["aggregate"] + given.get("event", ""))
def test_what_a_milestone_finds_is_described(given: dict[str, Any]) -> None:
    """Counts, amounts, distinct values, firsts and traits."""
    kind: Any = KINDS["milestone"]
    params = kind.params.model_validate(given)
    event = FoldEvent("m1", "order_completed", NOW, NOW.date(), {"amount": 500, "country": "DE"})
    crossing = kind.crossed(params, TotalState(0), TotalState(500), event)
    assert crossing.reached
    for occurrence in crossing.reached:
        assert missing(dict(occurrence.facts), traits=["loyalty_points"]) == []
        assert kind.tells(params) == {name: fact.sayable for name, fact in occurrence.facts.items()}


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_what_a_streak_finds_is_described(unit: str) -> None:
    """Its length, by what is counted."""
    kind: Any = KINDS["streak"]
    params = kind.params.model_validate({"event": "order_completed", "unit": unit, "lengths": [3]})
    event = FoldEvent("m1", "order_completed", datetime(2026, 5, 1, tzinfo=UTC), date(2026, 5, 1), {})
    crossing = kind.crossed(params, TotalState(2, {"last": 1}), TotalState(3, {"last": 2}), event)
    facts = dict(crossing.reached[0].facts)
    assert missing(facts) == []
    assert kind.tells(params) == {name: fact.sayable for name, fact in facts.items()}


def test_what_an_anniversary_counts_is_described() -> None:
    """By years, months and days; the set's own facts are these, the month, the day and since when."""
    kind: Any = KINDS["anniversary"]
    for counted in ({"every": "year"}, {"years": [5]}, {"months": [6]}, {"days": [100]}):
        name = kind.fact_name(kind.params.model_validate({"of": {"date": "contract_start"}, **counted}))
        assert missing({one: Fact(1, "x", sayable=True) for one in (name, "month", "day", "since")}) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_the_shipped_texts_name_is_described_and_may_be_said(folder: TemplateFolder) -> None:
    """No text asks for what nothing makes."""
    for name in (*folder.needs, *folder.may_use):
        known = described(name)
        assert known is not None, name
        assert known.sayable != "no", name


def test_every_description_is_whole() -> None:
    """One for each name, each with a sentence, and an example of what a text could print."""
    names = [fact.name for fact in VOCABULARY]
    assert len(set(names)) == len(names)
    for fact in VOCABULARY:
        assert fact.says.endswith((".", "}")), fact.name
        assert fact.example is not None or fact.name.startswith(NOT_FACTS), fact.name
    assert described("price_of_gold") is None
