"""A condition in plain words: `their country is Germany or Austria, and they have no open ticket`. Pure."""

from collections.abc import Mapping

from babel import Locale
from babel.core import UnknownLocaleError

from engine.conditions import AllOf, AnyOf, Condition, Leaf, NoneOf
from engine.conditions.tree import Scalar
from triggers.summary.wording import listed, named, number

_ENGLISH = Locale("en")
_FIELDS: Mapping[str, str] = {
    "customer.country": "their country",
    "customer.locale": "their locale",
    "customer.language": "their language",
    "customer.zone": "their time zone",
    "customer.preferred_channel": "the channel they prefer",
}
_YES_OR_NO: Mapping[str, tuple[str, str]] = {
    "customer.has_open_problem": ("something that went wrong for them is open", "nothing is open that went wrong"),
    "customer.has_open_ticket": ("they have an open ticket", "they have no open ticket"),
}
_OPERATORS: Mapping[str, str] = {
    "eq": "is",
    "ne": "is known and not",
    "in": "is",
    "not_in": "is known and neither",
    "lt": "is below",
    "lte": "is at most",
    "gt": "is above",
    "gte": "is at least",
    "contains": "contains",
}


def condition_words(condition: Condition) -> str:
    """The condition as a clause. Groups inside of groups stand in brackets."""
    match condition:
        case AllOf(all_of=parts):
            return ", and ".join(_inner(part) for part in parts)
        case AnyOf(any_of=parts):
            return ", or ".join(_inner(part) for part in parts)
        case NoneOf(none_of=Leaf(field=field, op="eq", value=bool(value))) if field in _YES_OR_NO:
            return _YES_OR_NO[field][value]
        case NoneOf(none_of=part):
            return f"it is not so that {_inner(part)}"
        case Leaf():
            return _leaf(condition)
    raise TypeError(f"not a condition: {condition!r}")


def _inner(part: Condition) -> str:
    return f"({condition_words(part)})" if isinstance(part, AllOf | AnyOf) else condition_words(part)


def _leaf(leaf: Leaf) -> str:
    if leaf.op == "exists":
        return f"{_field(leaf.field)} is {'known' if leaf.value else 'not known'}"
    if leaf.field in _YES_OR_NO and leaf.op in ("eq", "ne"):
        return _YES_OR_NO[leaf.field][0 if leaf.value is (leaf.op == "eq") else 1]
    values = [_value(leaf.field, value) for value in leaf.values]
    operator = "is known and not" if leaf.op == "not_in" and len(values) == 1 else _OPERATORS[leaf.op]
    return f"{_field(leaf.field)} {operator} {listed(values, 'nor' if leaf.op == 'not_in' else 'or')}"


def _field(field: str) -> str:
    prefix, _, name = field.partition(".")
    if prefix == "trait":
        return f"their “{named(name)}”"
    if prefix == "moment":
        return f"the moment's “{named(name)}”"
    if prefix == "total":
        how, _, what = name.partition(":")
        return f"their {how} of {named(what)}" if what else f"their total {named(name)}"
    return _FIELDS.get(field, _YES_OR_NO.get(field, (named(name),))[0])


def _value(field: str, value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return number(value)
    if field == "customer.country":
        return str(_ENGLISH.territories.get(value, f"“{value}”"))
    if field == "customer.language":
        return _language(value)
    return f"“{value}”"


def _language(code: str) -> str:
    try:
        return Locale.parse(code).get_display_name("en") or f"“{code}”"
    except (UnknownLocaleError, ValueError):
        return f"“{code}”"
