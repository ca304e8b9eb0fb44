"""The facts of a message: each with the record it comes from, and whether it may be said aloud.

Templates get the sayable ones only; agents see all of them. Problems are read as they stand at the time of writing.
"""

import re
from collections.abc import Mapping
from datetime import date

from engine.dates.zones import local_date
from engine.kinds import Fact, Plain
from engine.storage.base import Json
from engine.storage.models import Customer, Problem
from engine.write.material import Material, Spoken

# A leap year, so that every birthday has a date in it. What it says is the day; its year says nothing.
NO_YEAR = 2000
ALSO = "also"
# The source of a fact that no moment of a trigger has.
NOT_TOLD = "nothing that this trigger tells"

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RUNS = {"day": "days_in_a_row", "week": "weeks_in_a_row", "month": "months_in_a_row"}


def facts_of(material: Material, *, company: str, team: str) -> dict[str, Fact]:
    """The facts of a message by name, dots included. Those of merged moments are `also.<position>.<name>`."""
    facts = _of_everyone(material, company=company, team=team) | moment_facts(material.lead, material.customer)
    for position, spoken in enumerate(material.spoken[1:], start=1):
        for name, fact in moment_facts(spoken, material.customer).items():
            facts[f"{ALSO}.{position}.{name}"] = fact
    return facts


def facts_of_moment(facts: Mapping[str, Fact], position: int) -> dict[str, Fact]:
    """What the text of the moment at `position` may see: the facts of everyone and its own, no one else's."""
    merged = f"{ALSO}.{position}."
    if position == 0:
        return {name: fact for name, fact in facts.items() if not name.startswith(f"{ALSO}.")}
    own = {name.removeprefix(merged): fact for name, fact in facts.items() if name.startswith(merged)}
    shared = {name: fact for name, fact in facts.items() if name.startswith(("customer.", "company.", "sender."))}
    first_order = {name: fact for name, fact in facts.items() if name == "first_order_month"}
    return shared | first_order | own


def moment_facts(spoken: Spoken, customer: Customer) -> dict[str, Fact]:
    """What the moment itself knows; its problem's record has the last word about the problem."""
    facts = {name: fact_from(stored) for name, stored in spoken.moment.facts.items()}
    facts |= _named_day(facts) | _run(facts)
    if spoken.problem is not None:
        facts |= problem_facts(spoken.problem, customer.zone)
    return facts


def problem_facts(problem: Problem, zone: str) -> dict[str, Fact]:
    """What a problem's record tells: a value that nobody wrote down is None."""
    told: dict[str, Plain] = {
        "what_happened": problem.what_happened,
        "what_we_did": problem.what_we_did,
        "next_step": problem.next_step,
        "next_news_on": problem.next_news_on,
        "owner": problem.owner,
    }
    if problem.kind == "outage":
        told["outage_on"] = local_date(problem.opened_at, zone)
    if problem.kind == "refund":
        told["what_was_refunded"] = problem.remedy
    if problem.resolved_at is not None:
        name = "refunded_on" if problem.kind == "refund" else "resolved_on"
        told[name] = local_date(problem.resolved_at, zone)
    facts = {name: Fact(value, problem.key, sayable=True) for name, value in told.items()}
    return facts | {name: Fact(getattr(problem, name), problem.key) for name in ("category", "severity")}


def sayable_values(facts: Mapping[str, Fact]) -> dict[str, object]:
    """The nested plain values that a template is given: `customer.first_name` as {"customer": {"first_name": ...}}."""
    values: dict[str, object] = {}
    for name, fact in facts.items():
        if not fact.sayable or fact.value is None:
            continue
        *groups, last = name.split(".")
        place = values
        for group in groups:
            inner = place.setdefault(group, {})
            assert isinstance(inner, dict)
            place = inner
        place[last] = fact.value
    return values


def to_json(facts: Mapping[str, Fact]) -> Json:
    """Facts as they are stored with a revision; dates as ISO text."""
    return {
        name: {
            "value": as_json(fact.value),
            "source": fact.source,
            "sayable": fact.sayable,
        }
        for name, fact in facts.items()
    }


def as_json(value: Plain) -> str | int | bool | None:
    """A value as it is stored."""
    return value.isoformat() if isinstance(value, date) else value


def fact_from(stored: Json) -> Fact:
    """A stored fact; ISO text is a date again."""
    return Fact(_plain(stored.get("value")), str(stored.get("source", "")), stored.get("sayable") is True)


def _plain(value: Plain) -> Plain:
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def _of_everyone(material: Material, *, company: str, team: str) -> dict[str, Fact]:
    facts = {
        "customer.first_name": Fact(material.customer.first_name, "customer record", sayable=True),
        "company.name": Fact(company, "settings", sayable=True),
        "sender.team": Fact(team, "settings", sayable=True),
    }
    if (first := material.first_order_on) is not None:
        facts["first_order_month"] = Fact(first.replace(day=1), "first order", sayable=True)
    return facts


def _named_day(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """A day that comes round without its year, under the name of the date it comes from: `birthday`."""
    month, day = facts.get("month"), facts.get("day")
    if month is None or day is None or not isinstance(month.value, int) or not isinstance(day.value, int):
        return {}
    if not _NAME.fullmatch(month.source):
        return {}
    return {month.source: Fact(date(NO_YEAR, month.value, day.value), month.source, sayable=True)}


def _run(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """The length of a streak under a name that says of what: `months_in_a_row`."""
    length, unit = facts.get("streak_length"), facts.get("streak_unit")
    if length is None or unit is None or unit.value not in _RUNS:
        return {}
    return {_RUNS[str(unit.value)]: length}
