"""Two versions of a trigger side by side: the words of their summaries, and the lines of their files. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from triggers.summary import Line
from web.diffs import Piece, word_diff


@dataclass(frozen=True, slots=True)
class Differs:
    """One part of a summary that changed, as words that stayed, came and went."""

    part: str
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of a file: `same`, `old` or `new`."""

    what: str
    text: str


def compare_lines(before: Sequence[Line], after: Sequence[Line]) -> Sequence[Differs]:
    """The parts that do not say the same."""
    old, new = ({line.part: line.text for line in lines} for lines in (before, after))
    parts = dict.fromkeys([line.part for line in (*after, *before)])
    return [
        Differs(part, word_diff(old.get(part, ""), new.get(part, "")))
        for part in parts
        if old.get(part) != new.get(part)
    ]


def compare_texts(before: str, after: str) -> Sequence[TextLine]:
    """Every line of both, in the order of reading."""
    old, new = before.splitlines(), after.splitlines()
    found: list[TextLine] = []
    for tag, start, end, of, to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [TextLine("same", line) for line in new[of:to]]
            continue
        found += [TextLine("old", line) for line in old[start:end]]
        found += [TextLine("new", line) for line in new[of:to]]
    return found
