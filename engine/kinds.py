"""The contract of a kind of trigger: facts in, occurrences out.

A kind never sees a session, a clock or a queue. It answers with the description of a set (which dates, which totals,
which problems) and the engine does the whole set. `triggers/` implements the protocols; the engine is handed the table.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

Plain = str | int | bool | date | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing known about a customer, where it comes from, and whether it may be said aloud."""

    value: Plain
    source: str
    sayable: bool = False


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One moment in the making. `key` is the occurrence key, `nominal_on` the local day it is about.

    `occurred_at` is set where an event or a time passing made it. `incident_key` and `problem_id` belong to recoveries.
    """

    key: str
    nominal_on: date
    facts: Mapping[str, Fact]
    occurred_at: datetime | None = None
    incident_key: str | None = None
    problem_id: UUID | None = None


# Kinds that follow the calendar


@dataclass(frozen=True, slots=True)
class DateMatch:
    """The customers whose date of the trigger's name has this month and day (and year) have the occurrence `key`.

    `year` None matches every year before that of `nominal_on`, and an unknown year: the yearly celebration. `number` is
    the count for the facts (years, months or days) where the year is fixed; else the engine works out the years.
    Within `apart_days` of one that was handed over it is not celebrated again: a corrected date does not greet twice.
    """

    nominal_on: date
    month_day: int
    year: int | None
    key: str
    number: int | None
    apart_days: int = 0


class DateKind(Protocol):
    """A kind whose occurrences follow from a date of the customer and the calendar."""

    shape: Literal["dates"]
    params: type[BaseModel]

    def date_name(self, params: Any) -> str:
        """The name in `customer_dates` it looks at; `first:<event>` where that is the day of a first event."""

    def first_event(self, params: Any) -> str | None:
        """The event whose first one sets that date; None where the date is told outright."""

    def matches(self, params: Any, nominal_on: date) -> Sequence[DateMatch]:
        """Which original dates make an occurrence on `nominal_on`."""

    def fact_name(self, params: Any) -> str | None:
        """What the counted number is called in the facts: years, months, days; None where it would tell an age."""

    def tells(self, params: Any) -> Mapping[str, bool]:
        """The facts that a moment of it has, by name, and whether each may be said."""


# Kinds that fold a customer's events


@dataclass(frozen=True, slots=True)
class FoldEvent:
    """An event as a fold sees it, corrections applied. Folds run in the order of (occurred_at, message_id)."""

    message_id: str
    name: str
    occurred_at: datetime
    occurred_on: date
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TotalState:
    """What a fold remembers: one number, and plain detail where a number is not enough."""

    value: int = 0
    detail: Mapping[str, Any] | None = None


class Metric(Protocol):
    """A fold over the events of one customer. Frozen and hashable; two triggers with equal keys share one total."""

    @property
    def key(self) -> str:
        """Lasting and readable, for example `count:order_completed`; at most 200 characters."""

    @property
    def events(self) -> frozenset[str]:
        """The names of the events that feed it."""

    def step(self, total: TotalState, event: FoldEvent) -> TotalState:
        """The total after one more event; the same object where the event does not count."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """What one step of a fold did: occurrences reached, and keys of occurrences that are no longer true.

    `undone` may name keys that never stood, and far too many to list: it is only asked whether it holds a key.
    """

    reached: Sequence[Occurrence] = field(default=())
    undone: Container[str] = field(default=())


NOTHING_CROSSED = Crossing()


@dataclass(frozen=True, slots=True)
class Counted:
    """A total that is the plain number of events of one name, except for customers who have any of `but_for`.

    Its marks are `listed`, or every `every`. So a set of customers can be asked which event of theirs was the n-th.
    """

    event: str
    listed: tuple[int, ...] = ()
    every: int | None = None
    but_for: frozenset[str] = frozenset()


class FoldKind(Protocol):
    """A kind whose occurrences follow from a total that passes a mark."""

    shape: Literal["fold"]
    params: type[BaseModel]

    def metric(self, params: Any) -> Metric:
        """The total it watches."""

    def crossed(self, params: Any, before: TotalState, after: TotalState, event: FoldEvent) -> Crossing:
        """What the step from `before` to `after` means for these parameters."""

    def repeats(self, params: Any, occurrence: Occurrence, celebrated: Sequence[str]) -> bool:
        """Whether the customer already heard about this under another key (a streak whose run was found longer)."""

    def counted(self, params: Any) -> Counted | None:
        """The same total as a plain count, where it is one."""

    def tells(self, params: Any) -> Mapping[str, bool]:
        """The facts that a moment of it has, by name, and whether each may be said."""


# Kinds that watch problems


@dataclass(frozen=True, slots=True)
class ProblemFacts:
    """A problem as a kind sees it; `same_category` counts earlier problems of its category within 180 days.

    `disturbances` are the instants, in order, at which the customer's peace was broken after `opened_at`: any problem
    opened or reopened, any bad answer.
    """

    id: UUID
    key: str
    kind: str
    category: str
    severity: str
    state: str
    incident_key: str
    opened_at: datetime
    resolved_at: datetime | None
    reopened: int
    what_happened: str | None
    what_we_did: str | None
    next_step: str | None
    next_news_on: date | None
    owner: str | None
    same_category: int
    zone: str
    disturbances: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True)
class ProblemQuery:
    """Which problems to look at: kinds, state, and the latest `resolved_at` (or `opened_at`) that can be due."""

    kinds: tuple[str, ...]
    state: Literal["open", "resolved"]
    before: datetime


class ProblemKind(Protocol):
    """A kind whose occurrences follow from problems and the time that passes."""

    shape: Literal["problems"]
    params: type[BaseModel]

    def query(self, params: Any, now: datetime) -> ProblemQuery:
        """The problems that could be due at `now`; cheap to answer from an index."""

    def occurrence(self, params: Any, problem: ProblemFacts, now: datetime) -> Occurrence | None:
        """The moment this problem makes by `now`, if any."""

    def call_due_at(self, params: Any, problem: ProblemFacts) -> datetime | None:
        """By when somebody calls about this problem, now that it is resolved; None where a message is enough."""

    def tells(self, params: Any) -> Mapping[str, bool]:
        """The facts that a moment of it has besides those of the problem, by name, and whether each may be said."""


Kind = DateKind | FoldKind | ProblemKind
KindTable = Mapping[str, Kind]
