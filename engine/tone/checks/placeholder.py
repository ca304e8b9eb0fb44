"""Finds what a template left behind: braces, brackets with a field's name, NULL and None where a value should stand."""

import re
from collections.abc import Iterator

from engine.tone.case import Case, Spot
from engine.tone.rulebook import Rule

# Every repetition is bounded, so no text can make these slow.
_MACHINERY = re.compile(
    r"\{\{[^{}\n]{0,80}(?:\}\})?|\}\}"
    r"|\{[%#][^{}\n]{0,80}(?:[%#]\})?|[%#]\}"
    r"|\[\[[^\[\]\n]{0,300}(?:\]\])?"
    r"|\$\{[^{}\n]{0,60}\}?"
    r"|\{[A-Za-z_][\w .]{0,40}\}"
    r"|\*\|[^|\n]{1,40}\|\*"
    r"|<<[^<>\n]{1,40}>>"
    r"|%%?[A-Z][A-Z_]{2,40}%%?"
    r"|\[object Object\]"
    r"|(?i:\blorem ipsum\b)"
    r"|\bNULL\b|\bNaN\b|\bundefined\b"
    r"|\bTODO\b(?=:)|\bTBD\b"
)
_IN_BRACKETS = re.compile(r"\[([^\[\]\n]{1,40})\](?!\()|<([^<>\n]{1,40})>")
_CONSTANT = re.compile(r"[A-Z][A-Z_ ]{2,39}")
_NONE = re.compile(r"\bNone\b")
_WORDS_AFTER_NONE = re.compile(r"\s{1,3}(?:of|other|whatsoever|the|but|are|is|was|were|could|can|will|would)\b")


def placeholders(case: Case, _rule: Rule) -> Iterator[Spot]:
    """Leftovers of any template language. Markdown links and ordinary sentences that begin with 'None' are spared."""
    text = case.reading.text
    for match in _MACHINERY.finditer(text):
        yield Spot(match.start(), match.end())
    for match in _IN_BRACKETS.finditer(text):
        inside = match.group(1) or match.group(2)
        if _is_field(inside, case.words("placeholders")) or (match.group(1) and _CONSTANT.fullmatch(inside)):
            yield Spot(match.start(), match.end())
    for match in _NONE.finditer(text):
        if _stands_for_a_value(text, match):
            yield Spot(match.start(), match.end())


def _is_field(inside: str, fields: tuple[str, ...]) -> bool:
    plain = inside.casefold().replace("_", " ").strip()
    return plain in fields or plain.startswith("insert ")


def _stands_for_a_value(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 40) : match.start()].rstrip(" \t\"'“‘(")
    if _WORDS_AFTER_NONE.match(text, match.end()):
        return False
    return bool(before) and before[-1] not in ".!?…:\n-•*>"
