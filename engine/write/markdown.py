"""Turns an agent's Markdown into the two parts of a mail: HTML that only formats, and plain text that reads well alone.

Agents never write HTML: tags come out as the characters they are, links lead to http, https or mailto only, and the
result is sanitised once more.
"""

from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import nh3
from jinja2 import Environment, StrictUndefined, Template
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from markupsafe import Markup

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
    body = Markup(html_body)  # noqa: S704 - sanitised by to_html
    lines = footer.splitlines()  # of Markup each line is Markup
    return _layout().render(body=body, subject=subject, preheader=preheader, footer=lines, lang=lang)


@lru_cache(maxsize=1)
def _layout() -> Template:
    source = LAYOUT.read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source)


def _text(tokens: list[Token]) -> str:
    return "\n\n".join(_block(node) for node in SyntaxTreeNode(tokens).children)


def _block(node: SyntaxTreeNode) -> str:
    if node.type in ("bullet_list", "ordered_list"):
        first = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else 0
        return "\n".join(_item(item, f"{first + n}. " if first else "- ") for n, item in enumerate(node.children))
    if node.type == "blockquote":
        quoted = "\n\n".join(_block(child) for child in node.children)
        return "\n".join(f"> {line}".rstrip() for line in quoted.splitlines())
    if node.type == "hr":
        return "-----"
    if node.type == "fence":
        return node.content.rstrip("\n")
    return "".join(_inline(child) for child in node.children)


def _item(item: SyntaxTreeNode, mark: str) -> str:
    lines = "\n".join(_block(child) for child in item.children).splitlines()
    return mark + ("\n" + " " * len(mark)).join(lines)


def _inline(node: SyntaxTreeNode) -> str:
    if node.type in ("text", "code_inline"):
        return node.content
    if node.type == "softbreak":
        return " "
    if node.type == "hardbreak":
        return "\n"
    words = "".join(_inline(child) for child in node.children)
    if node.type != "link":
        return words
    address = str(node.attrs["href"]).removeprefix("mailto:")
    return words if words == address else f"{words} ({address})"
