"""Takes changes of a customer back, one after the other: what was known of them in between. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Flat = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One field, in the spelling of the change log, that became something else at an instant."""

    field: str
    old: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was known from `since` on, until the next stretch begins."""

    since: datetime
    fields: Flat


def rewind(now: Flat, changes: Sequence[Change], always: datetime) -> list[Stretch]:
    """The stretches, oldest first; the oldest begins at `always`. Of changes at one instant, none is seen alone.

    `changes` in the order in which they were recorded.
    """
    newest_first = sorted(enumerate(changes), key=lambda pair: (pair[1].at, pair[0]), reverse=True)
    return list(_stretches(dict(now), [change for _, change in newest_first], always))[::-1]


def _stretches(fields: dict[str, Any], changes: Sequence[Change], always: datetime) -> Iterator[Stretch]:
    for place, change in enumerate(changes):
        if place == 0 or changes[place - 1].at != change.at:
            yield Stretch(change.at, dict(fields))
        fields[change.field] = change.old
    yield Stretch(always, fields)
