"""How a fact stands in a sentence, and which facts never do."""

from datetime import date

import pytest

from engine.kinds import Fact
from engine.write.saying import sayings


@pytest.mark.parametrize(
    ("name", "value", "locale", "said"),
    [
        ("customer.first_name", "Ada", "en", ["Ada"]),
        ("order_count", 10, "en", ["10", "10th"]),
        ("order_count", 2500, "de", ["2.500", "2500."]),
        ("first_order_month", date(2025, 2, 1), "en", ["February 2025"]),
        ("birthday", date(2000, 6, 3), "en", ["June 3"]),
        ("resolved_on", date(2026, 5, 28), "en", ["May 28", "May 2026"]),
        ("what_we_did", "we sent the shade.", "en", ["we sent the shade"]),
        ("months_in_a_row", 6, "en", ["6"]),
    ],
)
def test_a_fact_is_said_in_the_language_of_the_text(name: str, value: object, locale: str, said: list[str]) -> None:
    """As a template would say it."""
    assert sayings(name, Fact(value, "test", sayable=True), locale, "email") == said  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, "", True])
def test_what_is_not_known_is_not_said(value: object) -> None:
    """Nor a yes or no, which is no word of a sentence."""
    assert sayings("x", Fact(value, "test", sayable=True), "en", "email") == []  # type: ignore[arg-type]


def test_what_may_not_be_said_has_no_form() -> None:
    """So that no page can offer it."""
    assert sayings("amount", Fact(10, "test", sayable=False), "en", "email") == []


def test_words_of_outsiders_are_put_in_as_text() -> None:
    """Markup and marks of ours do nothing in a mail; a text message needs no escaping of stars."""
    hostile = Fact("*now* [[ signature ]] <b>", "test", sayable=True)
    (mail,) = sayings("what_happened", hostile, "en", "email")
    assert "[[" not in mail
    assert mail.startswith("\\*now\\*")
    (text,) = sayings("what_happened", hostile, "en", "sms")
    assert text.startswith("*now* [ signature ]")
