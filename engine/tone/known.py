"""What is known about the customer, made comparable with a text: single values, their words, what each one counts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

_NUMERIC = re.compile(r"0|[1-9]\d{0,11}(?:\.\d{1,4})?")
_WORD = re.compile(r"[^\W\d_]+")
_LONGEST = 2_000
_DEEPEST = 3


@dataclass(frozen=True)
class Known:
    """One fact: a text, a number or a date under its name."""

    name: str
    value: str | Decimal | date


def known_facts(facts: Mapping[str, object]) -> tuple[Known, ...]:
    """Every single value of the facts. What is true or false, or missing, says nothing in a text and is left out."""
    return tuple(known for name, value in facts.items() for known in _single(name.lower().replace(".", "_"), value, 0))


def _single(name: str, value: object, depth: int) -> Iterator[Known]:
    if isinstance(value, Mapping) and depth < _DEEPEST:
        for inner, each in value.items():
            yield from _single(f"{name}_{inner}", each, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        for each in value:
            yield from _single(name, each, depth + 1)
    elif isinstance(value, datetime):
        yield Known(name, value.date())
    elif isinstance(value, date):
        yield Known(name, value)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = Decimal(str(value))
        if number.is_finite():
            yield Known(name, number)
    elif isinstance(value, str) and value.strip():
        yield Known(name, _from_text(value.strip()[:_LONGEST]))


def _from_text(value: str) -> str | Decimal | date:
    """A date or a number that came as text is still a date or a number."""
    if _NUMERIC.fullmatch(value):
        return Decimal(value)
    if re.match(r"\d{4}-\d{2}-\d{2}", value) and len(value) < 40:
        try:
            return datetime.fromisoformat(value).date()
        except ValueError:
            return value
    return value


def stems(text: str, common: frozenset[str] = frozenset()) -> frozenset[str]:
    """Beginnings of the words that carry meaning: enough to see that two sentences speak of the same thing.

    Without a list of common words the short ones are left out, since most of them are 'and' and 'the'.
    """
    words = _WORD.findall(text.lower())
    shortest = 3 if common else 4
    return frozenset(word[:5] for word in words if len(word) >= shortest and word not in common)


def singular(word: str) -> str:
    """'orders' is 'order', 'anniversaries' 'anniversary': good enough to compare with the name of a fact."""
    word = word.removesuffix("'s").removesuffix("'")
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def counted(name: str, lists: Mapping[str, Sequence[str]], canon: Mapping[str, str]) -> frozenset[str]:
    """What a fact counts, read from its name: `order_count` counts orders, `years_together` years."""
    words = [word for word in re.split(r"[\W_]+", name.lower()) if word]
    for place, word in enumerate(words):
        if place and word in lists.get("fact_cuts", ()):
            words = words[:place]
            break
    if any(word in lists.get("not_counting", ()) for word in words):
        return frozenset()
    nouns = (singular(word) for word in words if word not in lists.get("generic_fact_words", ()))
    return frozenset(canon.get(noun, noun) for noun in nouns)
