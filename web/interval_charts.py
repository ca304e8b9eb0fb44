"""Scales confidence intervals: a line for each comparison, on one scale with zero in it. charts.html draws it."""

from collections.abc import Sequence
from dataclasses import dataclass

from web.charts import Mark, nice_ticks, say_number

ROW, TOP, FOOT = 54, 6, 26


@dataclass(frozen=True, slots=True)
class Range:
    """A value and from where to where the truth may lie, in the unit of the scale."""

    label: str
    low: float
    value: float
    high: float
    tone: str
    said: str


@dataclass(frozen=True, slots=True)
class Line:
    """One of them, drawn: percent across, pixels down."""

    label: str
    said: str
    tone: str
    down: int
    begins: float
    middle: float
    ends: float


@dataclass(frozen=True, slots=True)
class IntervalChart:
    """All that the page needs. `zero` is where no difference stands."""

    lines: Sequence[Line]
    along: Sequence[Mark]
    zero: float
    tall: int
    summary: str

    @property
    def ground(self) -> int:
        """Where the scale stands."""
        return self.tall - FOOT


def intervals(ranges: Sequence[Range], *, unit: str = "") -> IntervalChart:
    """All on one scale."""
    ticks = nice_ticks(min([0, *(one.low for one in ranges)]), max([0, *(one.high for one in ranges)]))
    low, span = ticks[0], (ticks[-1] - ticks[0]) or 1

    def across(value: float) -> float:
        return round((value - low) / span * 100, 2)

    lines = [
        Line(one.label, one.said, one.tone, TOP + at * ROW, across(one.low), across(one.value), across(one.high))
        for at, one in enumerate(ranges)
    ]
    marks = [
        Mark(
            across(tick), _signed(tick, unit), "start" if tick == ticks[0] else "end" if tick == ticks[-1] else "middle"
        )
        for tick in ticks
    ]
    summary = "; ".join(f"{one.label}: {one.said}" for one in ranges)
    return IntervalChart(lines, marks, across(0), TOP + len(ranges) * ROW + FOOT, summary)


def _signed(value: float, unit: str) -> str:
    text = say_number(value, unit).replace("-", "\N{MINUS SIGN}")
    return f"+{text}" if value > 0 else text
