"""Finds the numbers and dates a text says, in digits and in words, with what stands around them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.tone.reading import Reading

_TOKEN = re.compile(r"\S+")
_DIGITS = re.compile(r"(\d{1,3}(?:[.,]\d{3})+|\d+)(?:\.(\d+))?(?:st|nd|rd|th)?(?:-([^\W\d_]+))?")
_ORDINAL = re.compile(r"\d(?:st|nd|rd|th)\b")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_EDGES = "\"'()[]{}<>,;:!?….¿¡"
_CURRENCIES = "$€£¥"
_LONGEST = 24


@dataclass(frozen=True)
class Token:
    """A word between spaces without the punctuation around it; `ends` says that punctuation followed."""

    start: int
    end: int
    core: str
    ends: bool


@dataclass(frozen=True)
class Number:
    """A number as said. `token` and `next_token` are places in the row of tokens; `unit` is joined by a hyphen."""

    start: int
    end: int
    value: Decimal
    token: int
    next_token: int
    ordinal: bool = False
    money: bool = False
    spelled: bool = False
    unit: str = ""


@dataclass(frozen=True)
class DateSaid:
    """A date or a part of one: whatever was not said is None."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None

    def agrees_with(self, other: "DateSaid") -> bool:
        pairs = ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        return all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)

    def shares_with(self, other: "DateSaid") -> bool:
        """Agrees, and says at least one same thing."""
        pairs = ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        return self.agrees_with(other) and any(mine is not None and mine == theirs for mine, theirs in pairs)


def split_tokens(reading: Reading) -> tuple[Token, ...]:
    """The words of the flat text."""
    tokens = []
    for match in _TOKEN.finditer(reading.flat):
        raw = match.group()
        core = raw.strip(_EDGES)
        if core:
            start = match.start() + len(raw) - len(raw.lstrip(_EDGES))
            tokens.append(Token(start, start + len(core), core, ends=start + len(core) < match.end()))
    return tuple(tokens)


def find_numbers(
    tokens: Sequence[Token], numbers: Mapping[str, int], ordinals: Mapping[str, int]
) -> tuple[Number, ...]:
    """Every number of the text. Times, telephone numbers, percentages and dates in digits are passed over."""
    found: list[Number] = []
    place = 0
    while place < len(tokens):
        number = _spelled(tokens, place, numbers, ordinals) or _in_digits(tokens[place], place)
        if number:
            found.append(number)
        place = number.next_token if number else place + 1
    return tuple(found)


def _in_digits(token: Token, place: int) -> Number | None:
    core = token.core.strip(_CURRENCIES)
    if len(core) > _LONGEST:
        return None
    match = _DIGITS.fullmatch(core)
    if not match:
        return None
    whole = re.sub(r"[.,]", "", match.group(1))
    return Number(
        token.start,
        token.end,
        Decimal(f"{whole}.{match.group(2)}" if match.group(2) else whole),
        place,
        place + 1,
        ordinal=bool(_ORDINAL.search(core)),
        money=core != token.core,
        unit=match.group(3) or "",
    )


def _spelled(
    tokens: Sequence[Token], place: int, numbers: Mapping[str, int], ordinals: Mapping[str, int]
) -> Number | None:
    """A number in words from this token on: 'twelfth', 'twenty-one', 'one hundred and ten', 'four-year'."""
    total = current = 0
    begun = is_ordinal = False
    unit = ""
    at = place
    while at < len(tokens) and not is_ordinal and not unit:
        core = tokens[at].core
        if (
            begun
            and core == "and"
            and current % 100 == 0
            and at + 1 < len(tokens)
            and _is_number(tokens[at + 1].core, numbers, ordinals)
        ):
            at += 1
            continue
        pieces = core.split("-") if len(core) <= 2 * _LONGEST else []
        values = [numbers.get(piece, ordinals.get(piece)) for piece in pieces]
        known = [value for value in values if value is not None]
        if not known or values[0] is None or (begun and not _continues(current, known[0])):
            break
        for value in known:
            total, current = _add(total, current, value)
        begun = True
        unit = pieces[len(known)] if len(known) < len(pieces) else ""
        is_ordinal = pieces[len(known) - 1] in ordinals
        at += 1
        if tokens[at - 1].ends:
            break
    if not begun:
        return None
    return Number(
        tokens[place].start,
        tokens[at - 1].end,
        Decimal(total + current),
        place,
        at,
        ordinal=is_ordinal,
        spelled=True,
        unit=unit,
    )


def _is_number(core: str, numbers: Mapping[str, int], ordinals: Mapping[str, int]) -> bool:
    first = core.split("-", 1)[0]
    return first in numbers or first in ordinals


def _continues(current: int, value: int) -> bool:
    if value >= 100:
        return True
    return current % 100 == 0 or (value < 10 and current % 10 == 0 and current % 100 >= 20)


def _add(total: int, current: int, value: int) -> tuple[int, int]:
    if value == 1000:
        return min(total + max(1, current) * 1000, 10**9), 0
    if value == 100:
        return total, max(1, current) * 100
    return total, current + value


def find_dates(reading: Reading, tokens: Sequence[Token], words: Mapping[str, Sequence[str]]) -> tuple[DateSaid, ...]:
    """Dates with a month's name or in ISO form, and years after 'since' or 'in'. Without month names: ISO only."""
    months = words.get("months", ())
    found = []
    for place, token in enumerate(tokens):
        iso = _ISO_DATE.fullmatch(token.core)
        if iso:
            year, month, day = (int(part) for part in iso.groups())
            found.append(DateSaid(token.start, token.end, year, month, day))
        elif token.core in months and _is_month(reading, tokens, place, words):
            found.append(_around_month(tokens, place, months.index(token.core) + 1))
        elif _year(token.core) and place and tokens[place - 1].core in words.get("before_years", ()):
            found.append(DateSaid(token.start, token.end, year=int(token.core)))
    return tuple(found)


def _is_month(reading: Reading, tokens: Sequence[Token], place: int, words: Mapping[str, Sequence[str]]) -> bool:
    """'May' and 'March' are also verbs: a capital, and a number or a small word before or after, must agree."""
    token = tokens[place]
    if token.core not in words.get("months_or_words", ()):
        return True
    before = tokens[place - 1].core if place else ""
    after = tokens[place + 1].core if place + 1 < len(tokens) else ""
    capital = reading.text[reading.origin[token.start]].isupper()
    return capital and (before in words.get("before_months", ()) or before[:1].isdigit() or after[:1].isdigit())


def _around_month(tokens: Sequence[Token], place: int, month: int) -> DateSaid:
    first = last = place
    day = year = None
    before = place - 2 if place >= 2 and tokens[place - 1].core == "of" else place - 1
    if before >= 0 and (day := _day(tokens[before].core)):
        first = before
    if day is None and place + 1 < len(tokens) and (day := _day(tokens[place + 1].core)):
        last = place + 1
    if last + 1 < len(tokens) and (year := _year(tokens[last + 1].core)):
        last += 1
    return DateSaid(tokens[first].start, tokens[last].end, year, month, day)


def _day(core: str) -> int | None:
    match = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", core) if len(core) <= 4 else None
    return int(match.group(1)) if match and 1 <= int(match.group(1)) <= 31 else None


def _year(core: str) -> int | None:
    return int(core) if len(core) == 4 and core.isdecimal() and 1900 <= int(core) <= 2100 else None
