"""How a fact is said inside a sentence by an agent: never more than a template could say. Pure."""

import datetime as dt

from engine.kinds import Fact
from engine.write.escape import escape
from engine.write.facts import NO_YEAR
from engine.write.phrasing import parse_locale, say_clause, say_date, say_month, say_number, say_ordinal
from engine.write.text_files import FORMATS

_COUNTED = "_count"
_MONTH = "_month"


def sayings(name: str, fact: Fact, locale: str, text: str) -> list[str]:
    """The forms in which a sayable fact stands in a sentence of the text `text` (email, sms), the plainest first:
    `10`, `10th`; none for what may not be said or is not known. Escaped, as what a customer or outsider wrote is."""
    if not fact.sayable or fact.value in (None, "") or isinstance(fact.value, bool):
        return []
    plain = FORMATS.get(text) == "txt"
    said = (
        escape(form, "text" if plain else "markdown", within_line=True) for form in _forms(name, fact.value, locale)
    )
    return [form for form in said if form]


def _forms(name: str, value: object, locale: str) -> list[str]:
    spoken = parse_locale(locale)
    if isinstance(value, dt.date):
        if name.endswith(_MONTH):
            return [say_month(value, spoken)]
        return (
            [say_date(value, spoken)] if value.year == NO_YEAR else [say_date(value, spoken), say_month(value, spoken)]
        )
    if isinstance(value, int):
        number = say_number(value, spoken)
        return [number, say_ordinal(value, spoken)] if name.endswith(_COUNTED) else [number]
    return [say_clause(str(value), spoken)]
