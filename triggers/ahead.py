"""What lies ahead of one customer: how far each total is from the next mark, and when each date comes round next. Pure.

Only for people to look at. Nothing is spotted from here, and a trigger that is not active lies ahead of nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from engine.dates.anniversaries import anniversary, month_anniversary
from engine.dates.periods import period_of, periods_between
from engine.definitions.store import ActiveTrigger
from engine.kinds import TotalState
from triggers.kinds.anniversary import Anniversary, AnniversaryParams, is_birth
from triggers.kinds.milestone import Milestone, MilestoneParams
from triggers.kinds.streak import Streak, StreakParams

_YEARS_AHEAD = 9  # 29 February of 1896 came again in 1904


@dataclass(frozen=True, slots=True)
class Mark:
    """The next mark of a total: `left` is what is still missing of `mark`, in minor units where `currency` is set."""

    title: str
    mark: int
    left: int
    unit: str
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """The next day of a date: `number` of `unit`, where that may be said of it."""

    title: str
    on: date
    number: int | None = None
    unit: str = "years"


@dataclass(frozen=True, slots=True)
class PartialDay:
    """A date of the customer; the year may be unknown."""

    month: int
    day: int
    year: int | None


def next_marks(triggers: Sequence[ActiveTrigger], totals: Mapping[str, TotalState], today: date) -> list[Mark]:
    """The next mark of every trigger that counts, the nearest first; none where nothing more can be reached."""
    marks = [mark for trigger in triggers if (mark := _mark(trigger, totals, today))]
    return sorted(marks, key=lambda mark: (mark.left / mark.mark, mark.title))


def next_days(triggers: Sequence[ActiveTrigger], dates: Mapping[str, PartialDay], today: date) -> list[Day]:
    """The next day of every trigger that follows the calendar, the nearest first; today counts."""
    days = [day for trigger in triggers if (day := _day(trigger, dates, today))]
    return sorted(days, key=lambda day: (day.on, day.title))


def _mark(trigger: ActiveTrigger, totals: Mapping[str, TotalState], today: date) -> Mark | None:
    params, title = trigger.params, trigger.definition.title
    if isinstance(trigger.kind, Milestone) and isinstance(params, MilestoneParams):
        value = totals.get(trigger.kind.metric(params).key, TotalState()).value
        mark = _next_threshold(params, value)
        unit = (params.event or params.trait or "").replace("_", " ")
        return Mark(title, mark, mark - value, unit, params.currency) if mark else None
    if isinstance(trigger.kind, Streak) and isinstance(params, StreakParams):
        length = _length_of_run(params, totals.get(trigger.kind.metric(params).key), today)
        following = next((one for one in params.lengths if one > length), None)
        return Mark(title, following, following - length, f"{params.unit}s in a row") if following else None
    return None


def _next_threshold(params: MilestoneParams, value: int) -> int | None:
    if params.every is not None:
        return (max(value, 0) // params.every + 1) * params.every
    return next((mark for mark in params.thresholds or (1,) if mark > value), None)


def _length_of_run(params: StreakParams, total: TotalState | None, today: date) -> int:
    """A run that was broken begins at nothing again; one that goes on in the present period still stands."""
    if total is None or not total.detail:
        return 0
    last, present = str(total.detail["last"]), period_of(today, params.unit)
    return total.value if periods_between(last, present, params.unit) <= 1 else 0


def _day(trigger: ActiveTrigger, dates: Mapping[str, PartialDay], today: date) -> Day | None:
    params = trigger.params
    if not isinstance(trigger.kind, Anniversary) or not isinstance(params, AnniversaryParams):
        return None
    known = dates.get(trigger.kind.date_name(params))
    if known is None:
        return None
    coming = (day for day in _coming(params, known, today) if day[0] >= today)
    found = min(coming, default=None, key=lambda day: day[0])
    if found is None:
        return None
    number = None if is_birth(params.of.date) else found[1]
    return Day(trigger.definition.title, found[0], number, trigger.kind.fact_name(params) or "years")


def _coming(params: AnniversaryParams, known: PartialDay, today: date) -> Iterator[tuple[date, int | None]]:
    """Days to choose the next one from, each with its number."""
    if params.every:
        yield from _years(params, known, today)
    if known.year is None:
        return
    original = date(known.year, known.month, known.day)
    for count in params.years or ():
        yield anniversary(original, count, params.leap_day), count
    for count in params.months or ():
        yield month_anniversary(original, count), count
    for count in params.days or ():
        yield original + timedelta(days=count), count


def _years(params: AnniversaryParams, known: PartialDay, today: date) -> Iterator[tuple[date, int | None]]:
    """From this year on; the year of the date itself is none of its anniversaries."""
    first = today.year if known.year is None else max(today.year, known.year + 1)
    start = known.year if known.year is not None else 1904  # a leap year, so that every day is in it
    original = date(start, known.month, known.day)
    for year in range(first, first + _YEARS_AHEAD):
        yield anniversary(original, year - start, params.leap_day), year - start if known.year else None
