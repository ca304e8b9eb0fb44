"""Where a new trigger begins: an empty one of each kind, or another one without its name. Pure."""

from collections.abc import Mapping
from typing import Any

from engine.definitions.schema import TriggerDefinition
from engine.kinds import KindTable
from web.trigger_form.form import spread

_OWN = {"name": "", "title": "", "shipped_on": ""}
_PARAMS: Mapping[str, Mapping[str, Any]] = {
    "anniversary": {"of": {"first_event": "order_completed"}, "years": [1, 5, 10]},
    "milestone": {"aggregate": "count", "event": "order_completed", "thresholds": [10, 25, 50]},
    "streak": {"event": "order_completed", "unit": "month", "lengths": [3, 6, 12]},
    "recovery": {"kinds": ["ticket"], "settling_days": 4},
}


def of_kind(kind: str, kinds: KindTable) -> dict[str, str]:
    """An empty form of this kind, with what is usual for it."""
    recovers = kind == "recovery"
    values = {
        "name": "new_one",
        "title": "New one",
        "family": "recover" if recovers else "celebrate",
        "occasion": "none",
        "kind": kind,
        "params": _PARAMS[kind],
        "template": "none",
        "class": "service" if recovers else "marketing",
        "weight": 60 if recovers else 35,
    }
    beginning = spread(TriggerDefinition.model_validate(values), kinds)
    return {**beginning, **_OWN, "occasion": "", "template": ""}


def like(definition: TriggerDefinition, kinds: KindTable) -> dict[str, str]:
    """A form that says all that another trigger says, except for its name."""
    return {**spread(definition, kinds), **_OWN}
