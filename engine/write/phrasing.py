"""The filters a template may use: how a date, a number or a clause is said in the template's language.

Each takes one value and answers with text no longer than a little more than it was given. A missing value passes
through unchanged, so that it is reported under the name of its fact.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal
from jinja2 import Undefined, pass_context
from jinja2.runtime import Context

from engine.errors import InvalidInput, WrongKindOfFact

LOCALE = "_locale"  # the context's key for the template's language; no fact can have a name like it
_KINDS = {str: "a text", int: "a number", dt.date: "a date"}
_ENDS_SENTENCE = re.compile(r"[.!?…][\"'”’»)]*$")


def is_missing(value: object) -> bool:
    """Nothing, or nothing that could be read: such a fact never reaches a customer as a gap."""
    return value is None or isinstance(value, Undefined) or (isinstance(value, str) and not value.strip())


@lru_cache(maxsize=64)
def parse_locale(locale: str) -> Locale:
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        raise InvalidInput(f"{locale!r} is not a language we know, such as en, es or de-AT.") from None


def say_date(value: dt.date, locale: Locale) -> str:
    """14 February, without the year: "February 14", "14 de febrero", "14. Februar"."""
    return format_skeleton("MMMMd", value, locale=locale)


def say_month(value: dt.date, locale: Locale) -> str:
    """February 1997."""
    return format_skeleton("yMMMM", value, locale=locale)


def say_weekday(value: dt.date, locale: Locale) -> str:
    """Thursday, February 19."""
    return f"{format_date(value, 'EEEE', locale=locale)}, {say_date(value, locale)}"


def say_ordinal(value: int, locale: Locale) -> str:
    """10th, 10.º, 10. - with a full stop where we know no rule of the language."""
    if locale.language == "en":
        last = "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
        return f"{value}{last}"
    return f"{value}{ {'es': '.º', 'it': 'º', 'pt': 'º', 'fr': 'e', 'nl': 'e'}.get(locale.language, '.') }"


def say_number(value: int | Decimal, locale: Locale) -> str:
    """1,000 or 1.000."""
    return format_decimal(value, locale=locale)


def say_sentence(value: str, _locale: Locale) -> str:
    """With a capital first letter and a full stop, however it was typed."""
    text = value.strip()
    return text[:1].upper() + text[1:] + ("" if _ENDS_SENTENCE.search(text) else ".")


def say_clause(value: str, _locale: Locale) -> str:
    """Without the full stop at its end, so that it can stand inside a sentence."""
    return value.strip().rstrip(".!… ")


def _filter(say: Callable[..., str], *kinds: type) -> Callable[[Context, object], object]:
    @pass_context
    def spoken(context: Context, value: object) -> object:
        if is_missing(value):
            return value
        if type(value) not in kinds:
            name = say.__name__.removeprefix("say_")
            raise WrongKindOfFact(f"The filter “{name}” needs {_KINDS[kinds[0]]}, not {type(value).__name__}.")
        return say(value, parse_locale(context[LOCALE]))

    return spoken


FILTERS: dict[str, Callable[[Context, object], object]] = {
    "date": _filter(say_date, dt.date),
    "month": _filter(say_month, dt.date),
    "weekday": _filter(say_weekday, dt.date),
    "ordinal": _filter(say_ordinal, int),
    "number": _filter(say_number, int, Decimal),
    "sentence": _filter(say_sentence, str),
    "clause": _filter(say_clause, str),
}
