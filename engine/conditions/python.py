"""A condition for one customer: facts in, yes or no out."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from engine.conditions.countries import BY_VALUE, COUNTRY
from engine.conditions.tree import AllOf, AnyOf, Condition, Leaf, NoneOf, Scalar
from engine.dates.homes import lives_in
from engine.storage.models import Customer

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "contains": operator.contains,
}


# Of the view alone, as no condition asks for it: who lives in a part of a country lives in the country.
REGION = "customer.region"


def matches(condition: Condition, view: Mapping[str, object]) -> bool:
    """Whether the condition is true of what `view` says, field by field; a field that is not there is missing."""
    match condition:
        case AllOf(all_of=parts):
            return all(matches(part, view) for part in parts)
        case AnyOf(any_of=parts):
            return any(matches(part, view) for part in parts)
        case NoneOf(none_of=part):
            return not matches(part, view)
        case Leaf():
            if condition.field == COUNTRY and condition.op in BY_VALUE:
                return _at_home(condition, view.get(COUNTRY), view.get(REGION))
            return _leaf(condition, view.get(condition.field))
    raise TypeError(f"not a condition: {condition!r}")


def customer_view(
    customer: Customer,
    *,
    totals: Mapping[str, int] | None = None,
    facts: Mapping[str, Mapping[str, Any]] | None = None,
    has_open_problem: bool = False,
    has_open_ticket: bool = False,
) -> dict[str, object]:
    """What conditions may ask about one customer, and about a moment's facts where one is meant."""
    return {
        "customer.country": customer.country,
        REGION: customer.region,
        "customer.locale": customer.locale,
        "customer.language": language_of(customer.locale),
        "customer.zone": customer.zone,
        "customer.preferred_channel": customer.preferred_channel,
        "customer.has_open_problem": has_open_problem,
        "customer.has_open_ticket": has_open_ticket,
        **{f"trait.{name}": value for name, value in customer.traits.items()},
        **{f"total.{metric}": value for metric, value in (totals or {}).items()},
        **{f"moment.{name}": fact.get("value") for name, fact in (facts or {}).items()},
    }


def language_of(locale: str) -> str | None:
    """The two or three letters before the region, in lower case: `de` of `de-AT`."""
    for letters in (2, 3):
        if len(locale) >= letters and locale[letters : letters + 1] in ("", "-", "_"):
            return locale[:letters].lower()
    return None


def _at_home(leaf: Leaf, country: Any, region: Any) -> bool:
    there = any(lives_in(str(place), country, region) for place in leaf.values)
    return there if leaf.op in ("eq", "in") else country is not None and not there


def _leaf(leaf: Leaf, found: object) -> bool:
    if leaf.op == "exists":
        return (found is not None) is leaf.value
    if not _comparable(found, leaf.values[0]):
        return False
    if leaf.op == "in":
        return found in leaf.values
    if leaf.op == "not_in":
        return found not in leaf.values
    return _COMPARE[leaf.op](found, leaf.value)


def _comparable(found: object, value: Scalar) -> bool:
    """Of one type; true and false are no numbers here, although Python counts them as such."""
    if isinstance(value, bool) or isinstance(found, bool):
        return isinstance(value, bool) and isinstance(found, bool)
    if isinstance(value, str):
        return isinstance(found, str)
    return isinstance(found, int | float)
