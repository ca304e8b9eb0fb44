"""A definition spread over a form and gathered again is the same, through YAML too; faults stand at their fields."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.definitions.reading import read_text, read_values
from engine.definitions.schema import TriggerDefinition
from engine.definitions.writing import plain, write_yaml
from tests.web.definitions import SCALARS, definitions
from triggers.table import KINDS
from web.trigger_form import read_form, spread, typed
from web.trigger_form.form import press

BEGINNING = {
    "name": "five_years",
    "title": "Five years",
    "family": "celebrate",
    "occasion": "first_order_anniversary",
    "kind": "anniversary",
    "params": {"of": {"first_event": "order_completed"}, "years": [5]},
    "template": "first_order_anniversary",
}


def fields(**changed: Any) -> dict[str, str]:
    """The fields of a trigger, with some of them changed."""
    definition, faults = read_values(BEGINNING | changed, KINDS)
    assert definition, faults
    return spread(definition, KINDS)


def as_sent(form: dict[str, str]) -> dict[str, str]:
    """What a browser makes of fields: new lines in the one large field, and boxes that are not ticked are not sent."""
    return {name: value.replace("\n", "\r\n") for name, value in form.items()}


# YAML reads this letter as any end of a line.
NEXT_LINE = {"field": "trait.words", "op": "eq", "value": "Five\x85years\x85"}


@example(TriggerDefinition.model_validate(BEGINNING | {"audience": NEXT_LINE}))
@given(definitions())
def test_from_the_form_to_yaml_and_back_nothing_changes(definition: TriggerDefinition) -> None:
    """Form, definition, YAML, definition, form: each is exactly what it was, for whatever may be saved."""
    first = spread(definition, KINDS)
    gathered, form = read_form(as_sent(first), KINDS)
    assert gathered, form.faults
    assert plain(gathered, KINDS) == plain(definition, KINDS)
    text = write_yaml(gathered, KINDS)
    read, faults = read_text(text, KINDS)
    assert read, (faults, text)
    assert plain(read, KINDS) == plain(definition, KINDS)
    assert spread(read, KINDS) == first


@given(st.lists(SCALARS, min_size=1, max_size=4))
def test_values_are_read_as_they_are_shown(values: list[Any]) -> None:
    """Alone and in a list; a text that looks like a number stays a text, by its quotes."""
    for value in values:
        again = typed.read(typed.show(value))
        assert (again, type(again)) == (value, type(value))
    again_all = typed.read_list(typed.show_list(values))
    assert [(one, type(one)) for one in again_all] == [(one, type(one)) for one in values]


def test_what_lies_deeper_than_the_form_goes_is_kept() -> None:
    """Groups in groups in groups come back to the letter."""
    deep = {"all": [{"any": [{"all": [{"not": {"not": {"field": "trait.a", "op": "eq", "value": "x"}}}]}]}]}
    form = fields(audience=deep)
    assert form["audience.0.0.is"] == "kept"
    definition, _ = read_form(form, KINDS)
    assert definition
    assert plain(definition, KINDS)["audience"] == deep


def test_no_open_ticket_takes_one_button() -> None:
    """The row begins with no, so there is nothing more to do."""
    form = press(fields() | {"audience.new": "customer.has_open_ticket"}, "add:audience")
    definition, _ = read_form(form, KINDS)
    assert definition
    assert plain(definition, KINDS)["audience"] == {"field": "customer.has_open_ticket", "op": "eq", "value": False}


def test_a_group_in_a_group_is_built_by_buttons() -> None:
    """And a row is taken away from the middle, with the others moving up."""
    form = press(fields() | {"audience.new": "customer.has_open_ticket"}, "add:audience")
    form = press(press(form, "group:audience"), "remove:audience.7")
    for number, country in enumerate(("DE", "FR", "AT")):
        form = press(form | {"audience.1.new": "customer.country"}, "add:audience.1")
        form[f"audience.1.{number}.value"] = country
    form = press(form, "remove:audience.1.1")
    definition, wrong = read_form(form, KINDS)
    assert definition, wrong.faults
    country = {"field": "customer.country", "op": "eq"}
    assert plain(definition, KINDS)["audience"] == {
        "all": [
            {"field": "customer.has_open_ticket", "op": "eq", "value": False},
            {"any": [country | {"value": "DE"}, country | {"value": "AT"}]},
        ]
    }


def test_rows_change_places_by_buttons() -> None:
    """Exceptions with all that is in them, conditions and groups; at either end a row stays where it is."""
    form = fields()
    for number, name in enumerate(("in dispute", "on the free plan", "moved away")):
        form = press(form, "add:exceptions") | {f"exceptions.{number}.name": name}
        form = press(form | {f"exceptions.{number}.when.new": "customer.country"}, f"add:exceptions.{number}.when")
        form[f"exceptions.{number}.when.0.value"] = ("DE", "FR", "AT")[number]

    def told(buttons: str) -> list[tuple[str, str]]:
        pressed = form
        for button in buttons.split():
            pressed = press(pressed, button)
        definition, wrong = read_form(pressed, KINDS)
        assert definition, wrong.faults
        rules = plain(definition, KINDS)["exceptions"]
        return [(rule["name"], rule["when"]["value"]) for rule in rules]

    dispute, free, moved = ("in_dispute", "DE"), ("on_the_free_plan", "FR"), ("moved_away", "AT")
    assert told("down:exceptions.0") == [free, dispute, moved]
    assert told("up:exceptions.2 up:exceptions.1") == [moved, dispute, free]
    for nowhere in ("up:exceptions.0", "down:exceptions.2", "down:exceptions.7", "up:exceptions.²", "up:exceptions"):
        assert told(nowhere) == [dispute, free, moved], nowhere


def test_a_condition_and_a_group_change_places() -> None:
    """What stands in the group goes with it, and what begins alike stays where it is."""
    form = press(fields() | {"audience.new": "customer.has_open_ticket"}, "add:audience")
    form = press(press(form, "group:audience") | {"audience.1.new": "customer.country"}, "add:audience.1")
    turned = press(form | {"audience.1.0.value": "DE", "audience.10.note": "kept"}, "up:audience.1")
    assert (turned["audience.0.is"], turned["audience.0.0.value"], turned["audience.1.is"]) == ("group", "DE", "row")
    assert turned["audience.10.note"] == "kept"


@pytest.mark.parametrize(
    ("op", "typed_as", "read_as"),
    [
        ("in", "US, Germany", ["US", "DE"]),
        ("in", "USA, deutschland,at", ["US", "DE", "AT"]),
        ("not_in", "us, de-by", ["US", "DE-BY"]),
        ("eq", "United Kingdom", "GB"),
        ("ne", "uk", "GB"),
    ],
)
def test_countries_are_read_by_name(op: str, typed_as: str, read_as: Any) -> None:
    """As “Not now” reads them; what is stored are codes."""
    form = press(fields() | {"audience.new": "customer.country"}, "add:audience")
    definition, wrong = read_form(form | {"audience.0.op": op, "audience.0.value": typed_as}, KINDS)
    assert definition, wrong.faults
    assert plain(definition, KINDS)["audience"] == {"field": "customer.country", "op": op, "value": read_as}


def test_a_word_that_is_no_country_is_said_at_its_field() -> None:
    """Where it is the only condition, too; a trait may be called country and hold any word."""
    form = press(fields() | {"audience.new": "customer.country"}, "add:audience")
    _, alone = read_form(form | {"audience.0.value": "Germny"}, KINDS)
    assert list(alone.faults) == ["audience.0.value"]
    form = press(form | {"audience.new": "trait"}, "add:audience")
    form |= {"audience.0.op": "in", "audience.0.value": "US, Germny", "audience.1.name": "country"}
    _, wrong = read_form(form | {"audience.1.value": "Germny"}, KINDS)
    assert wrong.faults == {
        "audience.0.value": "“Germny” is no country: write its name or code, such as Germany or DE."
    }


def test_every_fault_stands_at_its_field_at_once() -> None:
    """Of the kind, of the rules, of the audience, of exceptions, and of what only fits together."""
    form = fields() | {
        "title": "A",
        "params.counts": "5, many",
        "send.window_start": "late",
        "send.lead_days": "",
        "weight": "101",
        "class": "service",
        "control_share": "80",
        "caps.days": "0",
    }
    form = press(form | {"audience.new": "total"}, "add:audience")
    form |= {"audience.0.name": "count:order", "audience.0.value": "many"}
    form = press(press(form, "group:audience"), "add:exceptions")
    form |= {"exceptions.0.then": "alternative"}
    definition, wrong = read_form(form, KINDS)
    assert definition is None
    assert {name: wrong.wrong(name) for name in wrong.faults} == {
        "title": "At least 3 characters.",
        "params.counts": "A whole number is needed.",
        "send.window_start": "A time such as 09:00.",
        "send.lead_days": "A whole number is needed.",
        "weight": "At most 100.",
        "class": "A celebration is marketing. Service is for the customer's own problem.",
        "control_share": "At most 50 %.",
        "caps.days": "At least 1.",
        "audience.0.value": "A number is needed here.",
        "audience.1.mode": "Nothing stands in this group yet: add a condition, or remove it.",
        "exceptions.0.name": "This is needed.",
        "exceptions.0.template": "Choose which template speaks instead.",
        "exceptions.0.when.mode": "Add at least one condition that says when this is so.",
    }


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"params.of.name": "birthday", "params.of.is": "date"}, "params.when", "A birthday comes every year"),
        ({"params.counts": ""}, "params.counts", "Choose or name at least one"),
        ({"family": "recover", "control_share": "10"}, "control_share", "A recovery has no control group"),
        ({"family": "reassure", "review.if_unreviewed": "send"}, "review.if_unreviewed", "Only a celebration"),
        ({"kind": "dream"}, "kind", "Choose what it looks for"),
        ({"occasion": ""}, "occasion", "This is needed."),
        ({"occasion": "5 years"}, "occasion", "Letters from a to z without accents, digits and spaces"),
        ({"occasion": "Jubiläum"}, "occasion", "Letters from a to z without accents"),
        ({"occasion": "ذكرى"}, "occasion", "Letters from a to z without accents"),
        ({"template": " "}, "template", "Choose which template speaks."),
    ],
)
def test_a_single_fault(changed: dict[str, str], field: str, sentence: str) -> None:
    """Each in words that do not speak of files."""
    _, wrong = read_form(fields() | changed, KINDS)
    assert sentence in wrong.wrong(field), wrong.faults
