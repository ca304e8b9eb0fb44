"""The two parts of a mail made from an agent's Markdown, and the sheet they are laid out on."""

import pytest

from engine.write.markdown import lay_out_email, to_html, to_text

LETTER = """Hello Ana,

your parcel **is here**,
and so is [the guide](https://shop.example/guide). Write to [us](mailto:help@shop.example)\\
or call.

- one
- two *soft*
  1. deep

> You said so.

Warmly,\\
Maria
"""


def test_the_plain_part_reads_well_by_itself() -> None:
    """No markup is left, links show where they lead, lists and quotes keep their shape."""
    assert to_text(LETTER) == (
        "Hello Ana,\n\n"
        "your parcel is here, and so is the guide (https://shop.example/guide). Write to us (help@shop.example)\n"
        "or call.\n\n"
        "- one\n- two soft\n  1. deep\n\n"
        "> You said so.\n\n"
        "Warmly,\nMaria"
    )


def test_the_html_part_formats() -> None:
    """Paragraphs, emphasis, links and lists come out as such."""
    page = to_html(LETTER)
    assert "<strong>is here</strong>" in page
    assert '<a href="https://shop.example/guide" rel="noopener noreferrer">the guide</a>' in page
    assert "<blockquote>" in page
    assert "<ol>" in page


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b onclick=x>x</b>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html,hi)",
        "[x](data:image/png;base64,AAAA)",
        "[x](vbscript:x)",
        "[x](file:///etc/passwd)",
        "[x](//evil.example)",
        "[x](/relative)",
        "[x](http://[)",
        "<javascript:alert(1)>",
        "![x](https://evil.example/pixel.png)",
        "<!-- x -->",
        '[x][1]\n\n[1]: javascript:alert(1) "t"',
    ],
)
def test_no_tag_scheme_or_image_gets_through(markdown: str) -> None:
    """Of all these nothing is left but text, or a link to an allowed address that its author could see."""
    page = to_html(markdown)
    for tag in (
        "<script",
        "<img",
        "<b",
        "onclick=x>",
        "<!--",
        'href="java',
        'href="data',
        'href="file',
        'href="/',
        'src="',
    ):
        assert tag not in page.replace("&lt;", "(")


def test_tags_and_pictures_are_shown_as_they_were_typed() -> None:
    """Agents write Markdown, never HTML; a picture is a link that its reader can see."""
    assert to_html("<b>x</b>") == "<p>&lt;b&gt;x&lt;/b&gt;</p>"
    assert to_text("<b>x</b> ![y](https://shop.example/y.png)") == "<b>x</b> !y (https://shop.example/y.png)"


def test_an_address_as_its_own_words_is_not_said_twice() -> None:
    """<https://shop.example> stays one address."""
    assert to_text("See <https://shop.example>.") == "See https://shop.example."


def test_numbered_lists_keep_their_numbers() -> None:
    """A list that begins at three goes on with four."""
    assert to_text("3. c\n4. d") == "3. c\n4. d"


def test_an_empty_text_is_empty_in_both_parts() -> None:
    """Nothing in, nothing out."""
    assert to_html(" \n") == to_text(" \n") == ""


def test_the_sheet_carries_body_preheader_and_footer() -> None:
    """The body keeps its tags; everything else is escaped, and footer lines stay lines."""
    mail = lay_out_email("<p>Hi</p>", "Five <years>", "A & B", "Loom & Lantern\nHigh Street 1")
    assert "<p>Hi</p>" in mail
    assert "<title>Five &lt;years&gt;</title>" in mail
    assert ">A &amp; B" in mail
    assert "Loom &amp; Lantern<br>\nHigh Street 1" in mail


def test_the_sheet_is_safe_for_mail_programs() -> None:
    """Tables of presentation, both colour schemes, no script, no picture, nothing fetched from elsewhere."""
    mail = lay_out_email("<p>Hi</p>", "s", "p", "f", lang="de")
    assert '<html lang="de"' in mail
    assert mail.count("<table") == mail.count('role="presentation"')
    assert "prefers-color-scheme: dark" in mail
    for fetched in ("<script", "<img", "<link", "url(", "@import", "src="):
        assert fetched not in mail
    assert max(len(line) for line in mail.splitlines()) < 998  # RFC 5322


def test_a_gap_of_the_layout_is_filled_once() -> None:
    """What is filled in is not read again, whatever it looks like."""
    mail = lay_out_email("<p>\0footer\0</p>", "\0body\0 {{ subject }}", "\0footer\0", "Loom & Lantern")
    assert mail.count("Loom &amp; Lantern") == 1
    assert "{{ subject }}" in mail


def test_lists_in_lists_and_quotes_keep_their_shape_as_text() -> None:
    """Each level is indented by the width of its mark."""
    text = to_text("> One\n>\n> - a *b*\n>   1. [c](https://d.example)\n>   2. e\n>\n> Two\n\n7. f\n8. g")
    assert text.splitlines() == [
        "> One",
        ">",
        "> - a b",
        ">   1. c (https://d.example)",
        ">   2. e",
        ">",
        "> Two",
        "",
        "7. f",
        "8. g",
    ]
