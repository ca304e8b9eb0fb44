"""Counts what a text message costs: in which alphabet it travels, in how many segments, and how much room is left.

Pure, and beside the channels rather than in one, because the draft's page counts while nobody has sent anything yet.
The numbers are those of GSM 03.38: 160 septets, or 70 UTF-16 units once one letter is outside the small alphabet. A
text in several segments gives up 7 septets, or 3 units, of each to the header that joins them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")  # each costs two septets: an escape, and the letter
_ALONE: dict[Encoding, int] = {"GSM-7": 160, "UCS-2": 70}
_JOINED: dict[Encoding, int] = {"GSM-7": 153, "UCS-2": 67}


@dataclass(frozen=True, slots=True)
class Segments:
    """`left` is how much still fits without another segment. `costly` are the characters that made the whole text
    travel in the large alphabet, each once, in their order."""

    encoding: Encoding
    count: int
    left: int
    costly: tuple[str, ...] = ()


def segments_of(text: str) -> Segments:
    """How the text travels. An empty one takes one segment, like a blank sheet."""
    costly = tuple(dict.fromkeys(letter for letter in text if letter not in BASIC and letter not in EXTENDED))
    encoding: Encoding = "UCS-2" if costly else "GSM-7"
    widths = [_width(letter, encoding) for letter in text]
    if sum(widths) <= _ALONE[encoding]:
        return Segments(encoding, 1, _ALONE[encoding] - sum(widths), costly)
    count, used = _packed(widths, _JOINED[encoding])
    return Segments(encoding, count, _JOINED[encoding] - used, costly)


def _width(letter: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return 2 if letter in EXTENDED else 1
    return 2 if ord(letter) > 0xFFFF else 1  # a surrogate pair


def _packed(widths: Iterable[int], size: int) -> tuple[int, int]:
    """How many segments, and how much of the last is used. A letter of two is never split between two segments."""
    count, used = 1, 0
    for width in widths:
        if used + width > size:
            count, used = count + 1, 0
        used += width
    return count, used
