"""What others forbid: words the mission avoids, facts that are not sayable, and a text that was already sent."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from engine.tone.case import Case, Spot, find_words, fold_name
from engine.tone.counting import DateSaid, Token
from engine.tone.known import Known, known_facts, singular
from engine.tone.reading import read
from engine.tone.rulebook import Rule

_LETTERS = re.compile(r"[^\W\d_]+")
_SHORTEST_TELLING_TEXT = 3
_SHARED_WORDS = 3


def mission_words(case: Case, _rule: Rule) -> Iterator[Spot]:
    """Each place of each word or phrase to avoid."""
    for word in case.context.words_to_avoid:
        for start, end in places_of(word, case.reading.flat):
            yield case.spot(start, end)


def places_of(word: str, flat: str) -> list[tuple[int, int]]:
    """Where a text that was read says this word or phrase, however it is written."""
    return find_words(flat, read(word).flat.strip())


def unsayable_facts(case: Case, rule: Rule) -> Iterator[Spot]:
    """Where the text says a fact that may not be said, unless a sayable fact is the same."""
    only, spared = rule.listed("only"), rule.listed("except")
    sayable = {fact.value for fact in case.facts}
    for fact in known_facts(case.context.unsayable):
        if (only and fact.name not in only) or fact.name in spared or fact.value in sayable:
            continue
        for start, end in _telling_places(case, fact, rule.number("telling_number")):
            yield case.spot(start, end)


def _telling_places(case: Case, fact: Known, telling_number: float) -> list[tuple[int, int]]:
    """A small number tells only beside the thing it counts, a date only with two of its parts."""
    value = fact.value
    if isinstance(value, Decimal):
        nouns = {singular(word) for word in fact.name.lower().split("_")}
        return [
            (number.start, number.end)
            for number in case.numbers
            if number.value == value
            and (value >= telling_number or any(singular(t.core) in nouns for t in _next(case, number.next_token)))
        ]
    if isinstance(value, date):
        said = DateSaid(0, 0, value.year, value.month, value.day)
        return [(d.start, d.end) for d in case.dates if d.agrees_with(said) and _parts(d) > 1]
    if len(value) < _SHORTEST_TELLING_TEXT:
        return []
    return case.fact_places(fact, shared_words=_SHARED_WORDS)


def _next(case: Case, place: int) -> tuple[Token, ...]:
    return case.tokens[place : place + 2]


def _parts(said: DateSaid) -> int:
    return sum(part is not None for part in (said.year, said.month, said.day))


def sameness(case: Case, rule: Rule) -> Iterator[Spot]:
    """The whole text, if it shares too many runs of words with an earlier one; names and numbers do not count."""
    if not case.context.earlier_texts:
        return
    size = int(rule.number("words"))
    limit = len(case.reading.text) + 20_000
    mine = _shingles(case, case.reading.flat, size)
    for earlier in dict.fromkeys(case.context.earlier_texts):
        theirs = _shingles(case, read(earlier[:limit]).flat, size)
        if mine and theirs and len(mine & theirs) / len(mine | theirs) >= rule.number("threshold"):
            yield case.whole()
            return


def _shingles(case: Case, flat: str, size: int) -> frozenset[tuple[str, ...]]:
    numerals = case.book.numbers.keys() | case.book.ordinals.keys()
    words = [
        word for word in _LETTERS.findall(flat) if word not in numerals and not set(fold_name(word)) <= case.name_parts
    ]
    if len(words) <= size:
        return frozenset([tuple(words)] if words else [])
    return frozenset(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
