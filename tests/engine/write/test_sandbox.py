"""What a template says with its facts, and when it refuses to say anything."""

import datetime as dt
from decimal import Decimal

import pytest

from engine.errors import MissingFact, NotPlain, OutputTooLong, TemplateRefused, WrongKindOfFact
from engine.write.sandbox import compile_template, render
from engine.write.syntax import FactsUsed, check_template, facts_used

ANA = {"customer": {"first_name": "Ana"}, "years": 5, "first_order_month": dt.date(1997, 2, 1)}


def say(source: str, values: dict[str, object] | None = None, locale: str = "en") -> str:
    return render(source, ANA if values is None else values, channel_format="text", locale=locale)


def test_facts_are_printed_in_place() -> None:
    """A template is its author's words with facts in them."""
    assert say("Hello {{ customer.first_name }}, {{ years }} years.") == "Hello Ana, 5 years."


@pytest.mark.parametrize(
    ("source", "locale", "said"),
    [
        ("{{ on | date }}", "en", "February 14"),
        ("{{ on | date }}", "en-GB", "14 February"),
        ("{{ on | date }}", "de", "14. Februar"),
        ("{{ on | date }}", "es", "14 de febrero"),
        ("{{ on }}", "es", "14 de febrero"),
        ("{{ on | month }}", "en", "February 1998"),
        ("{{ on | weekday }}", "en", "Saturday, February 14"),
        ("{{ on | weekday }}", "de", "Samstag, 14. Februar"),
        ("{{ ten | ordinal }}", "en", "10th"),
        ("{{ ten | ordinal }}", "de", "10."),
        ("{{ ten | ordinal }}", "es", "10.º"),
        ("{{ thousand | number }}", "en", "1,000"),
        ("{{ thousand | number }}", "de", "1.000"),
        ("{{ typed | sentence }}", "en", "We sent it"),
        ("{{ typed | clause }}", "en", "we sent it"),
    ],
)
def test_facts_are_said_in_the_language_of_the_text(source: str, locale: str, said: str) -> None:
    """Dates, ordinals and numbers follow the locale of the template."""
    facts = {"on": dt.date(1998, 2, 14), "ten": 10, "thousand": 1000, "typed": " we sent it"}
    assert say(source, facts, locale).rstrip(".") == said.rstrip(".")


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"), (111, "111th")],
)
def test_english_ordinals_know_their_teens(number: int, said: str) -> None:
    """11th and 111th, but 21st."""
    assert say("{{ n | ordinal }}", {"n": number}) == said


def test_a_sentence_gets_its_capital_and_its_full_stop_once() -> None:
    """What people typed becomes a sentence, however they ended it."""
    assert say("{{ a | sentence }} {{ b | sentence }}", {"a": "we sent it", "b": "It came."}) == "We sent it. It came."


@pytest.mark.parametrize("empty", [None, "", "  \n", "\u202e"])
def test_a_fact_that_is_empty_stops_the_text(empty: object) -> None:
    """Nothing, blanks and invisible characters all count as missing: there is never a "Dear ,"."""
    with pytest.raises(MissingFact) as missing:
        render(
            "Hi\n{{ customer.first_name }},", {"customer": {"first_name": empty}}, channel_format="text", name="hi.md"
        )
    assert (missing.value.fact, missing.value.template, missing.value.line) == ("customer.first_name", "hi.md", 2)


@pytest.mark.parametrize(
    "source",
    ["{{ x }}", "{{ x.y }}", "{{ x | date }}", "{% if x > 1 %}a{% endif %}"],
)
def test_a_fact_that_was_never_given_stops_the_text(source: str) -> None:
    """Printed, filtered or compared, an unknown fact never passes as nothing."""
    with pytest.raises(MissingFact):
        say(source, {})


def test_a_template_may_ask_whether_a_fact_is_there() -> None:
    """`if` is the one way to do without a fact."""
    source = "Done.{% if next_step %} Next: {{ next_step }}.{% endif %}{% if not next_step %} Nothing to do.{% endif %}"
    assert say(source, {"next_step": "a call"}) == "Done. Next: a call."
    assert say(source, {"next_step": None}) == say(source, {}) == "Done. Nothing to do."


def test_facts_are_counted_as_needed_unless_an_if_asks_for_them() -> None:
    """What a text needs is worked out from its syntax."""
    source = "{{ a }}{% if b %}{{ b }}{{ c.d }}{% endif %}{% if e > 1 %}{% endif %}{% for x in f %}{{ x }}{% endfor %}"
    assert facts_used(source) == FactsUsed(frozenset({"a", "c.d", "e"}), frozenset({"b", "f"}))


def test_a_fact_is_needed_if_any_place_prints_it_unasked() -> None:
    """An `if` protects its own body only."""
    assert facts_used("{% if a %}{{ a }}{% endif %}{{ a }}").needed == {"a"}
    assert facts_used("{% if a %}x{% else %}{{ a }}{% endif %}").needed == {"a"}
    assert facts_used("{% if not a %}x{% else %}{{ a }}{% endif %}").needed == frozenset()


def test_other_celebrations_are_told_in_a_loop() -> None:
    """One list of facts may be run through, and a list that is not there is an empty one."""
    source = "Hi.{% for line in also %} {{ line }}{% endfor %}"
    assert say(source, {"also": ["One.", "Two."]}) == "Hi. One. Two."
    assert say(source, {}) == "Hi."


@pytest.mark.parametrize("also", ["abc", {"a": "b"}, 3])
def test_only_lists_are_run_through(also: object) -> None:
    """A text would be spelled letter by letter."""
    with pytest.raises(WrongKindOfFact):
        say("{% for line in also %}{{ line }}{% endfor %}", {"also": also})


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("{{ a }}", {"a": True}),
        ("{{ a }}", {"a": {"b": "c"}}),
        ("{{ a }}", {"a": ["b"]}),
        ("{{ a | date }}", {"a": "soon"}),
        ("{{ a | ordinal }}", {"a": True}),
        ("{% if a > 1 %}x{% endif %}", {"a": "ten"}),
        ("{% if a == 1 %}x{% endif %}", {"a": ["ten"]}),
    ],
)
def test_a_fact_of_the_wrong_kind_stops_the_text(source: str, values: dict[str, object]) -> None:
    """Nobody receives "True", a Python list or a text where a date belongs."""
    with pytest.raises(WrongKindOfFact):
        say(source, values)


class Account:
    """Something with a secret and a method, as models have."""

    api_token = "s3cret"

    def delete(self) -> str:
        raise AssertionError("a template called a method")


class Loud(str):
    """A text with opinions of its own."""


@pytest.mark.parametrize(
    "value",
    [
        Account(),
        Loud("x"),
        1.5,
        b"x",
        {1, 2},
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        object,
        len,
        10**15,
        Decimal("NaN"),
        Decimal("1E+999999"),
        "x" * 2_001,
        list(range(21)),
        {f"k{n}": n for n in range(61)},
        {"_hidden": 1},
        {1: "x"},
        {"a": {"b": {"c": {"d": {"e": 1}}}}},
    ],
    ids=lambda value: str(value)[:30],
)
def test_only_plain_values_of_bounded_size_enter(value: object) -> None:
    """Objects, subclasses, floats and things too large are refused even where the template does not use them."""
    with pytest.raises(NotPlain):
        say("Hello.", {"a": value})


@pytest.mark.parametrize("name", ["_format", "_locale", "self", "loop", "range", "a b"])
def test_a_fact_cannot_take_a_name_with_another_meaning(name: str) -> None:
    """Neither our own context keys nor Jinja's names can be overwritten from outside."""
    with pytest.raises(NotPlain):
        say("Hello.", {name: "x"})


def test_values_are_copied_so_that_a_template_cannot_reach_the_originals() -> None:
    """Changing a fact after the fact does not change what was given."""
    also = ["One."]
    say("{% for line in also %}{{ line }}{% endfor %}", {"also": also})
    assert also == ["One."]


def test_output_stops_at_its_cap() -> None:
    """The largest template over the largest list ends at the cap, after as much work as the cap allows."""
    source = "{% for line in also %}" + "{{ line }}" * 1_900 + "{% endfor %}"
    with pytest.raises(OutputTooLong):
        say(source, {"also": ["x" * 2_000] * 20})


def test_gaps_left_by_conditions_are_closed() -> None:
    """A condition on a line of its own leaves one empty line at most, and no blanks at line ends."""
    assert say("One.\n\n{% if x %}\nTwo.\n{% endif %}\n\nThree. \n", {}) == "One.\n\nThree."


def test_a_text_is_compiled_once() -> None:
    """The same source gives the very same compiled template."""
    assert compile_template("Once {{ years }}.") is compile_template("Once {{ years }}.")


def test_render_checks_by_itself() -> None:
    """A template that was never checked is refused with the same problems."""
    source = "Hello\n{{ years * 2 }}"
    with pytest.raises(TemplateRefused) as refused:
        say(source)
    assert list(refused.value.problems) == check_template(source)
    assert "line 2: Templates cannot calculate." in str(refused.value)
