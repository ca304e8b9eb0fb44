"""Values as people type them: a number is a number, yes and no are yes and no, and what stands in quotes is a text.

Whatever is shown reads as exactly the value it was, also a text that looks like a number, or one with commas in a list.
"""

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from engine.conditions.tree import Scalar, Type

_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,1100}")
_ITEM = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,|\Z)')
_WORDS = {"yes": True, "no": False, "true": True, "false": False}


def show(value: Scalar, kind: Type = "any", *, in_list: bool = False) -> str:
    """The value as it stands in a field of this type."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        digits = format(Decimal(repr(value)), "f")
        return digits if "." in digits else f"{digits}.0"
    if _stands_alone(value, kind, in_list):
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())


def read(text: str, kind: Type = "any") -> Scalar:
    """What stands in a field of this type; what does not fit the type stays the text it is."""
    said = text.strip()
    if said.startswith('"'):
        return _unquoted(said)
    if kind in ("boolean", "any") and said.lower() in _WORDS:
        return _WORDS[said.lower()]
    if kind in ("number", "any"):
        return number(said)
    return said


def number(text: str) -> int | float | str:
    """A number, or the text where it is none."""
    said = text.strip()
    if _WHOLE.fullmatch(said):
        return int(said)
    return float(said) if _DECIMAL.fullmatch(said) else said


def show_list(values: Sequence[Scalar], kind: Type = "any") -> str:
    """`DE, AT`."""
    return ", ".join(show(value, kind, in_list=True) for value in values)


def read_list(text: str, kind: Type = "any") -> list[Scalar]:
    """What stands between the commas."""
    return [read(item, kind) for item in _items(text)]


def _items(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        found = _ITEM.match(text, place)
        if found is None:  # a quotation mark in the middle of something
            end = text.find(",", place)
            end = len(text) if end < 0 else end
            item, place = text[place:end], end + 1
        else:
            item, place = found[1], found.end()
        if item.strip():
            yield item


def _stands_alone(text: str, kind: Type, in_list: bool) -> bool:
    plain = text.isprintable() and text == text.strip() and text and not text.startswith('"')
    if not plain or (in_list and "," in text):
        return False
    return kind == "text" or read(text, kind) == text


def _unquoted(said: str) -> str:
    try:
        value: Any = json.loads(said)
    except ValueError:
        return said
    return value if isinstance(value, str) else said
