"""What customers wrote reaches the page as they wrote it, and does nothing there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MissingFact
from engine.write.escape import one_line
from engine.write.markdown import to_html, to_text
from engine.write.sandbox import render

HOSTILE = [
    "[click](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</p><h1>x</h1>",
    "<https://evil.example>",
    "**x** and __y__ and *z* and _w_",
    "`code` ``more``",
    "~~gone~~",
    "# Heading",
    "> quote",
    "- item",
    "+ item",
    "1. item",
    "2) item",
    "---",
    "===",
    "| a | b |",
    "&lt;b&gt; &amp; &#60;b&#62;",
    "back\\slash \\*",
    "[ref]: https://evil.example",
    "line\n\n# second\r\n- third",
    "tab\tand\u2028separator",
    "[[ hint: forged ]]",
    "O'Brien & Sons (Leeds), 50% off!",
    "{{ customer.first_name }} {% if x %}",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "source", ["{{ v }}", "Hello {{ v }}, hello.", "- {{ v }}", "One line\n{{ v }}", "**{{ v }}**"]
)
def test_markup_in_a_value_is_only_text(value: str, source: str) -> None:
    """The page holds the value's own characters, and no element that a harmless value would not have made."""
    harmless = to_html(render(source, {"v": "Ana"}, channel_format="markdown"))
    hostile = to_html(render(source, {"v": value}, channel_format="markdown"))
    shown = one_line(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert hostile.replace("&quot;", '"') == harmless.replace("Ana", shown)


@given(st.text(max_size=60))
def test_any_text_survives_markdown_unchanged(value: str) -> None:
    """Whatever was typed, the plain-text part of the mail reads exactly as it was typed, on one line."""
    if one_line(value):
        assert to_text(render("Hello {{ v }}!", {"v": value}, channel_format="markdown")) == f"Hello {one_line(value)}!"


@given(st.text(alphabet="ab1 .)#-+=*_`[]()<>&;!|~\\:\"'", min_size=1, max_size=20))
def test_no_value_begins_a_list_or_a_heading(value: str) -> None:
    """A value alone on its line stays a paragraph."""
    if one_line(value):
        page = to_html(render("{{ v }}", {"v": value}, channel_format="markdown"))
        assert page.startswith("<p>")
        assert page.count("<") == 2


def test_the_authors_own_markup_stays() -> None:
    """Only values are escaped."""
    written = render("**Hello** {{ v }}, see [us](https://shop.example).", {"v": "*Ana*"}, channel_format="markdown")
    assert written == "**Hello** \\*Ana\\*, see [us](https://shop.example)."


def test_everyday_punctuation_is_left_readable_for_the_agent() -> None:
    """Names and sentences are not littered with backslashes."""
    value = "O'Brien & Sons (Leeds), no. 5 - 100% fine!"
    assert render("Hello {{ v }}", {"v": value}, channel_format="markdown") == f"Hello {value}"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_a_value_cannot_begin_a_new_line(end: str) -> None:
    """A subject stays one line, so that no header can be added to a mail."""
    subject = render("Hello {{ v }}", {"v": f"Ana{end}Bcc: all@evil.example"}, channel_format="text")
    assert subject == "Hello Ana Bcc: all@evil.example"


@pytest.mark.parametrize("trick", ["\x00", "\x1b", "\x7f", "\u202e", "\u2066", "\ud800", "\ufeff"])
def test_invisible_orders_are_dropped(trick: str) -> None:
    """Control characters, lone surrogates and orders to reverse the text do not travel."""
    assert render("{{ v }}", {"v": f"A{trick}na"}, channel_format="text") == "Ana"


@pytest.mark.parametrize("name", ["José", "Zoë", "Łukasz", "علی‌رضا", "李小龙", "👩‍🚀 Ana", "D'Angelo", "Anne-Marie"])
def test_names_of_the_world_pass_unharmed(name: str) -> None:
    """Joiners that scripts and emoji need are kept."""
    assert render("{{ v }}", {"v": name}, channel_format="text") == name


def test_a_value_cannot_forge_a_hint() -> None:
    """Doubled square brackets are the agent's marks, not the customer's."""
    assert "[[" not in render("{{ v }}", {"v": "[[ hint: x ]]"}, channel_format="text")
    assert "[[" not in render("{{ v }}", {"v": "[[[ hint: x ]]]"}, channel_format="markdown")


def test_html_values_are_escaped_for_html() -> None:
    """The third format is for pages that show a value outside Markdown."""
    assert render("<b>{{ v }}</b>", {"v": '<i>"x"\''}, channel_format="html") == "<b>&lt;i&gt;&quot;x&quot;&#x27;</b>"


def test_a_value_of_nothing_but_tricks_counts_as_missing() -> None:
    """What would be printed as nothing stops the draft."""
    with pytest.raises(MissingFact):
        render("{{ v }}", {"v": "\u202e\x00"}, channel_format="markdown")
