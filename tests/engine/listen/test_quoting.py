"""The answer comes first, what it quotes after it, and HTML becomes harmless text."""

import pytest

from engine.listen.quoting import parted, text_of_html

QUOTED = "> Dear Ada,\n> happy birthday"


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, 1 Jun 2026 at 09:00, Kim <kim@example.com> wrote:",
        "On Mon, 1 Jun 2026 at 09:00, Kim, Loom & Lantern\n<kim@example.com> wrote:",
        "Am 01.06.2026 um 09:00 schrieb Kim <kim@example.com>:",
        "El lun, 1 jun 2026 a las 9:00, Kim escribió:",
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "________________________________",
        "From: Kim <kim@example.com>\nSent: Monday, 1 June 2026 09:00",
        "Von: Kim <kim@example.com>\nGesendet: Montag, 1. Juni 2026 09:00",
    ],
)
def test_what_is_quoted_is_told_from_the_answer(attribution: str) -> None:
    """As mail programs in three languages begin it."""
    answer, quoted = parted(f"Thank you!\n\n{attribution}\n{QUOTED}")
    assert answer == "Thank you!"
    assert quoted.endswith(QUOTED)


def test_lines_that_are_quoted_to_the_end_are_a_quotation() -> None:
    """Also without a line that says so."""
    assert parted(f"Thanks\n\n{QUOTED}\n") == ("Thanks", QUOTED)


def test_an_answer_below_or_between_is_kept_whole() -> None:
    """It would not be understood without what stands above it."""
    below = f"On Monday Kim from the team wrote:\n{QUOTED}\n\nThat was kind."
    assert parted(below) == (below, "")
    between = "> Are you well?\nYes\n> And the cat?\nAlso"
    assert parted(between) == (between, "")


def test_a_line_of_prose_is_no_quotation() -> None:
    """'On ... wrote:' belongs to a quotation only at the end of its line."""
    text = "On Tuesday my sister wrote a letter: it was long.\nFrom: me, with love"
    assert parted(text) == (text, "")


def test_html_becomes_text_without_markup_or_script() -> None:
    """Blocks are lines; what a browser would run or fetch is gone."""
    html = (
        "<style>p{}</style><p>Thank&nbsp;you &amp; <b>all</b><br>bye</p><script>alert(1)</script>"
        "<img src=x onerror=alert(2)><blockquote>Dear &lt;Ada&gt;</blockquote>"
    )
    assert text_of_html(html).replace("\xa0", " ") == "Thank you & all\nbye\n\n> Dear <Ada>"


def test_endless_nesting_ends() -> None:
    """A stranger's mail cannot keep us busy."""
    assert text_of_html("<div>" * 20_000 + "hello") == "hello"
