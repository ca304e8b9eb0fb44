"""Escapes what a customer or an outsider wrote for the place it is printed in: it reads as itself and does nothing.

The template author's own markup is never touched: only substituted values come through here.
"""

import html
import re
import unicodedata
from typing import Literal

ChannelFormat = Literal["text", "markdown", "html"]

# Orders that reverse the reading direction of all that follows (Trojan-source style names) are dropped; the marks and
# joiners that Arabic, Persian and emoji need (U+200C to U+200F) stay.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")
_MARKUP = re.compile(r"([\\`*_\[\]<>|~])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_LINE_START = re.compile(r"^([#+=-])")
_NUMBERED_START = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_HINT_BRACKETS = re.compile(r"(\[|\])\1+")


def one_line(value: str) -> str:
    """`value` without control characters and with every run of white space, line ends included, as one space."""
    shown = "".join(c for c in value if c.isspace() or unicodedata.category(c) not in {"Cc", "Cs"})
    return " ".join(_DIRECTION.sub("", shown).split())


def escape(value: str, channel_format: ChannelFormat, *, within_line: bool = False) -> str:
    """A single-line value, made harmless for `channel_format`. `within_line`: words of the author's stand before it."""
    line = one_line(value)
    if channel_format == "html":
        return html.escape(line)
    if channel_format == "markdown":
        marked = _ENTITY.sub(r"\\&", _MARKUP.sub(r"\\\1", line))
        return marked if within_line else _escape_line_start(marked)
    return _HINT_BRACKETS.sub(r"\1", line)  # doubled brackets would read as a hint to the agent


def _escape_line_start(line: str) -> str:
    """Backslashes only where Markdown would see markup, so that agents still read "the 5. time" as it is."""
    return _NUMBERED_START.sub(r"\1\\\2", _LINE_START.sub(r"\\\1", line))
