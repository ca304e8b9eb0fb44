"""How the pages say times, holds and remarks, as tables."""

from datetime import timedelta

import pytest

from tests.engine.builders import NOW
from web import phrases
from web.remarks import remarks_on


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(minutes=59), "in 1 hour"),  # 59 minutes are nearer to an hour than a reader cares
        (timedelta(hours=4), "in 4 hours"),
        (timedelta(hours=30), "in 1 day"),
        (timedelta(days=-2), "2 days ago"),
        (timedelta(minutes=-5), "5 minutes ago"),
    ],
)
def test_times_are_said_in_one_unit(left: timedelta, said: str) -> None:
    """Rounded to the nearest."""
    assert phrases.relative(NOW + left, NOW) == said


@pytest.mark.parametrize(("left", "style"), [(0, "late"), (2, "soon"), (12, "today"), (13, "calm")])
def test_a_deadline_looks_as_near_as_it_is(left: int, style: str) -> None:
    """Hours left, and the style they get."""
    assert phrases.urgency(NOW + timedelta(hours=left), NOW) == style


def test_an_instant_is_said_on_the_customers_clock() -> None:
    """Noon in UTC is 14:00 in Berlin in June, and 08:00 in New York."""
    assert phrases.instant(NOW, "Europe/Berlin") == "Mon 1 Jun 2026, 14:00"
    assert phrases.clock(NOW, "America/New_York") == "08:00"


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "not known"), (True, "yes"), (1234, "1,234"), ("2026-05-03", "3 May 2026"), ("twice", "twice")],
)
def test_facts_are_said_plainly(value: object, said: str) -> None:
    """Numbers, dates, yes and no."""
    assert phrases.fact_value(value) == said


def test_the_stand_in_year_of_a_birthday_is_not_said() -> None:
    """A day of the year is stored with the year 2000, which means nothing; a first order of 2000 keeps its year."""
    assert phrases.fact_value("2000-02-29", day_of_year=True) == "29 February"
    assert phrases.fact_value("2000-02-29") == "29 February 2000"


def test_a_remark_quotes_its_words_and_their_surroundings() -> None:
    """The gravest first; one about the whole text quotes nothing."""
    text = {"subject": "Hello", "body": "Dear Ada,\n\nwe are sorry for any inconvenience caused."}
    start = text["body"].index("any")
    common = {"part": "body", "category": "non_apology", "reason": "r", "better": "b"}
    found = [
        common | {"start": 0, "end": len(text["body"]), "severity": "note"},
        common | {"start": start, "end": start + len("any inconvenience"), "severity": "warn"},
    ]
    quoted, whole = remarks_on(found, text)
    assert (quoted.before, quoted.words, quoted.after) == ("we are sorry for ", "any inconvenience", " caused.")
    assert whole.words == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" * 150, "1 text message (GSM-7): 10 more characters fit."),
        ("a" * 161, "2 text messages, sent as one (GSM-7): 145 more characters fit."),
        (
            "á" * 3 + "í",
            "1 text message (UCS-2): 66 more characters fit. Only 70 fit instead of 160 because of á í",
        ),
    ],
)
def test_a_text_message_says_what_it_costs(text: str, said: str) -> None:
    """And which letters make it dear."""
    assert phrases.segments(text) == said


@pytest.mark.parametrize(
    ("code", "said"), [("de", "German"), ("en-US", "English"), ("en_us", "English"), ("", ""), ("xx-yy", "xx-yy")]
)
def test_a_language_is_called_by_its_name(code: str, said: str) -> None:
    """With or without its country, however that is written; what nobody knows stays as it is."""
    assert phrases.language(code) == said
