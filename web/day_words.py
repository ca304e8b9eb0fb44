"""How the pages say whom a "not now" touches and what it stops, and when a sensitive day is: pure."""

from calendar import month_name
from collections.abc import Sequence
from typing import Any

from engine.calendar.countries import country_name
from engine.calendar.scope import SORTS, NotNow
from engine.conditions import Condition
from engine.conditions.tree import AllOf, AnyOf, Leaf, NoneOf
from engine.storage.models import SensitiveDay
from web.phrases import short_day, words

_SORTS = {
    "celebrate": "celebrations",
    "marketing": "other marketing",
    "reassure": "news about open problems",
    "recover": "messages after a problem",
}
_OPS = {
    **{"eq": "is", "ne": "is not", "in": "is one of", "not_in": "is none of", "lt": "is below", "gt": "is above"},
    **{"lte": "is at most", "gte": "is at least", "contains": "contains", "exists": "is known"},
}


def whom_words(pause: NotNow) -> str:
    """For everybody; for who lives in Germany or US-TX; for who has trait plan is gold."""
    parts = [f"lives in {_either([country_name(place) for place in pause.places])}"] if pause.places else []
    parts += [f"fits “{condition_words(pause.segment)}”"] if pause.segment is not None else []
    return f"for everybody who {' and '.join(parts)}" if parts else "for everybody"


def what_words(touches: Sequence[str]) -> str:
    """Celebrations and other marketing; everything."""
    if set(touches) == set(SORTS):
        return "everything that Jubilee sends"
    said = [_SORTS[sort] for sort in touches]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def condition_words(condition: Condition) -> str:
    """One line that a person can read; the customer page's traits have the same names."""
    match condition:
        case AllOf(all_of=parts):
            return " and ".join(_part(part) for part in parts)
        case AnyOf(any_of=parts):
            return " or ".join(_part(part) for part in parts)
        case NoneOf(none_of=part):
            return f"not {_part(part)}"
        case Leaf():
            return _leaf(condition)
    raise TypeError(f"not a condition: {condition!r}")


def when_words(day: SensitiveDay) -> str:
    """Every year on 11 September; on Fri 4 Sep 2026; on Good Friday, wherever that falls."""
    if day.holiday is not None:
        return f"on {day.holiday}, wherever it falls"
    if day.on_date is not None:
        return f"once, on {short_day(day.on_date)} {day.on_date.year}"
    return f"every year on {day.day} {month_name[day.month or 0]}"


def _part(condition: Any) -> str:
    said = condition_words(condition)
    return said if isinstance(condition, Leaf) else f"({said})"


def _leaf(leaf: Leaf) -> str:
    field = words(leaf.field.replace(".", " "))
    if leaf.op == "exists":
        return f"{field} is {'known' if leaf.value else 'not known'}"
    return f"{field} {_OPS[leaf.op]} {_either([str(value) for value in leaf.values])}"


def _either(those: Sequence[str]) -> str:
    return those[0] if len(those) == 1 else f"{', '.join(those[:-1])} or {those[-1]}"
