"""What a run found, as plain frozen values: for a page, for the command line, for a file."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DayCount:
    """The moments of one trigger whose message went, or would have gone, on this local day of their customers."""

    on: date
    sent: int
    stopped: int
    control: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """What one hold did: how many moments ended because of it, and how many only waited or wait still."""

    name: str
    sentence: str
    stopped: int
    waited: int


@dataclass(frozen=True, slots=True)
class BrakeDay:
    """A day of the team on which the brake would have been pulled, and why."""

    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class TriggerResult:
    """One trigger over the whole time. `spotted` is the sum of what follows; `under_way`: the run ended before it did.

    `stopped`: held until it was too late, or for good; `ended`: too late for another reason, or no longer true.
    """

    name: str
    title: str
    family: str
    spotted: int
    sent: int
    stopped: int
    control: int
    ended: int
    under_way: int
    days: tuple[DayCount, ...]
    holds: tuple[Stopped, ...]
    brake: tuple[BrakeDay, ...]


@dataclass(frozen=True, slots=True)
class Clash:
    """Two triggers that met on the day of one customer: how often they became one message, and how often one lost."""

    winner: str
    loser: str
    merged: int
    lost: int


@dataclass(frozen=True, slots=True)
class EffortDay:
    """A day of the team: drafts to be read for these triggers and for all others, and the minutes there are for it."""

    on: date
    drafts: int
    other_drafts: int
    needed_minutes: int
    available_minutes: int

    @property
    def is_too_much(self) -> bool:
        """More than the team has."""
        return self.needed_minutes > self.available_minutes


@dataclass(frozen=True, slots=True)
class Effort:
    """What the team would have to read. `minutes_each` is what one celebration is reckoned with."""

    agents: int
    minutes_each: int
    days: tuple[EffortDay, ...]

    @property
    def needed_hours(self) -> float:
        """In all."""
        return sum(day.needed_minutes for day in self.days) / 60

    @property
    def available_hours(self) -> float:
        """In all."""
        return sum(day.available_minutes for day in self.days) / 60


@dataclass(frozen=True, slots=True)
class Segment:
    """Some of the customers: how many there are, for how many a moment was spotted, and how many heard from us."""

    by: str
    value: str
    customers: int
    spotted: int
    touched: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One real customer, with what they would have got. `why`: what makes them worth a look.

    Where nothing could be written `subject` and `body` are None and `missing` says what was missing. `outcome` says in
    words what became of it.
    """

    customer_id: UUID
    customer: str
    name: str
    why: tuple[str, ...]
    trigger: str
    on: date
    outcome: str
    locale: str
    subject: str | None = None
    body: str | None = None
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A run. `day_by_day`: for how many customers the order of things mattered; `erased`: who cannot be replayed."""

    first: date
    last: date
    is_forecast: bool
    triggers: tuple[TriggerResult, ...]
    others: tuple[TriggerResult, ...]
    clashes: tuple[Clash, ...]
    effort: Effort
    coverage: tuple[Segment, ...]
    samples: tuple[Sample, ...]
    customers: int
    day_by_day: int
    erased: int
