"""Texts that come from outside, checked so that they can be stored on both databases and put into a mail header."""

import re
import unicodedata
from typing import Any

from engine.record.rejection import RowRefused

LONGEST_TEXT = 500
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_BREAKS = ("Cc", "Cs", "Zl", "Zp")  # control characters, lone surrogates, line and paragraph separators


def clean_line(column: str, value: Any, longest: int = LONGEST_TEXT) -> str | None:
    """One line of text without spaces around it; None where nothing is left."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise RowRefused(column, f"{value!r} is not a text")
    text = value.strip()
    if len(text) > longest:
        raise RowRefused(column, f"{len(text)} characters are too long, at most {longest} are expected")
    for character in "" if text.isprintable() else text:  # most texts are, and are known to be at once
        if unicodedata.category(character) in _BREAKS:
            raise RowRefused(column, f"holds the control character U+{ord(character):04X}")
    return text or None


def clean_name(column: str, value: str) -> str:
    """The name of a trait, a date or an occasion: it is written into triggers and templates."""
    if not _NAME.fullmatch(value):
        raise RowRefused(
            column, f"{value[:80]!r} is not a name: small letters, digits and _ are expected, a letter first"
        )
    return value
