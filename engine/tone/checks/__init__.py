"""Checks that are code because a phrase cannot say them; which text, severity and limits they carry is data."""

from collections.abc import Callable, Iterator, Mapping

from engine.tone.case import Case, Spot
from engine.tone.checks.contradiction import contradicting_date, contradicting_number, foreign_number
from engine.tone.checks.greeting import empty_greeting, fallback_name, greeting_name
from engine.tone.checks.limits import mission_words, sameness, unsayable_facts
from engine.tone.checks.loudness import capitals, exclamations
from engine.tone.checks.placeholder import placeholders
from engine.tone.checks.substance import action, apologies, concrete_fact, empathies
from engine.tone.rulebook import Check, Rule


def _elsewhere(_case: Case, _rule: Rule) -> Iterator[Spot]:
    """The length is looked at before the text is read."""
    return iter(())


CHECKS: Mapping[Check, Callable[[Case, Rule], Iterator[Spot]]] = {
    "placeholders": placeholders,
    "empty_greeting": empty_greeting,
    "fallback_name": fallback_name,
    "greeting_name": greeting_name,
    "capitals": capitals,
    "exclamations": exclamations,
    "mission_words": mission_words,
    "unsayable_facts": unsayable_facts,
    "sameness": sameness,
    "contradicting_number": contradicting_number,
    "contradicting_date": contradicting_date,
    "foreign_number": foreign_number,
    "concrete_fact": concrete_fact,
    "action": action,
    "apologies": apologies,
    "empathies": empathies,
    "length": _elsewhere,
}
