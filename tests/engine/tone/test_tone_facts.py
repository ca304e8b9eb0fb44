"""Numbers, names and dates are held against the facts, and left alone where they speak of something else."""

from datetime import UTC, date, datetime

import pytest

from engine.tone import ToneContext, check_tone

FACTS = {"order_count": 10, "years": 4, "days_together": 1000, "first_order_on": date(2022, 11, 3), "city": "Graz"}


def wrong(text: str, facts: dict[str, object] | None = None, locale: str = "en") -> list[str]:
    context = ToneContext(facts=FACTS if facts is None else facts, names=("Ana",), locale=locale)
    return [finding.text for finding in check_tone(text, context) if finding.category == "wrong_fact"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("your 12th order", "12th"),
        ("your twelfth order", "twelfth"),
        ("12 lovely orders", "12"),
        ("twenty-one purchases", "twenty-one"),
        ("one hundred and ten orders", "one hundred and ten"),
        ("your 1,010 orders", "1,010"),
        ("more than 12 orders", "12"),
        ("nearly 9 orders", "9"),
        ("thank you for 5 years", "5"),
        ("a five-year anniversary", "five-year"),
        ("your fifth anniversary", "fifth"),
        ("999 days together", "999"),
        ("your first order was in March 2021", "March 2021"),
        ("your first order, on 4 November 2022", "4 November 2022"),
        ("with us since 2019", "2019"),
        ("Hi Bob, ten orders", "Bob"),
        ("Dear Mr Smith, ten orders", "Smith"),
        ("Hi Ana. Happy birthday, Bob!", "Bob"),
    ],
)
def test_a_contradiction_is_found(text: str, said: str) -> None:
    """Digits, words, ordinals, dates and greetings that are not this customer's."""
    assert wrong(text) == [said]


@pytest.mark.parametrize(
    "text",
    [
        "your tenth order",
        "10 orders and 4 years",
        "over 9 orders",
        "nearly 5 years",
        "your fifth year begins",
        "your first order was a mug",
        "we are open 24 hours, from 9:30 to 18:00",
        "call 020 7946 0123 or +44 20 7946 0123",
        "for £12 or 12 €",
        "in 2026 we moved",
        "two years ago it rained",
        "it arrives in 3 days",
        "within 2 years",
        "the 5-year guarantee",
        "3 cups and 7 spoons",
        "next news on 12 June 2027",
        "your first order was in November",
        "with us since 3 November 2022",
        "order 48213 left",
        "Hi Ana Maria, hello",
        "Hello from Berlin",
        "Hi there, ten orders",
        "Dear all, ten orders",
    ],
)
def test_other_numbers_and_names_are_left_alone(text: str) -> None:
    """Times, telephone numbers, prices, guarantees, years and true statements."""
    assert wrong(text) == []


def test_a_number_told_in_a_text_fact_is_true_too() -> None:
    """What happened may say 12 days where the streak says 3."""
    facts = {"streak_days": 3, "what_happened": "the parcel took 12 days"}
    assert wrong("12 days together with a missing parcel", facts) == []


def test_the_reason_names_what_the_facts_say() -> None:
    """A person sees both numbers."""
    found = check_tone("your 12th order", ToneContext(facts=FACTS))
    assert [f.reason for f in found if f.category == "wrong_fact"] == ["The facts say 10, not '12th'."]


@pytest.mark.parametrize("name", ["order_count", "orders", "total_orders", "completed_orders", "lifetime_order_count"])
def test_what_a_fact_counts_is_read_from_its_name(name: str) -> None:
    """Any usual name of a count will do, as a number or as text."""
    assert wrong("your 12th order", {name: 10}) == ["12th"]
    assert wrong("your 12th order", {name: "10"}) == ["12th"]


@pytest.mark.parametrize("name", ["last_order_id", "order_amount", "days_since_order", "first_order_year"])
def test_numbers_that_count_nothing_contradict_nothing(name: str) -> None:
    """Ids, amounts, years and gaps are not how many orders there were."""
    assert wrong("your 12th order", {name: 10}) == []


@pytest.mark.parametrize("name", ["José-Luis", "Jose Luis", "JOSÉ"])
def test_a_name_may_be_written_with_or_without_accents(name: str) -> None:
    """Accents and hyphens make no other person."""
    context = ToneContext(names=("José Luis",))
    assert not [f for f in check_tone(f"Hi {name}, ten orders", context) if f.category == "wrong_fact"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10, "the tenth box"),
        ("10", "box 10"),
        (date(2024, 3, 5), "since March 2024"),
        (datetime(2024, 3, 5, tzinfo=UTC), "on 5 March"),
        ("2024-03-05", "in March"),
        ("March 2024", "that March box"),
        ("A-1042", "order A-1042"),
        ("The kettle arrived without its lid", "The lid is here; the kettle is whole."),
        (["blue mug", "saucer"], "the blue mug"),
        ({"size": "XL hoodie"}, "an XL hoodie"),
    ],
)
def test_any_kind_of_fact_makes_a_message_concrete(value: object, text: str) -> None:
    """Numbers, dates, months, codes, sentences, lists and mappings."""
    context = ToneContext(facts={"detail": value, "first_name": "Ana"}, names=("Ana",))
    assert not [f for f in check_tone(text, context) if f.category == "no_concrete_fact"]
    assert [f for f in check_tone("Hi Ana, thank you.", context) if f.category == "no_concrete_fact"]


@pytest.mark.parametrize("facts", [{}, {"first_name": "Ana", "company": "Acme", "vip": True, "nothing": None}])
def test_a_name_and_the_company_are_not_concrete(facts: dict[str, object]) -> None:
    """Without facts to compare, any number, date or action makes a text concrete; a name never does."""
    context = ToneContext(facts=facts, names=("Ana",))
    assert "no_concrete_fact" in {f.category for f in check_tone("Hi Ana, all of Acme says thank you.", context)}
    assert "no_concrete_fact" not in {f.category for f in check_tone("Hi Ana, thank you for 3 letters.", context)}


def test_facts_may_come_in_groups() -> None:
    """The shape templates see: the customer's name is known, and neither mission nor sender makes a text concrete."""
    facts = {
        "customer": {"first_name": "Maria", "orders": 10},
        "mission": {"signature": "Rosa of Loom & Lantern"},
        "sender": {"team": "Customer care"},
    }
    found = check_tone("Hi Bob, your 12th order. Rosa of Loom & Lantern, Customer care", ToneContext(facts=facts))
    assert [(f.text, f.category) for f in found][1:] == [("Bob", "wrong_fact"), ("12th", "wrong_fact")]
    assert found[0].category == "no_concrete_fact"


def test_other_languages_compare_bare_digits() -> None:
    """A digit that is nobody's, where none of the right ones is said."""
    assert wrong("Deine 12. Bestellung, Ana", {"order_count": 10}, "de-AT") == ["12"]
    assert wrong("Deine 10. Bestellung in 24 Stunden", {"order_count": 10}, "de") == []
    assert wrong("Um 9:30 Uhr, 12 €, seit 2019", {"order_count": 10}, "de") == []
    assert wrong("Tu pedido 12", {"name": "Ana"}, "es") == []
