"""Streak: at least one event in each of several local days, weeks or months in a row.

Each listed length is reached once in each unbroken run; a broken streak is never announced. Periods that lie wholly in
an outage of ours are left out: they neither break a run nor count in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from engine.dates.periods import (
    Unit,
    next_period,
    period_end,
    period_of,
    period_start,
    periods_between,
    previous_period,
)
from engine.kinds import NOTHING_CROSSED, Counted, Crossing, Fact, FoldEvent, Metric, Occurrence, TotalState
from engine.strict import Name, Strict
from triggers.kinds.metrics import metric_key

SHORTEST = 3


class StreakParams(Strict):
    """`lengths` are in periods of `unit`. `outages` are pairs of first and last date of what kept customers away."""

    event: Name
    unit: Unit = "month"
    lengths: tuple[Annotated[int, Field(ge=SHORTEST)], ...] = Field((3, 6, 12), min_length=1)
    outages: tuple[tuple[date, date], ...] = ()
    sayable: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> "StreakParams":
        if list(self.lengths) != sorted(set(self.lengths)):
            raise ValueError("`lengths` must rise, each listed once")
        if any(first > last for first, last in self.outages):
            raise ValueError("an outage begins with its first date: [first, last]")
        return self


@dataclass(frozen=True, slots=True)
class Run:
    """The number of periods in the current run, with the last one in the detail."""

    event: str
    unit: Unit
    outages: tuple[tuple[date, date], ...] = ()
    key: str = field(init=False)
    events: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        outages = "".join(f"!{first}..{last}" for first, last in self.outages)
        object.__setattr__(self, "key", metric_key(f"streak:{self.unit}", self.event, outages))
        object.__setattr__(self, "events", frozenset({self.event}))

    def step(self, total: TotalState, event: FoldEvent) -> TotalState:
        """One event more; only the first one of a period changes anything."""
        period = _period_of(event.occurred_on, self.unit)
        last = total.detail["last"] if total.detail else None
        if period == last or self.bridges(period):
            return total
        return TotalState(total.value + 1 if last and self.follows(last, period) else 1, {"last": period})

    def bridges(self, period: str) -> bool:
        """Whether the period lies wholly inside an outage."""
        if not self.outages:
            return False
        start, end = period_start(period, self.unit), period_end(period, self.unit)
        return any(first <= start and end <= last for first, last in self.outages)

    def follows(self, last: str, period: str) -> bool:
        """Whether no period that counts lies between the two."""
        return _next(last, self) == period

    def first_of(self, last: str, length: int) -> str:
        """The period in which a run began that has this length at `last`."""
        period = last
        while length > 1:
            period = previous_period(period, self.unit)
            length -= not self.bridges(period)
        return period


class Streak:
    """The kind. Its occurrence keys are `<length>:<last period>`."""

    shape: Literal["fold"] = "fold"
    params: type[BaseModel] = StreakParams

    def metric(self, params: StreakParams) -> Metric:
        """The run it watches."""
        return _run(params)

    def crossed(self, params: StreakParams, before: TotalState, after: TotalState, event: FoldEvent) -> Crossing:
        """The length that this period completes. Nothing is ever undone by a later event: what ran, ran."""
        if after.value <= before.value or after.value not in params.lengths or after.detail is None:
            return NOTHING_CROSSED
        source = f"event {event.message_id}"
        facts = {
            f"{params.unit}s_in_a_row": Fact(after.value, source, params.sayable),
            "reached_on": Fact(event.occurred_on, source),
        }
        key = f"{after.value}:{after.detail['last']}"
        return Crossing([Occurrence(key, event.occurred_on, facts, occurred_at=event.occurred_at)])

    def repeats(self, params: StreakParams, occurrence: Occurrence, celebrated: Sequence[str]) -> bool:
        """Whether this length was already told of this run, whose end was then known as another period.

        Late events make a run begin earlier, so its length was reached earlier. Two runs are one where they overlap;
        and nothing is told of a run before the one that was told already.
        """
        length, _, last = occurrence.key.partition(":")
        first = _run(params).first_of(last, int(length))
        told = (key.partition(":") for key in celebrated)
        return any(
            told_length == length and periods_between(first, told_last, params.unit) >= 0
            for told_length, _, told_last in told
        )

    def counted(self, params: StreakParams) -> Counted | None:  # noqa: ARG002 - the contract of a kind
        """A run is no count of events."""
        return None

    def tells(self, params: StreakParams) -> Mapping[str, bool]:
        """How many periods, under a name that says of what, and the day."""
        return {f"{params.unit}s_in_a_row": params.sayable, "reached_on": False}


@lru_cache(maxsize=256)
def _run(params: StreakParams) -> Run:
    return Run(params.event, params.unit, params.outages)


@lru_cache(maxsize=4096)
def _period_of(on: date, unit: Unit) -> str:
    return period_of(on, unit)


@lru_cache(maxsize=4096)
def _next(period: str, run: Run) -> str:
    """The next period that counts."""
    period = next_period(period, run.unit)
    while run.bridges(period):
        period = next_period(period, run.unit)
    return period
