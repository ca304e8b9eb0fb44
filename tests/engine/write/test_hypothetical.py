"""The facts of a moment that never was: what is recorded first, then what the trigger counts, then an example."""

from datetime import date
from typing import Any

from engine.definitions.schema import TriggerDefinition
from engine.write.facts import NOT_TOLD
from engine.write.hypothetical import EXAMPLE, RECORD, hypothetical_facts
from engine.write.samples import SAMPLES, Whom, sample
from triggers.table import KINDS

ON = date(2026, 6, 2)
ORDER, BIRTH = {"first_event": "order_completed"}, {"date": "birthday"}
STREAK = {"event": "order_completed", "unit": "week", "lengths": [8]}
REAL = Whom(
    "customer:7", "7", "Ben", "Okafor", first_order_on=date(2019, 5, 4), dates={"birthday": (2, 29)}, made_up=False
)


def trigger(kind: str, family: str = "celebrate", **params: Any) -> TriggerDefinition:
    return TriggerDefinition(
        name="one", title="One", family=family, occasion="one", kind=kind, params=params, template="one"
    )


def facts(*names: str, whom: Whom = REAL, by: TriggerDefinition | None = None) -> dict[str, tuple[object, str, bool]]:
    found = hypothetical_facts(names, whom, by, ON, kinds=KINDS, company="Loom", team="care")
    return {name: (found[name].value, found[name].source, found[name].sayable) for name in names}


def test_a_real_customer_speaks_by_their_record() -> None:
    """Name, birthday without its year, month of the first order, years on that day."""
    born = facts("customer.first_name", "birthday", by=trigger("anniversary", of=BIRTH, every="year"))
    found = born | facts("first_order_month", "years", by=trigger("anniversary", of=ORDER, every="year"))
    assert found["customer.first_name"] == ("Ben", RECORD, True)
    assert found["birthday"] == (date(2000, 2, 29), RECORD, True)
    assert found["first_order_month"] == (date(2019, 5, 1), RECORD, True)
    assert found["years"][0] == 7


def test_a_number_is_the_first_one_that_the_trigger_celebrates() -> None:
    """Listed years, thresholds, lengths; what the trigger does not let be said may not be said here either."""
    assert facts("years", by=trigger("anniversary", of=ORDER, years=[5, 10]))["years"][0] == 5
    orders = trigger("milestone", event="order_completed", aggregate="count", thresholds=[25, 50])
    assert facts("order_count", by=orders)["order_count"] == (25, "the trigger", True)
    assert facts("weeks_in_a_row", by=trigger("streak", **STREAK))["weeks_in_a_row"] == (8, "the trigger", False)
    allowed = trigger("streak", **STREAK, sayable=True)
    assert facts("weeks_in_a_row", by=allowed)["weeks_in_a_row"][2] is True


def test_what_no_moment_of_the_trigger_tells_stays_missing() -> None:
    """A birthday tells no age, and nobody's birthday is told by the number of their orders."""
    birthday = trigger("anniversary", of=BIRTH, every="year")
    orders = trigger("milestone", event="order_completed", aggregate="count", thresholds=[25])
    for name, by in (("years", birthday), ("since", birthday), ("order_count", birthday), ("years", orders)):
        assert facts(name, by=by)[name] == (None, NOT_TOLD, False)
    assert facts("years")["years"][0] == 7


def test_a_problem_is_an_example_where_there_was_none() -> None:
    """It says that it is one, and its days lie around the day of the message."""
    found = facts("what_happened", "next_news_on")
    assert found["what_happened"][1] == found["next_news_on"][1] == EXAMPLE
    assert found["next_news_on"][0] == date(2026, 6, 5)


def test_what_the_record_of_a_problem_does_not_say_stays_missing() -> None:
    """As it would for a draft: the preview says what would be asked."""
    whom = Whom(
        "customer:8", "8", "Ada", None, problem={"what_happened": "it broke", "what_we_did": None}, made_up=False
    )
    found = facts("what_happened", "what_we_did", whom=whom)
    assert (found["what_happened"][0], found["what_we_did"][0]) == ("it broke", None)


def test_what_nothing_makes_is_no_fact() -> None:
    """However it is called."""
    assert facts("price_of_gold")["price_of_gold"][0] is None


def test_the_awkward_ones_are_among_the_samples() -> None:
    """No first name, a very long one, 29 February, other languages; and nobody of them is real."""
    assert all(whom.made_up for whom in SAMPLES)
    assert sample("nameless").first_name is None
    assert len(sample("longest").name) > 60
    assert sample("leap").dates["birthday"] == (2, 29)
    assert {whom.locale[:2] for whom in SAMPLES} >= {"en", "de", "es", "ja"}
    assert sample("nobody").key == "ada"
