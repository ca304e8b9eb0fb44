"""Spans index the text as written, any locale gets an answer, and no text makes the check slow."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tone import CATEGORIES, ToneContext, check_tone
from engine.tone.case import Case
from engine.tone.reading import read
from engine.tone.rulebook import rulebook_for


@pytest.mark.parametrize(
    "written",
    [
        "I know exactly how you feel",
        "I   know\nexactly\u00a0how you\u200b feel",
        "I **know** exactly _how_ you feel",
        "I KNOW exactly, how you feel",
    ],
)
def test_spans_index_the_original(written: str) -> None:
    """Line breaks, hidden letters, emphasis and what stands before do not shift a span."""
    text = f"İstanbul 🎂 “Straße” ’tis: {written}. Bye"
    found = [f for f in check_tone(text, ToneContext()) if f.category == "hollow_empathy"]
    assert [(f.text, text[f.start : f.end]) for f in found] == [(written, written)]


def test_a_phrase_does_not_cross_a_blank_line() -> None:
    """Two paragraphs are two thoughts."""
    assert [f for f in check_tone("That is our\n\npolicy", ToneContext()) if f.category == "policy_wall"] == []
    assert [f for f in check_tone("That is our\npolicy", ToneContext()) if f.category == "policy_wall"]


@pytest.mark.parametrize("locale", ["en", "en-GB", "en_US", "EN"])
def test_a_region_falls_back_to_its_language(locale: str) -> None:
    """British English is English."""
    assert "pity" in {f.category for f in check_tone("You poor thing", ToneContext(locale=locale))}


@pytest.mark.parametrize("locale", ["de", "es-MX", "xx", ""])
def test_other_languages_get_the_rules_of_every_language(locale: str) -> None:
    """Placeholders, capitals, mission words and sameness need no vocabulary; English phrases are not looked for."""
    text = "Hallo {name}, das ist SUPER TOLL!! at least calm down"
    context = ToneContext(locale=locale, words_to_avoid=("super",), earlier_texts=(text,))
    rules = {f.rule for f in check_tone(text, context)}
    assert rules == {"placeholder", "capitals", "exclamations", "mission-words", "same-again"}


def test_a_hint_for_the_agent_is_not_part_of_the_text() -> None:
    """Hints never reach a customer; a mark that is no hint does, and blocks."""
    text = "I am sorry.\n\n[[ hint: SAY SORRY once, calm down ]]\n\nI have refunded 3 orders. [[ cut"
    found = check_tone(text, ToneContext(family="recover"))
    assert [(f.rule, f.severity, text[f.start : f.end]) for f in found] == [("placeholder", "block", "[[ cut")]


def test_words_of_another_language_are_no_placeholders() -> None:
    """'null' is zero in German, and 'todo' is all in Spanish."""
    assert check_tone("null Fehler", ToneContext(locale="de")) == []
    assert check_tone("TODO va bien", ToneContext(locale="es")) == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["sorry", "I", "we", "’", "just", "\n\n", " ", ",", "!", "12", "order", "🎉", "{{", "İ", "ﬁ", "Ana", "."]
        )
        | st.text(max_size=3),
        max_size=40,
    )
)
def test_any_text_gets_findings_that_fit_it(pieces: list[str]) -> None:
    """Whatever is written: no error, spans inside the text, the span's own text, one of the categories."""
    text = "".join(pieces)
    context = ToneContext(
        family="recover", facts={"order_count": 10}, names=("Ana",), serious=True, earlier_texts=("we",)
    )
    for finding in check_tone(text, context):
        assert 0 <= finding.start <= finding.end <= len(text)
        assert text[finding.start : finding.end] == finding.text
        assert finding.category in CATEGORIES


def test_an_overlong_text_gets_a_finding_and_only_its_beginning_is_read() -> None:
    """The part that was not read is the span."""
    text = "a " * 10_000 + "calm down"
    found = check_tone(text, ToneContext(facts={"x": 1}))
    assert [(f.start, f.end) for f in found if f.rule == "too-long"] == [(20_000, len(text))]
    assert "calming_order" not in {f.category for f in found}
    assert "too-long" not in {f.rule for f in check_tone(text[:20_000], ToneContext())}


def test_no_phrase_can_repeat_without_bound() -> None:
    """Every pattern is made of pieces with a largest size, so its work at one place of the text is bounded."""
    book = rulebook_for("en")
    phrases = [phrase for group in (*book.phrases.values(), *book.named.values()) for phrase in group]
    assert len(phrases) > 150
    for phrase in phrases:
        bare = re.sub(r"\\.", "", phrase.pattern)
        assert not re.search(r"[*+]|\{\d*,\}", bare), phrase.source


HOSTILE = [
    "a",
    "!",
    ".",
    "…x",
    " ",
    "\n",
    "*",
    "_",
    "[",
    "[a",
    "{{",
    "<a",
    "%A",
    "$",
    '"',
    "1 ",
    "1,",
    "one-",
    "one hundred and ",
    "i ",
    "we understand ",
    "sorry for ",
    "since 4 years ",
    "March 5 2020 ",
    "AB ",
    "Tom has ",
    "i know you feel angry. ",
    ", ",
    "Dear ",
    "just ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_repetition_stays_within_bounds(piece: str) -> None:
    """20,000 letters of anything take about 0.1 s of work; ten seconds would mean it grew with the square."""
    text = (piece * 20_000)[:20_000] + "x"
    context = ToneContext(
        family="recover",
        serious=True,
        facts={"years": 10, "order_count": 3, "first_order": "March 2019", "what_happened": "a long thing just broke"},
        names=("Ana",),
        unsayable={"age": 44, "city": "a"},
        words_to_avoid=("a", "client"),
        earlier_texts=(text, text[1:]),
    )
    begun = time.process_time()
    check_tone(text, context)
    assert time.process_time() - begun < 10


def test_numbers_are_read_only_once_per_sentence() -> None:
    """A sentence full of numbers asks for its hints once, not once for each number."""
    case = Case(read("thank you for 5 years and " * 200), ToneContext(facts={"years": 4}), rulebook_for("en"))
    asked = [case.sentence_says(number.start, case.words("tenure_hints")) for number in case.numbers]
    assert len(asked) == 200
    assert len(case._says) == 1
