"""What changed between two wordings, word by word. Pure."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORDS = re.compile(r"\s+|[^\s]+")
_LONGEST = 20_000  # characters; a longer text is shown as replaced whole
_MOST_PAIRS = 2_000_000  # equal words of both, each with each: what comparing costs grows with them


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words that stayed (`same`), came (`new`) or went (`old`)."""

    what: str
    text: str


def word_diff(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in the order of reading."""
    if len(before) > _LONGEST or len(after) > _LONGEST:
        return [Piece("old", before), Piece("new", after)]
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    times = Counter(new)
    if sum(times[word] for word in old if not word.isspace()) > _MOST_PAIRS:
        return [Piece("old", before), Piece("new", after)]
    return list(_pieces(old, new))


def _pieces(before: list[str], after: list[str]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, of, to in matcher.get_opcodes():
        old, new = "".join(before[start:end]), "".join(after[of:to])
        if tag == "equal":
            yield Piece("same", new)
            continue
        if old:
            yield Piece("old", old)
        if new:
            yield Piece("new", new)
