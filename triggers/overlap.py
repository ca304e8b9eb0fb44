"""Which other trigger speaks of the same, and what happens on a common day. Pure."""

from collections.abc import Mapping
from typing import Any

from engine.definitions.schema import TriggerDefinition

_STEPS = ("years", "months", "days", "thresholds", "lengths")
_SOURCES = ("of", "event", "trait", "kinds")


def overlaps(one: TriggerDefinition, other: TriggerDefinition) -> bool:
    """Whether both have the same occasion, or look for the same in steps that both have."""
    if one.name == other.name:
        return False
    if one.occasion == other.occasion:
        return True
    sources = [{name: each.params[name] for name in _SOURCES if name in each.params} for each in (one, other)]
    return one.kind == other.kind and sources[0] == sources[1] and _share_steps(one.params, other.params)


def overlap_words(one: TriggerDefinition, other: TriggerDefinition) -> str:
    """What to know of the other before this one is published."""
    begin = f"“{other.title}” speaks of the same"
    if {one.family, other.family} != {"celebrate"}:
        return f"{begin}. On a common day each follows its own rules, so a customer may hear of it twice."
    if one.clash == other.clash == "merge":
        return f"{begin}. On a common day the two become one message."
    return f"{begin}. On a common day only the weightiest goes."


def _share_steps(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Where either comes every time, all steps of the other are shared."""
    if "every" in one or "every" in other:
        return True
    said = [name for name in _STEPS if name in one or name in other]
    return not said or any(set(one.get(name) or ()) & set(other.get(name) or ()) for name in said)
