"""Milestone: a count, sum, maximum, number of distinct values or trait of a customer passes a threshold.

The moment of a threshold is the start of the current unbroken run of totals at or above it: a refund that takes the
total below undoes it, and the order that brings it back makes it again, under the same key.
"""

from bisect import bisect_right
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from engine.kinds import NOTHING_CROSSED, Counted, Crossing, Fact, FoldEvent, Metric, Occurrence, TotalState
from engine.strict import Name, Strict
from triggers.kinds.metrics import Distinct, Feed, Filter, Maximum, Sum, Trait

Property = Annotated[str, Field(min_length=1, max_length=60)]
Scalar = Annotated[str, Field(max_length=200)] | int | bool
Aggregate = Literal["count", "sum", "max", "distinct", "first", "trait"]

ORDER = "order_completed"
_FIRST = (1,)
_BY_PROPERTY = ("sum", "max", "distinct")
_CORRECTABLE = ("count", "sum", "distinct", "first")


class Where(Strict):
    """Only events whose `property` is `equals`, or one of `in`."""

    property: Property
    equals: Scalar | None = None
    one_of: tuple[Scalar, ...] | None = Field(None, alias="in", min_length=1)

    @model_validator(mode="after")
    def _one_way(self) -> "Where":
        if (self.equals is None) == (self.one_of is None):
            raise ValueError("`where` needs either `equals` or `in`")
        return self


class Correction(Strict):
    """An event that takes something off again: 1, or the number in the property named by `subtracts`."""

    event: Name
    subtracts: Literal[1] | Property = 1
    where: Where | None = None


class MilestoneParams(Strict):
    """What is counted or added up, and which totals are worth a moment: listed `thresholds`, or `every` so many."""

    aggregate: Aggregate
    event: Name | None = None
    trait: Name | None = None
    property: Property | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    thresholds: tuple[Annotated[int, Field(ge=1)], ...] | None = Field(None, min_length=1)
    every: int | None = Field(None, ge=1)
    where: Where | None = None
    corrections: tuple[Correction, ...] = ()
    sayable: bool | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> "MilestoneParams":
        for wrong, message in self._faults():
            if wrong:
                raise ValueError(message)
        return self

    def _faults(self) -> Sequence[tuple[object, str]]:
        kind, of_trait = self.aggregate, self.aggregate == "trait"
        money = bool(self.property and self.property.endswith("_minor"))
        by_property = {correction.subtracts != 1 for correction in self.corrections}
        marks = (self.thresholds is not None) + (self.every is not None)
        names = [self.event, *(correction.event for correction in self.corrections)]
        return (
            (of_trait != (self.trait is not None), "`trait` goes with `aggregate: trait`, and only with it"),
            (of_trait == (self.event is not None), "`event` is needed, except with `aggregate: trait`"),
            ((kind in _BY_PROPERTY) != (self.property is not None), "`property` goes with sum, max and distinct"),
            (
                (kind in ("sum", "max") and money) and self.currency is None,
                "`currency` is needed where money is added up",
            ),
            (self.currency and kind not in ("sum", "max"), "`currency` goes with sum and max"),
            (kind == "first" and marks, "`aggregate: first` needs neither `thresholds` nor `every`"),
            (kind != "first" and marks != 1, "either `thresholds` or `every` is needed, and not both"),
            (
                self.thresholds and list(self.thresholds) != sorted(set(self.thresholds)),
                "`thresholds` must rise, each listed once",
            ),
            (of_trait and self.where, "`where` does not go with `aggregate: trait`"),
            (self.corrections and kind not in _CORRECTABLE, f"`corrections` do not go with `aggregate: {kind}`"),
            (len(names) != len(set(names)), "an event may be named only once in `event` and `corrections`"),
            (kind == "sum" and False in by_property, "a correction of a sum subtracts a property, not 1"),
            (kind != "sum" and True in by_property, f"a correction of `{kind}` subtracts 1"),
            (self.sayable and kind not in ("count", "distinct"), "amounts and traits are never `sayable`"),
        )


class Multiples(Container[str]):
    """The keys of the multiples of `step` above `low` and up to `high`, which may be very many."""

    def __init__(self, step: int, low: int, high: int) -> None:
        self._values = range((low // step + 1) * step, high + 1, step)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.isdecimal() and int(key) in self._values


class Milestone:
    """The kind. Its occurrence keys are the thresholds."""

    shape: Literal["fold"] = "fold"
    params: type[BaseModel] = MilestoneParams

    def metric(self, params: MilestoneParams) -> Metric:
        """The total it watches."""
        return _metric(params)

    def crossed(self, params: MilestoneParams, before: TotalState, after: TotalState, event: FoldEvent) -> Crossing:
        """Every listed threshold that was passed; of `every` only the highest multiple."""
        low, high = before.value, after.value
        if low == high:
            return NOTHING_CROSSED
        if low > high:
            return _undone(params, high, low)
        reached = [_occurrence(params, mark, event) for mark in _marks(params, low, high)]
        return Crossing(reached) if reached else NOTHING_CROSSED

    def repeats(self, params: MilestoneParams, occurrence: Occurrence, celebrated: Sequence[str]) -> bool:  # noqa: ARG002 - the contract of a kind
        """Nobody is congratulated on the tenth order after the twenty-fifth."""
        return any(int(key) > int(occurrence.key) for key in celebrated if key.isdecimal())

    def counted(self, params: MilestoneParams) -> Counted | None:
        """Every event of the name counts one, where no `where` leaves any out."""
        if params.aggregate not in ("count", "first") or params.event is None or params.where is not None:
            return None
        but_for = frozenset(correction.event for correction in params.corrections)
        listed = () if params.every is not None else params.thresholds or _FIRST
        return Counted(params.event, listed, params.every, but_for)

    def tells(self, params: MilestoneParams) -> Mapping[str, bool]:
        """The day of the mark, and the mark itself except of a first."""
        mark = {} if params.aggregate == "first" else {_number_name(params): _number_sayable(params)}
        return {"reached_on": False} | mark


@lru_cache(maxsize=256)
def _metric(params: MilestoneParams) -> Metric:
    if params.trait is not None:
        return Trait(params.trait)
    where = _filter(params.where)
    adds = Feed(str(params.event), params.property, params.currency, where)
    subtracts = tuple(_subtracts(one, params.currency) for one in params.corrections)
    if params.aggregate == "max":
        return Maximum(adds)
    if params.aggregate == "distinct":
        return Distinct(str(params.property), Feed(adds.event, where=where), subtracts)
    return Sum(adds, subtracts)


def _subtracts(correction: Correction, currency: str | None) -> Feed:
    where = _filter(correction.where)
    if isinstance(correction.subtracts, str):
        return Feed(correction.event, correction.subtracts, currency, where)
    return Feed(correction.event, where=where)


def _filter(where: Where | None) -> Filter | None:
    if where is None:
        return None
    return Filter(where.property, where.one_of or tuple(one for one in [where.equals] if one is not None))


def _marks(params: MilestoneParams, low: int, high: int) -> Sequence[int]:
    if params.every is not None:
        mark = high - high % params.every
        return (mark,) if mark > max(low, 0) else ()
    marks = params.thresholds or _FIRST
    return marks[bisect_right(marks, low) : bisect_right(marks, high)]


def _undone(params: MilestoneParams, low: int, high: int) -> Crossing:
    if params.every is not None:
        crossed = high // params.every > low // params.every
        return Crossing(undone=Multiples(params.every, low, high)) if crossed else NOTHING_CROSSED
    marks = [str(mark) for mark in _marks(params, low, high)]
    return Crossing(undone=marks) if marks else NOTHING_CROSSED


def _occurrence(params: MilestoneParams, mark: int, event: FoldEvent) -> Occurrence:
    source = f"event {event.message_id}"
    facts = {"reached_on": Fact(event.occurred_on, source)}
    if params.aggregate != "first":
        facts[_number_name(params)] = Fact(mark, source, _number_sayable(params))
    return Occurrence(str(mark), event.occurred_on, facts, occurred_at=event.occurred_at)


def _number_name(params: MilestoneParams) -> str:
    """What the number is called in the facts: order_count for order_completed."""
    if params.aggregate in ("sum", "max"):
        return "amount"
    if params.aggregate == "trait":
        return str(params.trait)
    of = params.property if params.aggregate == "distinct" else str(params.event).rpartition("_")[0] or params.event
    return f"{of}_count"


def _number_sayable(params: MilestoneParams) -> bool:
    """The plain number of orders may be said; any other only where marketing says so."""
    if params.sayable is not None:
        return params.sayable
    return params.aggregate == "count" and params.event == ORDER and params.where is None
