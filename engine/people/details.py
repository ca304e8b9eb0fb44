"""What is known of a person who works here, as forms and commands give it: checked, and as the table keeps it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from engine.dates import zones
from engine.errors import InvalidInput
from engine.storage.models.person import ROLES

LONGEST_NAME = 100
LONGEST_EMAIL = 254
LONGEST_WORD = 60
MOST_WORDS = 40
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Duties:
    """Which drafts are theirs: skills and locales (none: any), and the names other systems know them by."""

    skills: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    ticket_names: tuple[str, ...] = ()

    def checked(self) -> "Duties":
        """Without blanks and doubles. Raises InvalidInput where there are too many, or a locale is none."""
        locales = _words("locales", (locale.replace("_", "-") for locale in self.locales))
        if unknown := [locale for locale in locales if not _LOCALE.fullmatch(locale)]:
            raise InvalidInput(f"locales: `{unknown[0]}` is no language such as en or es-MX")
        skills = _words("skills", ("_".join(skill.lower().split()) for skill in self.skills))
        return replace(self, skills=skills, locales=locales, ticket_names=_words("ticket names", self.ticket_names))

    def columns(self) -> dict[str, Any]:
        """As the table keeps them."""
        return {name: list(getattr(self, name)) for name in ("skills", "locales", "ticket_names")}


def checked_name(name: str) -> str:
    """One printable line. It stands under the messages that they approve."""
    said = " ".join(name.split())
    if not said or len(said) > LONGEST_NAME or not said.isprintable():
        raise InvalidInput(f"name: one line of at most {LONGEST_NAME} letters")
    return said


def checked_email(email: str) -> str:
    """The address they sign in with, in lower case."""
    said = email.strip().lower()
    user, at, domain = said.rpartition("@")
    if not (user and at and domain) or len(said) > LONGEST_EMAIL or not said.isprintable() or " " in said:
        raise InvalidInput(f"email: `{email[:LONGEST_EMAIL]}` is not an e-mail address")
    return said


def checked_role(role: str) -> str:
    """One of the roles there are."""
    if role not in ROLES:
        raise InvalidInput(f"role: `{role[:LONGEST_WORD]}` is not one of {', '.join(ROLES)}")
    return role


def checked_zone(name: str) -> str:
    """A zone that the zone data knows."""
    try:
        zones.zone(name.strip())
    except ValueError as error:
        raise InvalidInput(f"zone: {error}") from error
    return name.strip()


def _words(what: str, words: Iterable[str]) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(" ".join(word.split()) for word in words if word.strip()))
    if len(kept) > MOST_WORDS or any(len(word) > LONGEST_WORD or not word.isprintable() for word in kept):
        raise InvalidInput(f"{what}: at most {MOST_WORDS}, each of at most {LONGEST_WORD} letters")
    return kept
