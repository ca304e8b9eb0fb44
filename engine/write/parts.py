"""The outline of a draft: which of its paragraphs the template fixed, which it suggested, which are free for words of
the agent's own, and what has become of each. Pure; paragraphs are compared with those of the first draft.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from engine.write.free_parts import free_parts
from engine.write.signing import SENDER, SIGNATURE

Kind = Literal["fixed", "suggested", "free"]
State = Literal["empty", "written", "left_out", "as_suggested", "changed", "taken_out", "as_given"]

_BLOCK = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_SENDER_PRINTED = re.compile(r"\{\{\s*(mission\.signature|sender\.name)\b")
_KEPT: dict[Kind, State] = {"fixed": "as_given", "suggested": "as_suggested", "free": "empty"}
_CHANGED: dict[Kind, State] = {"fixed": "changed", "suggested": "changed", "free": "written"}
_GONE: dict[Kind, State] = {"fixed": "taken_out", "suggested": "taken_out", "free": "left_out"}


@dataclass(frozen=True, slots=True)
class Part:
    """One paragraph: `text[start:end]` of the present text; empty where it was taken out. `words` are what stands
    there, or what stood there in the first draft; of a free part that is still empty, its hint."""

    kind: Kind
    state: State
    words: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    start: int
    end: int


def outline(first: str, text: str) -> list[Part]:
    """The parts of `text` in their order, and where they stood those of the first draft that are not in it any more."""
    before, after = _blocks(first), _blocks(text)
    matcher = SequenceMatcher(None, [one.text for one in before], [one.text for one in after], autojunk=False)
    parts: list[Part] = []
    for tag, start, end, of, to in matcher.get_opcodes():
        pairs = zip(before[start:end], after[of:to], strict=True) if tag == "equal" else ()
        parts += [_kept(block) for _, block in pairs]
        if tag != "equal":
            parts += _changed(before[start:end], after[of:to], len(text))
    return parts


def parts_of_source(source: str) -> list[Part]:
    """The parts of a template's text as its author writes it: fixed is what names the sender, free is where a hint
    stands, and everything else is suggested.
    """
    return [
        Part(kind, _KEPT[kind], _words(block.text), block.start, block.end)
        for block in _blocks(source)
        for kind in [_source_kind(block.text)]
    ]


def _source_kind(text: str) -> Kind:
    return "free" if free_parts(text) else "fixed" if _SENDER_PRINTED.search(text) else "suggested"


def _changed(before: Sequence[_Block], after: Sequence[_Block], end: int) -> Iterator[Part]:
    """Where some paragraphs stand in the place of others: each for each in their order, and what is over is new."""
    for old, new in zip(before, after, strict=False):
        kind = _kind(old.text)
        state = "empty" if free_parts(new.text) else _kept_mark(kind, new.text) or _CHANGED[kind]
        yield Part(kind, state, _words(new.text), new.start, new.end)
    for old in before[len(after) :]:
        place = after[-1].end if after else end
        yield Part(_kind(old.text), _GONE[_kind(old.text)], _words(old.text), place, place)
    for new in after[len(before) :]:
        yield Part("free", "empty" if free_parts(new.text) else "written", _words(new.text), new.start, new.end)


def _kept(block: _Block) -> Part:
    kind = _kind(block.text)
    return Part(kind, _KEPT[kind], _words(block.text), block.start, block.end)


def _kept_mark(kind: Kind, text: str) -> State | None:
    """A paragraph that only names its sender in other words is as it was given, as long as it names them."""
    return "as_given" if kind == "fixed" and (SIGNATURE in text or SENDER in text) else None


def _kind(text: str) -> Kind:
    if free_parts(text):
        return "free"
    return "fixed" if SIGNATURE in text or SENDER in text else "suggested"


def _words(text: str) -> str:
    hints = free_parts(text)
    return hints[0].hint if hints else " ".join(text.split())


def _blocks(text: str) -> list[_Block]:
    return [_Block(found[0].strip(), found.start(), found.end()) for found in _BLOCK.finditer(text)]
