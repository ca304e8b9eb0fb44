"""Turns an agent's Markdown into the two parts of a mail: HTML that only formats, and plain text that reads well alone.

Agents never write HTML: tags come out as the characters they are, links lead to http, https or mailto only, and the
result is sanitised once more.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import nh3
from jinja2 import Environment, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import escape

LAYOUT = Path(__file__).parents[2] / "templates" / "layout" / "email.html"
SCHEMES = frozenset({"http", "https", "mailto"})
TAGS = frozenset(
    {"p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", "hr", "code", "pre", "h1", "h2", "h3", "h4"}
)


def _allowed(url: str) -> bool:
    try:
        return urlsplit(url).scheme.lower() in SCHEMES
    except ValueError:
        return False


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(["image", "code"])
_MARKDOWN.validateLink = _allowed  # type: ignore[method-assign]
_CLEANER = nh3.Cleaner(tags=set(TAGS), attributes={"a": {"href"}, "ol": {"start"}}, url_schemes=set(SCHEMES))


def to_html(markdown: str) -> str:
    """The HTML of `markdown`, holding nothing but paragraphs, emphasis, lists, headings, quotes and safe links."""
    return _CLEANER.clean(_MARKDOWN.render(markdown)).strip()


def to_text(markdown: str) -> str:
    """`markdown` as a letter without markup: links as "words (address)", lists with dashes or numbers."""
    return _text(_MARKDOWN.parse(markdown))


def to_both(markdown: str) -> tuple[str, str]:
    """HTML and text at once: half the work, where every message needs both."""
    environment: dict[str, object] = {}
    tokens = _MARKDOWN.parse(markdown, environment)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, environment)
    return _CLEANER.clean(html).strip(), _text(tokens)


def lay_out_email(html_body: str, subject: str, preheader: str, footer: str, lang: str = "en") -> str:
    """The mail around a body from `to_html`; the other texts are escaped, the footer unless it is Markup. The
    preheader is the preview in the inbox."""
    filled = {
        "body": html_body,  # sanitised by to_html
        "subject": str(escape(subject)),
        "preheader": str(escape(preheader)),
        "footer": "<br>\n".join(str(escape(footer)).splitlines()),
    }
    first, *rest = _frame(lang)
    return first + "".join(filled[name] + after for name, after in zip(rest[::2], rest[1::2], strict=True))


@lru_cache(maxsize=64)
def _frame(lang: str) -> tuple[str, ...]:
    """The layout with its gaps: what stands before the first one, then the name of each gap and what stands after it.
    Filling gaps costs a tenth of rendering the layout for each mail."""
    source = LAYOUT.read_text(encoding="utf-8")
    layout = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
    gaps = {name: f"\0{name}\0" for name in ("body", "subject", "preheader", "footer")}
    return tuple(layout.render(lang=lang, **gaps).split("\0"))


def _text(tokens: Iterable[Token]) -> str:
    return "\n\n".join(_blocks(iter(tokens)))


def _blocks(tokens: Iterator[Token]) -> list[str]:
    """What stands up to the end of the block that the tokens are in."""
    found = []
    for token in tokens:
        if token.nesting < 0:
            break
        found.append(_block(token, tokens))
    return found


def _block(token: Token, rest: Iterator[Token]) -> str:
    if token.type == "inline":
        return _inline(iter(token.children or ()))
    if token.type == "hr":
        return "-----"
    if token.type == "fence":
        return token.content.rstrip("\n")
    blocks = _blocks(rest) if token.nesting > 0 else []
    if token.type in ("bullet_list_open", "ordered_list_open"):
        first = int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else 0
        return "\n".join(_item(item, f"{first + n}. " if first else "- ") for n, item in enumerate(blocks))
    if token.type == "blockquote_open":
        return "\n".join(f"> {line}".rstrip() for line in "\n\n".join(blocks).splitlines())
    return "\n".join(blocks)


def _item(text: str, mark: str) -> str:
    return mark + ("\n" + " " * len(mark)).join(text.splitlines())


def _inline(tokens: Iterator[Token]) -> str:
    """What stands up to the end of the emphasis or link that the tokens are in."""
    words: list[str] = []
    for token in tokens:
        if token.nesting < 0:
            break
        words.append(_word(token, tokens))
    return "".join(words)


def _word(token: Token, rest: Iterator[Token]) -> str:
    if token.type == "softbreak":
        return " "
    if token.type == "hardbreak":
        return "\n"
    if token.nesting == 0:
        return token.content
    words = _inline(rest)
    if token.type != "link_open":
        return words
    address = str(token.attrs["href"]).removeprefix("mailto:")
    return words if words == address else f"{words} ({address})"
