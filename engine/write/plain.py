"""Sees to it that a template gets plain data only: copies of texts, numbers, dates, lists and dicts of bounded size.

Objects never pass, because Jinja's sandbox would call their methods and read their attributes.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from engine.errors import NotPlain
from engine.write.grammar import RESERVED

MAX_TEXT = 2_000  # characters
MAX_LIST = 20
MAX_KEYS = 60
MAX_LEVELS = 4
MAX_DIGITS = 15


def plain_values(values: Mapping[str, object]) -> dict[str, object]:
    """A deep copy of `values` holding nothing but plain data; raises `NotPlain` naming the place of anything else."""
    return _plain_dict(values, "", MAX_LEVELS)


def _plain(value: object, place: str, levels: int) -> object:
    kind = type(value)
    if value is None or kind is bool or kind is dt.date:
        return value
    if isinstance(value, str) and kind is str:
        if len(value) > MAX_TEXT:
            raise NotPlain(f"{place} is longer than {MAX_TEXT} characters.")
        return value
    if (isinstance(value, int) and kind is int) or (isinstance(value, Decimal) and kind is Decimal):
        return _plain_number(value, place)
    if levels == 0:
        raise NotPlain(f"{place} is nested too deeply.")
    if isinstance(value, Mapping):
        return _plain_dict(value, place, levels)
    if isinstance(value, list | tuple):
        if len(value) > MAX_LIST:
            raise NotPlain(f"{place} holds more than {MAX_LIST} things.")
        return [_plain(item, f"{place}[{index}]", levels - 1) for index, item in enumerate(value)]
    raise NotPlain(f"{place} is of type {kind.__name__}; a template may be given plain values only.")


def _plain_number(value: int | Decimal, place: str) -> int | Decimal:
    if isinstance(value, Decimal):
        # The exponent of 1E+999999999 alone would make a text of a gigabyte.
        usable = value.is_finite() and len(value.as_tuple().digits) <= MAX_DIGITS and abs(value.adjusted()) < MAX_DIGITS
    else:
        usable = abs(value) < 10**MAX_DIGITS
    if not usable:
        raise NotPlain(f"{place} is not a number that can be written out.")
    return value


def _plain_dict(values: Mapping[object, object] | Mapping[str, object], place: str, levels: int) -> dict[str, object]:
    if len(values) > MAX_KEYS:
        raise NotPlain(f"{place or 'The context'} holds more than {MAX_KEYS} facts.")
    plain: dict[str, object] = {}
    for key, value in values.items():
        if type(key) is not str or not key.isidentifier() or key.startswith("_") or (not place and key in RESERVED):
            raise NotPlain(f"{key!r} cannot be the name of a fact{f' in {place}' if place else ''}.")
        plain[key] = _plain(value, f"{place}.{key}" if place else key, levels - 1)
    return plain
