"""Why there is a message at all, in one plain sentence made of the moment's facts. Pure."""

from collections.abc import Mapping
from datetime import date, datetime

from engine.dates.zones import local_date
from engine.definitions.schema import ReviewRules
from engine.kinds import Fact
from engine.storage.models import Message, Moment, Problem

_SPANS = {"years": "year", "months": "month", "days": "day"}


def why_sentence(
    moment: Moment, problem: Problem | None, facts: Mapping[str, Fact], *, zone: str, now: datetime
) -> str:
    """`10th order, on 3 May`, `1 year since the first order`, `ticket solved 4 days ago and stayed solved`."""
    if problem is not None:
        return _of_problem(problem, zone=zone, now=now)
    on = f"on {say_day(moment.nominal_on)}"
    return _of_span(facts) or _of_run(facts) or _of_count(facts, on) or f"{_spoken(moment.occasion)} {on}"


def person_why(message: Message, rules: ReviewRules, worst: str | None) -> str:
    """Why a person must look at it, or that nobody must."""
    if message.state == "draft":
        return "No text could be written yet: it asks a question."
    if message.facts_changed:
        return "What it says has changed since it was written."
    if rules.four_eyes:
        return "Two people must read it."
    if message.weight >= rules.must_read_weight:
        return f"It weighs {message.weight}, and from {rules.must_read_weight} on nothing goes unread."
    if message.must_read:
        return "Its trigger wants a person to read each one."
    if message.edited:
        return "Somebody has begun to write at it."
    if worst == "block":
        return "The tone check forbids it as it stands."
    if message.if_unreviewed == "send":
        return "It goes by itself at its deadline; until then you can make it better."
    return "A person lets it go, or it is dropped at its deadline."


def say_day(on: date) -> str:
    """3 May."""
    return f"{on.day} {on:%B}"


def say_ordinal(number: int) -> str:
    """10th."""
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def _of_problem(problem: Problem, *, zone: str, now: datetime) -> str:
    if problem.state != "resolved" or problem.resolved_at is None:
        return f"{problem.kind} open for {_count(_days(problem.opened_at, zone, now), 'day')}"
    ago = _ago(_days(problem.resolved_at, zone, now))
    if problem.kind == "ticket":
        return f"ticket solved {ago} and stayed solved"
    return f"refund completed {ago}" if problem.kind == "refund" else f"outage over, {ago}, and it stayed away"


def _of_span(facts: Mapping[str, Fact]) -> str | None:
    for name, unit in _SPANS.items():
        fact = facts.get(name)
        if fact is not None and isinstance(fact.value, int) and "since" in facts:
            return f"{_count(fact.value, unit)} since {_event(fact.source)}"
    return None


def _of_run(facts: Mapping[str, Fact]) -> str | None:
    length, unit = facts.get("streak_length"), facts.get("streak_unit")
    if length is None or unit is None or not isinstance(length.value, int):
        return None
    return f"{_count(length.value, str(unit.value))} in a row"


def _of_count(facts: Mapping[str, Fact], on: str) -> str | None:
    for name, fact in facts.items():
        if name.endswith("_count") and isinstance(fact.value, int):
            return f"{say_ordinal(fact.value)} {_spoken(name.removesuffix('_count'))}, {on}"
    return f"a total of {facts['amount'].value} reached, {on}" if "amount" in facts else None


def _event(source: str) -> str:
    """`first:order_completed` is the first order, `contract_start` the contract start."""
    if source.startswith("first:"):
        name = source.removeprefix("first:")
        return f"the first {_spoken(name.rpartition('_')[0] or name)}"
    return f"the {_spoken(source)}"


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def _ago(days: int) -> str:
    return "today" if days == 0 else f"{_count(days, 'day')} ago"


def _days(since: datetime, zone: str, now: datetime) -> int:
    return max(0, (local_date(now, zone) - local_date(since, zone)).days)
