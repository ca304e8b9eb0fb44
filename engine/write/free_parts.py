"""The free part of a text: where the agent writes in their own words, marked by a hint that never reaches a customer.

A hint is written `[[ hint: what one might say here ]]`, usually on a line of its own. What a customer wrote cannot
forge one: doubled square brackets in values are broken up when they are escaped.
"""

import re
from dataclasses import dataclass

_MARK = r"\[\[[ \t]*hint:(.{0,500}?)\]\]"
_HINT = re.compile(_MARK, re.IGNORECASE)
_WITH_BLANK = re.compile(f" ?{_MARK}", re.IGNORECASE)
_ALONE = re.compile(rf"^[ \t]*{_MARK}[ \t]*$\n?", re.IGNORECASE | re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class FreePart:
    """One place for the agent's own words: `text[start:end]` is the mark, `hint` what it suggests."""

    start: int
    end: int
    line: int
    hint: str


def free_parts(text: str) -> list[FreePart]:
    """The places in `text` that still carry a hint, in order."""
    return [
        FreePart(found.start(), found.end(), text.count("\n", 0, found.start()) + 1, found[1].strip())
        for found in _HINT.finditer(text)
    ]


def without_hints(text: str) -> str:
    """`text` as a customer may see it: every hint gone, and no gap where it stood."""
    bare = _WITH_BLANK.sub("", _ALONE.sub("", text))
    return _GAPS.sub("\n\n", bare).strip()


def waits_for_words(text: str, first_draft: str) -> bool:
    """Whether a required free part is still empty: a hint is left, or all are gone and nothing was written instead."""
    return bool(free_parts(text)) or without_hints(text).split() == without_hints(first_draft).split()
