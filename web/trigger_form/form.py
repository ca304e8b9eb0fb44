"""The whole form: fields from a definition, a definition from fields, and what its buttons do to the fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.definitions.reading import read_values
from engine.definitions.schema import TriggerDefinition
from engine.definitions.writing import write_plain
from engine.kinds import KindTable
from web.trigger_form.conditions import new_row
from web.trigger_form.faults import placed
from web.trigger_form.gathering import Fields, Gathering, add, count, remove, swap
from web.trigger_form.kinds import gather_params, spread_params
from web.trigger_form.rules import gather_rules, spread_rules

_STEPS = {"up": -1, "down": 1}
KINDS_IN_ORDER = ("anniversary", "milestone", "streak", "recovery")


@dataclass(frozen=True)
class Form:
    """The fields as they stand, and what is wrong with them. Called with a name, it answers what stands there."""

    fields: Fields
    faults: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, name: str) -> str:
        """What stands in a field."""
        return self.fields.get(name, "")

    def rows(self, prefix: str) -> range:
        """The numbers of the rows under this name."""
        return range(count(self.fields, prefix))

    def wrong(self, name: str) -> str:
        """What is wrong with a field."""
        return self.faults.get(name, "")

    def deep(self, name: str) -> str:
        """What lies deeper than the form goes, as a file says it."""
        try:
            return write_plain(json.loads(self(name)))
        except ValueError:
            return self(name)

    @property
    def unplaced(self) -> list[str]:
        """What is wrong with something that the form does not show."""
        return [sentence for name, sentence in self.faults.items() if name == "params"]


def spread(definition: TriggerDefinition, kinds: KindTable) -> dict[str, str]:
    """The fields of a definition."""
    values = definition.model_dump(mode="json", by_alias=True)
    params = kinds[definition.kind].params.model_validate(definition.params).model_dump(mode="json", by_alias=True)
    return {"kind": definition.kind, **spread_rules(values), **spread_params(definition.kind, params)}


def gather(fields: Fields) -> Gathering:
    """The plain values that stand in the fields."""
    form, kind = Gathering(fields), fields.get("kind", "")
    gather_rules(form)
    form.put(("kind",), "kind", kind)
    if kind in KINDS_IN_ORDER:
        gather_params(form, kind)
    else:
        form.faults.append(("kind", "Choose what it looks for."))
    return form


def read_form(fields: Fields, kinds: KindTable) -> tuple[TriggerDefinition | None, Form]:
    """The definition that stands in the fields, and the form with all that is wrong with it."""
    gathered = gather(fields)
    definition, faults = read_values(gathered.values, kinds)
    wrong = placed(gathered, faults)
    return (None if wrong else definition), Form(fields, wrong)


def press(fields: Fields, button: str) -> dict[str, str]:
    """The fields after one of the buttons that add, remove and move rows: `add:audience`, `up:audience.1`."""
    verb, _, place = button.partition(":")
    if verb in ("remove", "up", "down"):
        prefix, _, number = place.rpartition(".")
        if not number.isdecimal() or len(number) > 4:
            return dict(fields)
        at = int(number)
        return remove(fields, prefix, at) if verb == "remove" else swap(fields, prefix, at, at + _STEPS[verb])
    if verb == "group":
        return add(fields, place, **{"is": "group", "mode": "any", "bare": ""})
    if verb == "add" and place == "exceptions":
        row = {"is": "exception", "name": "", "then": "hold", "template": "", "must_read": ""}
        return add(fields, place, **row, **{"when.mode": "all", "when.bare": "1"})
    if verb == "add" and place == "params.corrections":
        return add(fields, place, **{"is": "correction", "event": "", "subtracts": ""})
    if verb == "add":
        return add(fields, place, **new_row(fields.get(f"{place}.new") or "customer.country"))
    return dict(fields)
