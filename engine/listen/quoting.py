"""Tells what somebody wrote from what they quote below it. Pure; nothing is thrown away, what is quoted comes last."""

import re
from html import unescape

import nh3

# How mail programs begin what they quote. One line, or the first of a block of header lines.
_BEGINS = (
    re.compile(
        r"^\s*(on|am|le|el|il|op|em)\b.{3,200}\b(wrote|schrieb|escribió|écrit|ha scritto|schreef)\b.{0,120}:\s*$", re.I
    ),
    re.compile(
        r"^\s*-{2,}\s*(original message|forwarded message|ursprüngliche nachricht|mensaje original)\s*-{2,}", re.I
    ),
    re.compile(r"^\s*_{10,}\s*$"),
)
_HEADER = re.compile(r"^\s*\*?(from|von|de)\*?:\s.+", re.I)
_HEADER_AFTER = re.compile(r"^\s*\*?(sent|gesendet|enviado|date|datum|fecha|to|an|para)\*?:\s.+", re.I)
_QUOTED = re.compile(r"^\s*>")
_BLOCKS = re.compile(r"</(?:p|div|li|tr|h[1-6]|blockquote|ul|ol|table)>|<br ?/?>", re.I)
_TAGS = re.compile(r"<[^>]*>")
_KEPT_TAGS = {"p", "div", "br", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"}
_LONGEST_LINE = 400


def parted(text: str) -> tuple[str, str]:
    """The answer, and what it quotes. An answer between quoted lines is kept whole, as it would not be understood
    otherwise."""
    lines = text.split("\n")
    at = next((number for number in range(len(lines)) if _begins(lines, number)), len(lines))
    answer, quoted = "\n".join(lines[:at]).strip(), "\n".join(lines[at:]).strip()
    return (answer, quoted) if answer else (text.strip(), "")


def text_of_html(html: str) -> str:
    """A mail's HTML as plain text: scripts and styles are gone, blocks become lines, and no markup is left."""
    clean = nh3.clean(html, tags=_KEPT_TAGS, attributes={}, link_rel=None)
    flat = re.sub(r"[ \t\r\n]+", " ", clean)
    quoted = flat.replace("<blockquote>", "\n> ")
    text = unescape(_TAGS.sub("", _BLOCKS.sub("\n", quoted)))
    lines = (line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _begins(lines: list[str], number: int) -> bool:
    line = lines[number][:_LONGEST_LINE]
    if any(begin.match(line) for begin in _BEGINS):
        return True
    following = lines[number + 1][:_LONGEST_LINE] if number + 1 < len(lines) else ""
    if _HEADER.match(line) and _HEADER_AFTER.match(following):
        return True
    # Some break the line that begins a quotation in two.
    if any(
        begin.match(f"{line.rstrip()} {following.lstrip()}") for begin in _BEGINS[:1]
    ) and following.rstrip().endswith(":"):
        return True
    return bool(_QUOTED.match(line)) and all(_QUOTED.match(rest) or not rest.strip() for rest in lines[number:])
