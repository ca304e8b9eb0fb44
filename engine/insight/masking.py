"""Takes out of a text what belongs to one customer, so that wordings of many can be compared and shown. Pure.

Facts and names become their placeholders, addresses, links and numbers what they are. What an agent wrote in other
words stays, which is why a phrase is shown only from several customers on (words.py).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.write.facts import fact_from
from engine.write.saying import sayings

_LINK = re.compile(r"\b(?:https?://|www\.)\S+")
_ADDRESS = re.compile(r"\S+@\S+\.\w+")
_NUMBER = re.compile(r"\d[\d.,:/'’\- ]*\d|\d")
_LINKED_WORDS = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"[*_`#>]+")
_ORDINAL = re.compile(r"(?<=\{number\})(?:st|nd|rd|th)\b")
_SHORTEST = 2


def masked(text: str, facts: Mapping[str, Any], names: Iterable[str | None], locale: str) -> str:
    """The text without what is this customer's own. The longest values first, so that no part of one is left."""
    plain = _MARKS.sub("", _LINKED_WORDS.sub(r"\1", text))
    plain = _LINK.sub("{link}", _ADDRESS.sub("{address}", plain))
    known = {value: "{name}" for name in names if name for value in (name, *name.split())}
    known |= {
        value: f"{{{name.rpartition('.')[2]}}}" for name, fact in facts.items() for value in _forms(name, fact, locale)
    }
    for value in sorted(known, key=len, reverse=True):
        if len(value) >= _SHORTEST:
            plain = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", known[value], plain, flags=re.IGNORECASE)
    return _ORDINAL.sub("", _NUMBER.sub("{number}", plain))


def _forms(name: str, stored: Any, locale: str) -> list[str]:
    """Every way in which the fact may stand in a text. Those of the company are everybody's."""
    if name.startswith(("company.", "sender.")) or not isinstance(stored, Mapping):
        return []
    fact = fact_from(dict(stored))
    if fact.value is None or isinstance(fact.value, bool):
        return []
    said = [*sayings(name, fact, locale, "email"), *sayings(name, fact, locale, "sms"), str(fact.value)]
    return [one.strip() for one in said if one.strip()]
