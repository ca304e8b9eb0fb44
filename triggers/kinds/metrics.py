"""The totals that milestones watch: counts, sums, maxima, numbers of distinct values, and the latest value of a trait.

Each is a frozen fold over a customer's events in their order. Numbers are scaled integers; what is not a whole number
does not count. The key says everything that a metric depends on, so equal keys mean equal totals.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.kinds import FoldEvent, Metric, TotalState
from engine.record.event_kinds import TRAIT_CHANGED

LONGEST_KEY = 200
_MOST = 2**62  # a total beyond this is a mistake in the data, and must not break the row it is stored in


@dataclass(frozen=True, slots=True)
class Filter:
    """Only events whose property has one of these values."""

    property: str
    values: tuple[str | int | bool, ...]

    def holds(self, properties: Mapping[str, Any]) -> bool:
        """A missing property never holds; True and 1 are different values."""
        value = properties.get(self.property)
        return any(value == one and type(value) is type(one) for one in self.values)

    def __str__(self) -> str:
        return f"?{self.property}={'|'.join(json.dumps(value) for value in self.values)}"


@dataclass(frozen=True, slots=True)
class Feed:
    """Which events of one name feed a metric, and with which number: 1, or that of `property` in `currency`."""

    event: str
    property: str | None = None
    currency: str | None = None
    where: Filter | None = None

    def number(self, properties: Mapping[str, Any]) -> int | None:
        """What this event counts; None where it does not."""
        if self.where is not None and not self.where.holds(properties):
            return None
        if self.property is None:
            return 1
        if self.currency is not None and properties.get("currency") != self.currency:
            return None
        return whole(properties.get(self.property))

    def __str__(self) -> str:
        said = (self.event, f".{self.property}" if self.property else "", f":{self.currency}" if self.currency else "")
        return "".join(said) + str(self.where or "")


@dataclass(frozen=True, slots=True)
class Sum:
    """Adds what `adds` feeds, and takes off what `subtracts` feed. Where nothing names a property it is a count."""

    adds: Feed
    subtracts: tuple[Feed, ...] = ()
    key: str = field(init=False)
    events: frozenset[str] = field(init=False)
    _feeds: Mapping[str, tuple[int, Feed]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        name = "sum" if self.adds.property else "count"
        feeds = {self.adds.event: (1, self.adds)} | {feed.event: (-1, feed) for feed in self.subtracts}
        _settle(self, key=metric_key(name, self.adds, *(f"-{feed}" for feed in self.subtracts)), feeds=feeds)

    def step(self, total: TotalState, event: FoldEvent) -> TotalState:
        """One event more."""
        sign, feed = self._feeds[event.name]
        number = feed.number(event.properties)
        return TotalState(_bounded(total.value + sign * number)) if number else total


@dataclass(frozen=True, slots=True)
class Maximum:
    """The largest number so far."""

    adds: Feed
    key: str = field(init=False)
    events: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        _settle(self, key=metric_key("max", self.adds), events=frozenset({self.adds.event}))

    def step(self, total: TotalState, event: FoldEvent) -> TotalState:
        """One event more."""
        number = self.adds.number(event.properties)
        return TotalState(_bounded(number)) if number is not None and number > total.value else total


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different values a property had; keeps a count for each value, so that a correction takes off one."""

    property: str
    adds: Feed
    subtracts: tuple[Feed, ...] = ()
    key: str = field(init=False)
    events: frozenset[str] = field(init=False)
    _feeds: Mapping[str, tuple[int, Feed]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        feeds = {self.adds.event: (1, self.adds)} | {feed.event: (-1, feed) for feed in self.subtracts}
        name = f"distinct:{self.property}"
        _settle(self, key=metric_key(name, self.adds, *(f"-{feed}" for feed in self.subtracts)), feeds=feeds)

    def step(self, total: TotalState, event: FoldEvent) -> TotalState:
        """One event more. Counts may fall below nothing where the correction bears the earlier time."""
        sign, feed = self._feeds[event.name]
        value = event.properties.get(self.property)
        if feed.number(event.properties) is None or isinstance(value, bool) or not isinstance(value, str | int):
            return total
        counts = dict((total.detail or {}).get("counts", {}))
        counts[str(value)] = counts.get(str(value), 0) + sign
        if not counts[str(value)]:
            del counts[str(value)]
        return TotalState(sum(1 for count in counts.values() if count > 0), {"counts": counts})


@dataclass(frozen=True, slots=True)
class Trait:
    """The latest whole number that a trait was set to."""

    trait: str
    key: str = field(init=False)
    events: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        _settle(self, key=metric_key("trait", self.trait), events=frozenset({TRAIT_CHANGED}))

    def step(self, total: TotalState, event: FoldEvent) -> TotalState:
        """One event more."""
        number = whole(event.properties.get("value"))
        if event.properties.get("trait") != self.trait or number is None or number == total.value:
            return total
        return TotalState(_bounded(number))


def whole(value: object) -> int | None:
    """A whole number; True is none, and neither is 3.0."""
    return value if type(value) is int else None


def metric_key(*parts: object) -> str:
    """The parts readable one after the other; where they are too long for the column, the rest as a hash."""
    said: Sequence[str] = [str(part) for part in parts]
    key = f"{said[0]}:{''.join(said[1:])}"
    if len(key) <= LONGEST_KEY:
        return key
    rest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{key[: LONGEST_KEY - len(rest) - 1]}~{rest}"


def _settle(metric: Metric, *, feeds: Mapping[str, object] | None = None, **values: object) -> None:
    """Set what follows from the fields of a frozen metric."""
    if feeds is not None:
        values |= {"_feeds": feeds, "events": frozenset(feeds)}
    for name, value in values.items():
        object.__setattr__(metric, name, value)


def _bounded(value: int) -> int:
    return max(-_MOST, min(_MOST, value))
