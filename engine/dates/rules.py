"""Rules about local hours, as values, and what they leave of a stretch of time.

Each has a name, so that what did not go can say which of them kept it; and rules only ever take hours away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from engine.dates.sensitive import DayRule
from engine.dates.workdays import is_public_holiday
from engine.dates.zones import clock_periods, local_date

# From a minute of the local day up to, not including, another: (480, 1200) is 08:00 to 20:00.
Minutes = tuple[int, int]
Day = tuple[Minutes, ...]
Week = tuple[Day, ...]  # Monday first
# From an instant up to, not including, another; in UTC.
Span = tuple[datetime, datetime]

ALL_DAY: Day = ((0, 1440),)
NEVER: Day = ()
_ONE_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """The hours that one reason leaves. `holiday`: those of public holidays of `country`, where they have their own.

    On days that are `closed` to it there are none.
    `clocks`: the zones that must all allow it, where nobody knows by which of them the customer lives; else their own.
    """

    name: str
    week: Week
    holiday: Day | None = None
    country: str | None = None
    clocks: tuple[str, ...] = ()
    closed: tuple[DayRule, ...] = ()

    def day(self, on: date) -> Day:
        """The hours of one local date."""
        if self.closed and any(one.is_on(on, self.country) for one in self.closed):
            return NEVER
        if self.holiday is not None and is_public_holiday(on, self.country):
            return self.holiday
        return self.week[on.weekday()]


@dataclass(frozen=True, slots=True)
class Hours:
    """What all rules allow; without rules, any time."""

    rules: tuple[Rule, ...] = ()

    def forbidden_by(self, at: datetime, zone_name: str) -> str | None:
        """The name of the first rule that does not allow this instant."""
        span = (at, at + _INSTANT)
        return next((rule.name for rule in self.rules if not _left([span], rule, span, zone_name)), None)

    def within(self, span: Span, zone_name: str) -> list[Span]:
        """The parts of this stretch that all rules allow, in order."""
        left = [span]
        for rule in self.rules:
            left = _left(left, rule, span, zone_name)
        return left


ANY_TIME = Hours()


def whole_week(day: Day) -> Week:
    """The same hours on each day."""
    return (day,) * 7


def common(days: Iterable[Day]) -> Day:
    """The minutes that all of these days have."""
    found = ALL_DAY
    for day in days:
        found = tuple((max(a, c), min(b, d)) for a, b in found for c, d in day if max(a, c) < min(b, d))
    return found


def _left(spans: Sequence[Span], rule: Rule, of: Span, zone_name: str) -> list[Span]:
    left = list(spans)
    for clock in rule.clocks or (zone_name,):
        allowed = _allowed(rule, clock, of)
        left = [(max(a, c), min(b, d)) for a, b in left for c, d in allowed if max(a, c) < min(b, d)]
    return left


def _allowed(rule: Rule, clock: str, of: Span) -> list[Span]:
    """What the rule allows on the local dates that this stretch touches; what follows without a pause is one."""
    first, last = local_date(of[0], clock), local_date(of[1], clock)
    found: list[Span] = []
    for n in range((last - first).days + 1):
        for start, end in _allowed_on(rule, clock, first + n * _ONE_DAY):
            if found and found[-1][1] == start:
                start = found.pop()[0]
            found.append((start, end))
    return found


@lru_cache(maxsize=16_384)
def _allowed_on(rule: Rule, clock: str, on: date) -> tuple[Span, ...]:
    """The hours of a local date as instants: an hour that comes twice counts twice, one left out not at all."""
    midnight = datetime.combine(on, time.min, UTC)
    found: list[Span] = []
    for start, end, ahead in clock_periods(on, clock):
        for opens, closes in rule.day(on):
            since = max(start, midnight + timedelta(minutes=opens) - ahead)
            until = min(end, midnight + timedelta(minutes=closes) - ahead)
            if since < until:
                found.append((since, until))
    return tuple(found)
