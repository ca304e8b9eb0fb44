"""The small language of the rules, compiled to patterns of bounded length, so that no text can make them slow.

`(i|we) understand [all] your frustrat* ... today` reads as: one of these, a word, a word that may be missing, a word,
any word beginning so, up to four words of any kind. `@name` stands for a list of the file, `#` for digits.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

Words = Mapping[str, Sequence[str]]

_PIECE = re.compile(r"\.\.\.|[()\[\]|]|[^\s()\[\]|]+")
_WORD = re.compile(r"\w+")
_BETWEEN = r"[,;:]?(?: [-–—]{1,2})? "
_ANY_WORD = r"[\w'%-]{1,30}"
_GAP = rf"(?:{_BETWEEN}{_ANY_WORD}){{0,4}}"
_DEEPEST = 6


@dataclass(frozen=True)
class Part:
    """One piece of a phrase: its pattern, whether it may be missing, and words of which the text must hold one."""

    pattern: str
    optional: bool = False
    gap: bool = False
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Phrase:
    """A compiled phrase. `needs` are groups of words: a text that lacks all words of one group cannot match."""

    source: str
    pattern: str
    needs: tuple[frozenset[str], ...]

    @cached_property
    def regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def may_be_in(self, words: frozenset[str]) -> bool:
        return all(not words.isdisjoint(group) for group in self.needs)


def compile_phrase(
    source: str, words: Words, *, not_after: Sequence[str] = (), not_before: Sequence[str] = ()
) -> Phrase:
    """Compile a phrase; `ValueError` says what is wrong with it."""
    parts = _parse(source, words)
    behind = "".join(f"(?<!\\b{re.escape(word)} )" for word in not_after)
    ahead = "|".join(_join(_parse(each, words)) for each in not_before)
    pattern = behind + _join(parts) + (f"(?!{_BETWEEN}(?:{ahead}))" if ahead else "")
    needs = tuple(part.needs for part in parts if part.needs and not part.optional)
    return Phrase(source=source, pattern=pattern, needs=needs)


def _parse(source: str, words: Words) -> list[Part]:
    pieces = _PIECE.findall(source)
    parts, rest = _sequence(pieces, 0, words, 0)
    if rest != len(pieces):
        raise ValueError(f"'{pieces[rest]}' has no partner in '{source}'")
    return parts


def _sequence(pieces: list[str], at: int, words: Words, depth: int) -> tuple[list[Part], int]:
    if depth > _DEEPEST:
        raise ValueError("brackets are nested too deeply")
    parts: list[Part] = []
    while at < len(pieces) and pieces[at] not in ")]|":
        piece = pieces[at]
        at += 1
        if piece in "([":
            alternatives, at = _alternatives(pieces, at, words, depth + 1, ")" if piece == "(" else "]")
            parts.append(_choice(alternatives, optional=piece == "["))
        elif piece == "...":
            parts.append(Part(_GAP, optional=True, gap=True))
        else:
            parts.append(_word(piece, words))
    if not any(not part.optional for part in parts):
        raise ValueError("a phrase needs at least one word that must be there")
    if parts[0].gap:
        raise ValueError("a phrase cannot begin with '...'")
    return parts, at


def _alternatives(pieces: list[str], at: int, words: Words, depth: int, closing: str) -> tuple[list[list[Part]], int]:
    found: list[list[Part]] = []
    while True:
        parts, at = _sequence(pieces, at, words, depth)
        found.append(parts)
        if at >= len(pieces) or pieces[at] not in ("|", closing):
            raise ValueError(f"'{closing}' is missing")
        at += 1
        if pieces[at - 1] == closing:
            return found, at


def _choice(alternatives: list[list[Part]], *, optional: bool) -> Part:
    groups = [next((part.needs for part in parts if part.needs and not part.optional), None) for parts in alternatives]
    needs = frozenset[str]().union(*(group or () for group in groups)) if all(groups) else frozenset[str]()
    return Part(f"(?:{'|'.join(_join(parts) for parts in alternatives)})", optional=optional, needs=needs)


def _word(piece: str, words: Words) -> Part:
    if piece.startswith("@"):
        if piece[1:] not in words:
            raise ValueError(f"there is no list '{piece[1:]}'")
        return _choice([_parse(each, {}) for each in words[piece[1:]]], optional=False)
    if piece == "#":
        return Part(r"(?<!\w)\d{1,4}(?:st|nd|rd|th)?(?!\w)")
    if piece == "#%":
        return Part(r"(?<!\w)\d{1,3} ?%")
    begins = piece.endswith("*")
    stem = piece.rstrip("*").lower()
    if not stem or "*" in stem:
        raise ValueError(f"'{piece}' is not a word")
    left = r"(?<!\w)" if _WORD.match(stem) else ""
    right = r"\w{0,12}" if begins else (r"(?!\w)" if _WORD.match(stem[-1]) else "")
    whole = [] if begins else _WORD.findall(stem)
    return Part(left + re.escape(stem) + right, needs=frozenset(whole[:1]))


def _join(parts: list[Part]) -> str:
    """Words in a row, with a space or a comma between; what is optional takes its space with it."""
    pattern, begun = "", False
    for part in parts:
        if part.gap:
            pattern += part.pattern
        elif begun:
            pattern += f"(?:{_BETWEEN}{part.pattern})?" if part.optional else _BETWEEN + part.pattern
        else:
            pattern += f"(?:{part.pattern}{_BETWEEN})?" if part.optional else part.pattern
            begun = not part.optional
    return pattern
