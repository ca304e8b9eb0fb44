"""Countries by name: what people write instead of `DE`, and what a page says instead of it. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from babel import Locale
from babel.core import get_global

_SPOKEN = ("en", "de", "es", "fr", "it", "nl", "pt")
_OWN = {"AT": "de", "CZ": "cs", "DK": "da", "FI": "fi", "GR": "el", "HU": "hu", "JP": "ja", "NO": "nb", "PL": "pl",
        "RO": "ro", "SE": "sv", "TR": "tr", "UA": "uk"}  # fmt: skip


def country_name(code: str) -> str:
    """`DE` in English: Germany. What is no country stays as it is."""
    return _names("en").get(code, code)


def country_code(word: str) -> str | None:
    """The code of a country by its code (DE, DEU), its English or own name, or one in a common language; else None."""
    wanted = _folded(word)
    return _codes().get(wanted)


def by_name(codes: Iterable[str]) -> list[str]:
    """The names of these, in order."""
    return sorted(country_name(code) for code in codes)


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    known = [code for code in get_global("territory_zones") if len(code) == 2 and code.isalpha() and code != "ZZ"]
    found = {_folded(code): code for code in known}
    for language in (*_SPOKEN, *sorted(set(_OWN.values()))):
        names = _names(language)
        for code in known:
            if code in names and (language in _SPOKEN or _OWN.get(code) == language):
                found.setdefault(_folded(names[code]), code)
    for short, codes in get_global("territory_aliases").items():
        if short.isalpha() and (len(short) == 3 or short == "UK") and len(codes) == 1 and codes[0] in known:
            found.setdefault(_folded(short), codes[0])
    return found


@lru_cache(maxsize=32)
def _names(language: str) -> dict[str, str]:
    return dict(Locale.parse(language).territories)


def _folded(word: str) -> str:
    return " ".join(word.casefold().split())
