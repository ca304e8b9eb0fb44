"""How the pages tell what a run found: sentences and charts from its plain values. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from engine.backtest.results import BrakeDay, EffortDay, Result, TriggerResult
from engine.backtest.warnings import brake_words, passed_over, segment_words
from web.charts import Chart, Series, bars, lines
from web.phrases import capital, plural

# More bars than this say nothing on any screen: then each stands for a week.
MOST_DAYS = 400
_ONE_DAY = timedelta(days=1)
__all__ = ["brake_days", "brake_words", "day_chart", "day_rows", "effort_chart", "is_weekly", "segments", "story"]
__all__ += ["too_much", "total_rows"]
_KINDS = ("sent", "stopped", "control")
PARTS = {
    None: "It begins",
    "everybody": "Looking for everybody it may touch",
    "days": "Living through the days",
    "counting": "Counting, and writing to ten customers",
}
HEADINGS = {"language": "By language", "country": "By country", "years with us": "By years with us"}


def story(result: Result) -> str:
    """What would have happened, in a sentence or two."""
    spotted, sent, stopped, control, rest = _sums(result.triggers)
    would, have = ("will", "be") if result.is_forecast else ("would", "have been")
    days = plural((result.last - result.first).days + 1, "day")
    if not spotted:
        return f"On these {days} nobody {would} {have} touched."
    go = "will go" if result.is_forecast else "would have gone"
    said = f"In {days}, {plural(spotted, 'moment')} {would} {have} spotted, and {sent:,} of them {go} out as a message."
    parts = [
        (stopped, f"{stopped:,} stopped by a hold"),
        (control, f"{control:,} kept out as the control group"),
        (rest, f"{rest:,} too late, no longer true or still under way at the end"),
    ]
    others = [words for count, words in parts if count]
    return f"{said} Of the others: {'; '.join(others)}." if others else said


def day_chart(result: Result) -> Chart:
    """Messages by day, what was stopped and what was kept out, of all triggers that the run is about."""
    counts: dict[date, Counter[str]] = {}
    for trigger in result.triggers:
        for day in trigger.days:
            counts.setdefault(_slot(day.on, result), Counter()).update({kind: getattr(day, kind) for kind in _KINDS})
    slots = list(dict.fromkeys(_slot(on, result) for on in _days(result)))
    names = (("would go", "sent", "good"), ("stopped", "stopped", "amber"), ("control", "control", "quiet"))
    series = [Series(name, [counts.get(on, Counter())[kind] for on in slots], tone) for name, kind, tone in names]
    return bars([_label(on, result) for on in slots], [one for one in series if any(one.values)] or series[:1])


def is_weekly(result: Result) -> bool:
    """Whether a bar stands for a week."""
    return (result.last - result.first).days >= MOST_DAYS


def effort_chart(result: Result) -> Chart:
    """Hours needed against hours there are, on the days on which the team works or would have to."""
    days = result.effort.days
    if is_weekly(result):
        days = tuple(_weeks(result, days))
    needed = Series("hours needed", [round(day.needed_minutes / 60, 2) for day in days], "accent")
    there = Series("hours there are", [round(day.available_minutes / 60, 2) for day in days], "quiet")
    return lines([_label(day.on, result) for day in days], [needed, there], unit="h")


def too_much(result: Result) -> list[EffortDay]:
    """The days with more to read than there are hours, the worst first."""
    return sorted(
        (day for day in result.effort.days if day.is_too_much),
        key=lambda day: (day.available_minutes - day.needed_minutes, day.on),
    )


def brake_days(result: Result) -> list[tuple[str, BrakeDay]]:
    """Trigger and day, the earliest first."""
    found = [(one.title, day) for one in result.triggers for day in one.brake]
    return sorted(found, key=lambda one: (one[1].on, one[0]))


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """One segment as a row. `forgotten`: nobody was reached, and that is no chance; `empty`: nobody was."""

    name: str
    customers: int
    spotted: int
    touched: int
    forgotten: bool

    @property
    def empty(self) -> bool:
        """Whether nobody of it was reached."""
        return self.customers > 0 and not self.touched

    @property
    def percent(self) -> str:
        """Its share that was reached."""
        share = 100 * self.touched / self.customers if self.customers else 0.0
        return f"{share:.0f} %" if share >= 1 or not self.touched else "< 1 %"


def segments(result: Result) -> list[tuple[str, list[SegmentLine]]]:
    """Headings with their rows, those that were passed over first."""
    forgotten = set(passed_over(result.coverage))
    found: dict[str, list[SegmentLine]] = {}
    for one in result.coverage:
        line = SegmentLine(capital(segment_words(one)), one.customers, one.spotted, one.touched, one in forgotten)
        found.setdefault(HEADINGS.get(one.by, f"By {one.by}"), []).append(line)
    return [(by, sorted(rows, key=lambda row: not row.forgotten)) for by, rows in found.items()]


def day_rows(result: Result) -> Iterator[Sequence[object]]:
    """For a file: the counts of every day of every trigger."""
    yield ("trigger", "day", "would_go", "stopped", "control")
    for one in (*result.triggers, *result.others):
        for day in one.days:
            yield (one.name, day.on.isoformat(), day.sent, day.stopped, day.control)


def total_rows(result: Result) -> Iterator[Sequence[object]]:
    """For a file: the totals of every trigger, and of every hold of each."""
    yield ("trigger", "hold", "spotted", "would_go", "stopped", "waited", "control", "ended", "under_way")
    for one in (*result.triggers, *result.others):
        yield (one.name, "", one.spotted, one.sent, one.stopped, "", one.control, one.ended, one.under_way)
        for hold in one.holds:
            yield (one.name, hold.name, "", "", hold.stopped, hold.waited, "", "", "")


def _sums(triggers: Sequence[TriggerResult]) -> tuple[int, int, int, int, int]:
    spotted, sent = sum(one.spotted for one in triggers), sum(one.sent for one in triggers)
    stopped, control = sum(one.stopped for one in triggers), sum(one.control for one in triggers)
    return spotted, sent, stopped, control, spotted - sent - stopped - control


def _days(result: Result) -> Iterator[date]:
    for number in range((result.last - result.first).days + 1):
        yield result.first + number * _ONE_DAY


def _slot(on: date, result: Result) -> date:
    return on - on.weekday() * _ONE_DAY if is_weekly(result) else on


def _weeks(result: Result, days: Sequence[EffortDay]) -> Iterator[EffortDay]:
    sums: dict[date, list[int]] = {}
    for day in days:
        minutes = sums.setdefault(_slot(day.on, result), [0, 0])
        minutes[0] += day.needed_minutes
        minutes[1] += day.available_minutes
    for on, (needed, available) in sums.items():
        yield EffortDay(on, 0, 0, needed, available)


def _label(on: date, result: Result) -> str:
    """Short, as a phone has room for few: the year stands where more than one 1 March may be meant."""
    return f"{on.day} {on:%b %Y}" if (result.last - result.first).days > 365 else f"{on.day} {on:%b}"
