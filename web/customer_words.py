"""What the pages for customers say, in the customer's language: the texts are data, in words/customers.yaml."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ENGLISH = "en"
_TEXTS: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "words" / "customers.yaml").read_text(encoding="utf-8")
)


class Words:
    """The texts of one language. What a company added itself is called by the title it gave it."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = _TEXTS[language]

    def __call__(self, name: str, /, **values: object) -> str:
        """The text of this name with its values filled in."""
        text = str(self._texts[name])
        return text.format(**values) if values else text

    def occasion(self, name: str, title: str = "") -> str:
        """An occasion as customers read it."""
        return str(self._texts["occasion"].get(name) or title or name.replace("_", " ").capitalize())

    def channel(self, name: str) -> str:
        """A channel as customers read it."""
        return str(self._texts["channel"].get(name, name))

    def rank(self, place: int) -> str:
        """First, second, third."""
        return self(f"rank_{place}") if place <= 3 else self("rank_n", n=place)


def known_channels() -> frozenset[str]:
    """The channels that have a name for customers; others are nothing a customer could choose."""
    return frozenset(_TEXTS[ENGLISH]["channel"])


def words_for(locale: str) -> Words:
    """The texts for a customer's locale such as `de-AT`; English where there are none."""
    language = locale[:2].lower()
    return Words(language if language in _TEXTS else ENGLISH)


def words_accepted(header: str) -> Words:
    """The first of our languages that a browser says it likes, for pages about nobody we know."""
    liked = (part.partition(";")[0].strip()[:2].lower() for part in header.split(","))
    return Words(next((language for language in liked if language in _TEXTS), ENGLISH))
