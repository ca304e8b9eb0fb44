"""Looks for what must be there: a concrete fact, something done; and counts apologies and sentences about feelings."""

from collections.abc import Iterator

from engine.tone.case import Case, Spot
from engine.tone.rulebook import Rule


def concrete_fact(case: Case, _rule: Rule) -> Iterator[Spot]:
    """The whole text, if it says no fact beyond a name. Without facts to compare, any number, date or action does."""
    facts = case.concrete_facts
    if not any(case.fact_places(fact) for fact in facts) if facts else not case.grounded:
        yield case.whole()


def action(case: Case, rule: Rule) -> Iterator[Spot]:
    """The whole text, if nothing was done in it; while a problem is open, work under way or a next step is enough."""
    told = (fact for fact in case.facts if fact.name in rule.listed("facts"))
    if case.done or any(case.fact_places(fact) for fact in told):
        return
    if case.context.family == "reassure" and case.under_way:
        return
    yield case.whole()


def apologies(case: Case, rule: Rule) -> Iterator[Spot]:
    """Each sentence that apologises again."""
    yield from _beyond(case, case.apologies, int(rule.number("most")))


def empathies(case: Case, rule: Rule) -> Iterator[Spot]:
    """Each further sentence about feelings, whatever stands beside it."""
    spans = [
        span
        for other in case.book.rules
        if other.category == rule.category and other.phrases
        for span in case.matches(case.book.phrases[other.id])
    ]
    yield from _beyond(case, sorted(spans), int(rule.number("most")))


def _beyond(case: Case, spans: list[tuple[int, int]], most: int) -> Iterator[Spot]:
    seen: set[int] = set()
    for start, end in spans:
        sentence = case.reading.sentence_at(start)
        if sentence not in seen:
            seen.add(sentence)
            if len(seen) > most:
                yield case.spot(start, end)
