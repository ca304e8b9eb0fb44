"""Capitals and exclamation marks: the ways a text can be too loud in any language."""

import re
from collections.abc import Iterator

from engine.tone.case import Case, Spot
from engine.tone.rulebook import Rule

_WORD = re.compile(r"\w+")
_MARKS = re.compile(r"[!?！？]+")
_BETWEEN = re.compile(r"[\s\w,'’*-]{0,12}")
_ROMAN = frozenset("IVXLCDM")


def capitals(case: Case, rule: Rule) -> Iterator[Spot]:
    """Words in capitals in a row, or one long one. Names, facts, codes with digits and usual short forms are spared."""
    text = case.reading.text
    spared = _spared(case, rule)
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        word = match.group()
        if _is_loud(word) and word.casefold() not in spared:
            if run and not _BETWEEN.fullmatch(text, run[-1].end(), match.start()):
                yield from _judge(run, rule)
                run = []
            run.append(match)
        elif not (run and len(word) == 1 and word.isupper()):
            yield from _judge(run, rule)
            run = []
    yield from _judge(run, rule)


def _is_loud(word: str) -> bool:
    return len(word) > 1 and word.isupper() and word.isalpha() and not set(word) <= _ROMAN


def _spared(case: Case, rule: Rule) -> frozenset[str]:
    held = " ".join(str(fact.value) for fact in case.facts) + " " + " ".join(case.context.names)
    return frozenset(word.casefold() for word in _WORD.findall(held) if word.isupper()) | set(rule.listed("allowed"))


def _judge(run: list[re.Match[str]], rule: Rule) -> Iterator[Spot]:
    letters = sum(len(match.group()) for match in run)
    long_run = len(run) >= rule.number("run_words") and letters >= rule.number("run_letters")
    if long_run or any(len(match.group()) >= rule.number("word_letters") for match in run):
        yield Spot(run[0].start(), run[-1].end())


def exclamations(case: Case, rule: Rule) -> Iterator[Spot]:
    """Marks in a row, and the first one beyond what the family bears (only a note in a celebration)."""
    celebrates = case.context.family == "celebrate"
    most = rule.number("in_celebrate" if celebrates else "in_care")
    single = 0
    for match in _MARKS.finditer(case.reading.text):
        marks = match.group().count("!") + match.group().count("！")
        if marks >= rule.number("in_a_row"):
            yield Spot(match.start(), match.end())
        elif marks:
            single += 1
            if single == most + 1:
                yield Spot(match.start(), match.end(), note=celebrates)
