"""Passwords: how one is kept, whether one fits, and which are too easily guessed to be taken."""

import re
from collections.abc import Iterator
from functools import cache

from pwdlib import PasswordHash

from engine.errors import InvalidInput

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 300
FEWEST_LETTERS = 5
# What is kept of somebody who was invited and has set none yet. It fits nothing.
NO_PASSWORD = ""

# Of the commonest passwords those that are long enough to be tried here, and the words that the others are made of:
# "Password2026!" is as common as "password".
_WHOLE = """
1234567890 12345678910 0123456789 9876543210 0987654321 123456789a a123456789 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5
1qaz2wsx3edc qazwsxedcrfv zaq12wsxcde3 qwer1234asdf
"""
_WORDS = """
password passwort contraseña passwordpassword mypassword thepassword letmein letmeinnow welcome welcometo iloveyou
iloveyousomuch qwerty qwertz qwertyuiop qwertzuiop azertyuiop qwertyuiopasdfghjkl asdfghjkl zxcvbnm admin administrator
changeme changemenow secret topsecret football baseball basketball superman batman princess sunshine dragon monkey
trustno starwars abcdefghij abcdefgh abcdefghijk default guest jubilee
"""
COMMONEST = frozenset(_WHOLE.split())
COMMON_WORDS = frozenset(_WORDS.split())

_hasher = PasswordHash.recommended()


@cache
def _hash_of_nobody() -> str:
    """Checked where there is no password, so that the answer takes as long as for a known account. Made when it is
    first needed: most processes ask for none, and would take a tenth of a second longer to start."""
    return _hasher.hash("nobody has this password")


def hash_of(password: str) -> str:
    """What is kept of a password (argon2id). Takes long on purpose: hold no lock meanwhile."""
    return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether this is the password. None and NO_PASSWORD take as long as any other, and fit nothing."""
    nobody = _hash_of_nobody()  # also where it is not needed: the first answer of a process takes as long for both
    matches = _hasher.verify(password[:LONGEST_PASSWORD], kept or nobody)
    return matches and bool(kept)


def check_password(password: str, *, name: str, email: str) -> None:
    """Raise InvalidInput, with what to do about it, where a password is too short or too easily guessed."""
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInput(f"password: at least {SHORTEST_PASSWORD} characters; a short sentence is a good one")
    if len(password) > LONGEST_PASSWORD:
        raise InvalidInput(f"password: at most {LONGEST_PASSWORD} characters")
    said = password.casefold().strip()
    if said in _own_words(name, email):
        raise InvalidInput("password: it must not be your name or your e-mail address")
    if said in COMMONEST or _letters(said) in COMMON_WORDS or len(set(said)) < FEWEST_LETTERS:
        raise InvalidInput("password: this is one of those that are tried first; choose another")


def _own_words(name: str, email: str) -> Iterator[str]:
    """Name and address, as people write them into a password field."""
    for word in (name, email, email.partition("@")[0]):
        whole = word.casefold().strip()
        yield from (whole, whole[::-1], "".join(whole.split()), whole * 2)


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text)
