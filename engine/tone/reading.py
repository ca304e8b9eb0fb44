"""A text made ready for rules: lower case, straight apostrophes, single spaces, and the way back to the original.

It stands apart so that rules can be simple and bounded while every span they find still indexes the text as written.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache

_APOSTROPHES = dict.fromkeys("’‘ʼ＇`´", "'")
_QUOTES = dict.fromkeys("“”„«»", '"')
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0f*")  # with Markdown's emphasis stars
_END_OF_SENTENCE = re.compile(r"[.!?…]+|\n")
_HINT = re.compile(r"\[\[[ \t]{0,9}hint:[^\[\]\n]{1,320}\]\]")
_WORD = re.compile(r"\w+")
_SHORT_FORMS = ("mr", "mrs", "ms", "dr", "no", "st", "e.g", "i.e")


@dataclass(frozen=True)
class Reading:
    """`flat` is what rules match against; its letter `i` stands at `origin[i]` in `text`. A blank line is `\\n`."""

    text: str
    flat: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text for a span of the flat one."""
        return self.origin[start], self.origin[end - 1] + 1

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the flat text; rules that need a word that is not there are not tried."""
        return frozenset(_WORD.findall(self.flat))

    @cached_property
    def sentences(self) -> tuple[tuple[int, int], ...]:
        """Spans of sentences in the flat text, in order and without gaps."""
        found: list[tuple[int, int]] = []
        start = 0
        for match in _END_OF_SENTENCE.finditer(self.flat):
            if self._ends_sentence(match, start):
                found.append((start, match.end()))
                start = match.end()
        if start < len(self.flat) or not found:
            found.append((start, len(self.flat)))
        return tuple(found)

    def _ends_sentence(self, match: re.Match[str], start: int) -> bool:
        if match.group() == "\n":
            return True
        following = self.flat[match.end() : match.end() + 1]
        if following and following not in " \n\"')]":
            return False
        before = self.flat[max(start, match.start() - 8) : match.start()].rsplit(" ", 1)[-1]
        return match.group() != "." or before not in _SHORT_FORMS

    def sentence_at(self, position: int) -> int:
        """The number of the sentence that holds this place of the flat text."""
        return max(0, bisect_right(self._starts, position) - 1)

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self.sentences]


def without_hints(text: str) -> str:
    """The text with spaces where a draft hints what the agent might write: a hint never reaches a customer."""
    return _HINT.sub(lambda match: " " * len(match.group()), text)


def read(text: str) -> Reading:
    """Flatten a text letter by letter; the result is never longer than the text."""
    flat: list[str] = []
    origin: list[int] = []
    position, length = 0, len(text)
    while position < length:
        letter = text[position]
        if letter.isspace():
            end = position
            while end < length and text[end].isspace():
                end += 1
            if flat:
                flat.append("\n" if text.count("\n", position, end) > 1 else " ")
                origin.append(position)
            position = end
            continue
        if letter not in _INVISIBLE and not _is_emphasis(text, position):
            flat.append(_plain(letter))
            origin.append(position)
        position += 1
    return Reading(text=text, flat="".join(flat), origin=tuple(origin))


@lru_cache(maxsize=4_096)
def _plain(letter: str) -> str:
    letter = _APOSTROPHES.get(letter) or _QUOTES.get(letter) or letter
    lower = letter.lower()
    return lower if len(lower) == 1 else letter


def _is_emphasis(text: str, position: int) -> bool:
    """Markdown's underscore at the edge of a word, not inside one."""
    if text[position] != "_":
        return False
    before, after = text[position - 1 : position] if position else "", text[position + 1 : position + 2]
    return not (before.isalnum() and after.isalnum())
