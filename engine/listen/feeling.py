"""Whether a reply sounds unhappy, by its words: small rules as data (`feelings.yaml`), a list for each language. Pure.

A weak signal on purpose. It opens a problem that a person can call none with one click, and it misses what only a
person hears; it never answers by itself and decides about nobody.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("feelings.yaml")
_EVERYWHERE = "en"  # many write it, whatever language we know of them
_LONGEST = 6_000
_REACH = 3  # words between a negation and what it turns
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in a text: whether it sounds unhappy, and by which of its words."""

    unhappy: bool
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Rules:
    nothing: re.Pattern[str]
    strong: re.Pattern[str]
    weak: re.Pattern[str]
    glad: re.Pattern[str]
    negated: re.Pattern[str]  # a negation, and up to so many words to the end of the text
    negation: re.Pattern[str]


def hear(text: str, locale: str) -> Heard:
    """How the answer in this text sounds, without what it quotes; the caller has parted the two."""
    flat = _flat(text[:_LONGEST])
    languages = dict.fromkeys((locale[:2].lower(), _EVERYWHERE))
    for rules in (_rules()[one] for one in languages if one in _rules()):
        strong, weak = _count(flat, rules)
        if strong or len(weak) >= _ENOUGH:
            return Heard(True, tuple(dict.fromkeys((*strong, *weak))))
    return Heard(False)


def _count(flat: str, rules: _Rules) -> tuple[list[str], list[str]]:
    """The strong words, and the weak ones, each once."""
    said = rules.nothing.sub(" ", flat)
    strong = _unturned(rules.strong, said, rules)
    strong += [turned for match in rules.glad.finditer(said) if (turned := _turned(match, said, rules))]
    # A weak word inside a strong phrase says the same once.
    rest = rules.strong.sub(" ", said)
    return strong, list(dict.fromkeys(_unturned(rules.weak, rest, rules)))


def _unturned(pattern: re.Pattern[str], said: str, rules: _Rules) -> list[str]:
    return [match.group() for match in pattern.finditer(said) if not _turned(match, said, rules)]


def _turned(match: re.Match[str], said: str, rules: _Rules) -> str:
    """The word with the negation that turns it; empty where none does."""
    if rules.negation.search(match.group()):
        return ""
    sentence = re.split(
        r"[.,!?\n;:]| but | and | aber | und | pero | y ", said[max(0, match.start() - 120) : match.start()]
    )[-1]
    negation = rules.negated.search(sentence)
    return f"{negation.group().strip()} {match.group()}" if negation else ""


def _flat(text: str) -> str:
    """One spelling: small letters, straight apostrophes, single spaces; lines stay apart."""
    plain = unicodedata.normalize("NFC", text).casefold().replace("’", "'").replace("`", "'").replace("´", "'")
    return re.sub(r"[ \t\r\f\v]+", " ", plain)


@lru_cache(maxsize=1)
def _rules() -> Mapping[str, _Rules]:
    data = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {language: _compiled(lists) for language, lists in data.items()}


def _compiled(lists: Mapping[str, Sequence[str]]) -> _Rules:
    negations = _either(lists["negations"])
    return _Rules(
        nothing=_words(lists["nothing"]),
        strong=_words(lists["strong"]),
        weak=_words(lists["weak"]),
        glad=_words(lists["glad"]),
        negated=re.compile(rf"(?<!\w)(?:{negations})(?:\W+\w+){{0,{_REACH}}}\W*$"),
        negation=_words(lists["negations"]),
    )


def _words(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_either(phrases)})(?!\w)")


def _either(phrases: Iterable[str]) -> str:
    """The longest first, so that a phrase wins over its first words; a space stands for any white space."""
    known = sorted({_flat(phrase).strip() for phrase in phrases}, key=len, reverse=True)
    return "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in known)
