"""Holds the numbers and dates of a text against the customer's facts; silent where they speak of something else."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from engine.tone.case import Case, Spot
from engine.tone.counting import DateSaid, Number, find_dates, find_numbers, split_tokens
from engine.tone.known import singular
from engine.tone.reading import read
from engine.tone.rulebook import Rule

_WORDS_TO_THE_NOUN = 3
_LARGEST_COUNT = 10_000


def contradicting_number(case: Case, _rule: Rule) -> Iterator[Spot]:
    """A number whose noun the facts count, and count differently: '12th order' where there are ten."""
    if not case.counts:
        return
    said_in_texts = _numbers_in_texts(case)
    for number in case.numbers:
        word = _noun(case, number)
        if word is None or number.money or number.value in said_in_texts or _speaks_of_else(case, number, word):
            continue
        known = case.counts[_canonical(case, word)]
        if not _agrees(case, number, word, known):
            yield case.spot(number.start, number.end, known=" or ".join(f"{value:f}" for value in sorted(known)))


def _noun(case: Case, number: Number) -> str | None:
    """The word for what is counted, if the facts count it too."""
    if number.unit:
        return singular(number.unit) if _canonical(case, number.unit) in case.counts else None
    last = case.tokens[number.next_token - 1]
    for token in case.tokens[number.next_token : number.next_token + _WORDS_TO_THE_NOUN]:
        if last.ends or token.core in case.words("stop_words") or token.core[:1].isdigit():
            return None
        for word in token.core.split("-"):
            if _canonical(case, word) in case.counts:
                return singular(word)
        last = token
    return None


def _canonical(case: Case, word: str) -> str:
    noun = singular(word)
    return case.canon.get(noun, noun)


def _speaks_of_else(case: Case, number: Number, word: str) -> bool:
    """Whether the words around say that this is not the customer's total: 'within 3 days', '2 years ago'."""
    if number.value == 1 and (number.spelled or number.ordinal) and word not in case.words("units_needing_hint"):
        return True
    if case.sentence_says(number.start, case.words("other_things")):
        return True
    if word in case.words("units_needing_hint") and not case.sentence_says(number.start, case.words("tenure_hints")):
        return True
    before = [token.core for token in case.tokens[max(0, number.token - 2) : number.token]]
    after = [token.core for token in case.tokens[number.next_token : number.next_token + _WORDS_TO_THE_NOUN]]
    exempt = case.words("number_exempt_after")
    return (
        bool(before and before[-1] in exempt)
        or " ".join(before) in exempt
        or any(each in case.words("number_exempt_before") for each in after)
    )


def _agrees(case: Case, number: Number, word: str, known: set[Decimal]) -> bool:
    """After four years the fifth year runs, but the fifth anniversary is still to come."""
    before = " ".join(token.core for token in case.tokens[max(0, number.token - 2) : number.token])
    if any(before.endswith(each) for each in case.words("more_than")):
        return any(number.value <= value for value in known)
    if any(before.endswith(each) for each in case.words("less_than")):
        return any(number.value >= value for value in known)
    running = {value + 1 for value in known} if number.ordinal and word == "year" else set()
    return number.value in known | running


def _numbers_in_texts(case: Case) -> frozenset[Decimal]:
    """Numbers inside facts that are texts ('the parcel took 12 days'): true too."""
    found: set[Decimal] = set()
    for fact in case.facts:
        if isinstance(fact.value, str):
            tokens = split_tokens(read(fact.value))
            found.update(number.value for number in find_numbers(tokens, case.book.numbers, case.book.ordinals))
    return frozenset(found)


def contradicting_date(case: Case, rule: Rule) -> Iterator[Spot]:
    """A date beside words that tie it to the customer's story, which agrees with no date of the facts."""
    known = _known_dates(case)
    if not known:
        return
    for said in case.dates:
        linked = case.sentence_says(said.start, rule.listed("links"))
        if linked and not any(said.agrees_with(each) for each in known):
            yield case.spot(said.start, said.end, known=" or ".join(sorted({_written(each) for each in known})))


def _known_dates(case: Case) -> list[DateSaid]:
    found: list[DateSaid] = []
    for fact in case.facts:
        if isinstance(fact.value, date):
            found.append(DateSaid(0, 0, fact.value.year, fact.value.month, fact.value.day))
        elif isinstance(fact.value, str):
            reading = read(fact.value)
            found.extend(find_dates(reading, split_tokens(reading), case.book.words))
    return found


def _written(said: DateSaid) -> str:
    parts = (
        f"{said.year:04d}" if said.year else "",
        f"{said.month:02d}" if said.month else "",
        f"{said.day:02d}" if said.day else "",
    )
    return "-".join(part for part in parts if part)


def foreign_number(case: Case, _rule: Rule) -> Iterator[Spot]:
    """For languages whose words we cannot read: digits that are nobody's, where none of the right ones is said."""
    counted = {fact.value for fact in case.facts if isinstance(fact.value, Decimal)}
    if not counted or any(number.value in counted for number in case.numbers):
        return
    accepted = _numbers_in_texts(case) | {
        Decimal(part)
        for fact in case.facts
        if isinstance(fact.value, date)
        for part in (fact.value.year, fact.value.month, fact.value.day)
    }
    for number in case.numbers:
        if number.value not in accepted and _could_be_a_count(case, number):
            yield case.spot(number.start, number.end)


def _could_be_a_count(case: Case, number: Number) -> bool:
    value = number.value
    if number.money or value != value.to_integral_value() or value >= _LARGEST_COUNT or 1900 <= value <= 2100:
        return False
    following = case.tokens[number.next_token : number.next_token + 1]
    after = case.reading.flat[number.end : number.end + 3].strip(" .")
    return not (
        re.match(r"[$€£%°]", after)
        or (following and following[0].core in case.words("not_counts"))
        or case.reading.flat[max(0, number.start - 1) : number.start] in tuple("$€£#")
    )
