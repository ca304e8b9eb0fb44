"""Scales numbers for the charts: pure values in, a frozen `Chart` out, which charts.html draws as SVG.

Across, everything is a percentage of the width, so that a chart fits a phone and a wide desk with letters of the same
size; up and down it is in pixels. Bars start at zero, always; steps of the scale are 1, 2 or 5 times a power of ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

TONES = ("good", "amber", "wrong", "quiet", "accent", "other")
TOP, TALL, FOOT = 10, 200, 28
BASE = TOP + TALL
_STEPS = 4
_LEAST = 1e-100  # below it arithmetic has no digits left
_WIDE, _LETTER, _GAP = 440, 7, 18
_MOST_DOTS, _MOST_HINTS = 31, 100


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers with its name. A line may miss some (None): it is broken there."""

    name: str
    values: Sequence[float | None]
    tone: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A word on an axis. `spare` ones give way on a narrow chart."""

    at: float
    text: str
    anchor: str = "middle"
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What is drawn of one series: a path in a box 1000 wide, and dots in percent and pixels."""

    tone: str
    path: str
    dots: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class Hint:
    """What a pointer hears over one label."""

    left: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the page needs, scaled. `kind` is bars or lines; `rows` are the same numbers as a table."""

    kind: str
    series: Sequence[Series]
    up: Sequence[Mark]
    along: Sequence[Mark]
    shapes: Sequence[Shape]
    hints: Sequence[Hint]
    rows: Sequence[tuple[str, Sequence[str]]]
    summary: str

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw at all."""
        return not self.rows or not self.series

    @property
    def dense(self) -> bool:
        """Whether the bars stand so close that an edge around each would hide it."""
        return len(self.rows) > 45

    @property
    def nothing(self) -> bool:
        """Whether every number is zero or missing."""
        return not any(value for one in self.series for value in one.values)


def bars(labels: Sequence[str], series: Sequence[Series], *, unit: str = "") -> Chart:
    """One bar for each label, the series stacked in their order from the ground up."""
    _checked(labels, series)
    if any(value is None or value < 0 for one in series for value in one.values):
        raise ValueError("A part of a bar is a number from zero on.")
    sums = [sum(one.values[at] or 0 for one in series) for at in range(len(labels))]
    ticks = nice_ticks(0, max(sums, default=0), whole=_whole(series))
    return _chart("bars", labels, series, ticks, _stacked(series, len(labels), ticks), unit)


def lines(labels: Sequence[str], series: Sequence[Series], *, unit: str = "") -> Chart:
    """One line for each series; the scale holds zero."""
    _checked(labels, series)
    known = [value for one in series for value in one.values if value is not None]
    ticks = nice_ticks(min([0, *known]), max([0, *known]), whole=_whole(series))
    return _chart("lines", labels, series, ticks, [_line(one, ticks) for one in series], unit)


def nice_ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Where the scale is marked: even steps that people count in, from at most `low` to at least `high`."""
    if high <= low:
        return [low]
    if high - low < _LEAST:
        return [low, high]
    rough = (high - low) / _STEPS
    power = 10.0 ** floor(log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough * 0.999999)
    step = max(step, 1.0) if whole else step
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    last = max(last, first + 1)
    digits = max(0, 2 - floor(log10(step)))
    return [round(at * step, digits) for at in range(first, last + 1)]


def say_number(value: float | None, unit: str = "") -> str:
    """A number for a table: thousands apart, no digits that say nothing."""
    if value is None:
        return "–"
    if value == int(value):
        text = f"{value:,.0f}"
    else:
        text = f"{value:.2g}" if abs(value) < 0.1 else f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def _checked(labels: Sequence[str], series: Sequence[Series]) -> None:
    for one in series:
        if len(one.values) != len(labels):
            raise ValueError(f"{one.name} has {len(one.values)} numbers for {len(labels)} labels.")
        if one.tone not in TONES:
            raise ValueError(f"There is no tone {one.tone}.")


def _whole(series: Sequence[Series]) -> bool:
    return all(value is None or value == int(value) for one in series for value in one.values)


def _chart(
    kind: str, labels: Sequence[str], series: Sequence[Series], ticks: list[float], shapes: list[Shape], unit: str
) -> Chart:
    rows = [(label, [say_number(one.values[at], unit) for one in series]) for at, label in enumerate(labels)]
    up = [Mark(_height(tick, ticks), _short(tick, unit), "end") for tick in ticks]
    hints = _hints(rows, series) if len(labels) <= _MOST_HINTS else []
    return Chart(kind, series, up, _along(labels), shapes, hints, rows, _summary(labels, series, unit))


def _height(value: float, ticks: Sequence[float]) -> float:
    low, high = ticks[0], ticks[-1]
    return round(BASE - (value - low) / (high - low) * TALL, 2) if high > low else float(BASE)


def _centre(at: int, count: int) -> float:
    return round((at + 0.5) / count * 100, 3)


def _stacked(series: Sequence[Series], count: int, ticks: Sequence[float]) -> list[Shape]:
    slot = 1000 / count if count else 0
    # Many bars stand without gaps: below a pixel a gap would only make them pale.
    wide = min(slot * (0.7 if count <= 45 else 0.86 if count <= 120 else 1), 90)
    grown = [0.0] * count
    shapes = []
    for one in series:
        parts = []
        for at, value in enumerate(one.values):
            if value:
                low, high = _height(grown[at], ticks), _height(grown[at] + value, ticks)
                left = (at + 0.5) * slot - wide / 2
                parts.append(f"M{left:.1f} {low:.1f}V{high:.1f}h{wide:.1f}V{low:.1f}z")
                grown[at] += value
        shapes.append(Shape(one.tone, "".join(parts)))
    return shapes


def _line(one: Series, ticks: Sequence[float]) -> Shape:
    count = len(one.values)
    path, dots, drawing = [], [], False
    for at, value in enumerate(one.values):
        if value is not None:
            across, up = _centre(at, count), _height(value, ticks)
            path.append(f"{'L' if drawing else 'M'}{across * 10:.1f} {up:.1f}")
            alone = not drawing and (at + 1 == count or one.values[at + 1] is None)
            if count <= _MOST_DOTS or alone:
                dots.append((across, up))
        drawing = value is not None
    return Shape(one.tone, "".join(path), dots)


def _along(labels: Sequence[str]) -> list[Mark]:
    """As many labels as have room on a wide chart; every second of them is spared on a narrow one."""
    count = len(labels)
    if not count:
        return []
    room = max(2, _WIDE // (max(map(len, labels)) * _LETTER + _GAP))
    stride = ceil(count / room)
    marks = []
    for at in range(0, count, stride):
        anchor = _anchor(at, count)
        spare = count > 4 and (at // stride % 2 == 1 or anchor == "end")
        marks.append(Mark(_centre(at, count), labels[at], anchor, spare))
    return marks


def _anchor(at: int, count: int) -> str:
    """At the edges a label leans inwards, unless there are so few that each stands under its own bar."""
    if count <= 8:
        return "middle"
    share = (at + 0.5) / count
    return "start" if share < 0.06 else "end" if share > 0.94 else "middle"


def _hints(rows: Sequence[tuple[str, Sequence[str]]], series: Sequence[Series]) -> list[Hint]:
    width = round(100 / len(rows), 3) if rows else 0
    return [
        Hint(
            round(at * 100 / len(rows), 3),
            width,
            "\n".join([label, *(f"{one.name}: {value}" for one, value in zip(series, values, strict=True))]),
        )
        for at, (label, values) in enumerate(rows)
    ]


def _summary(labels: Sequence[str], series: Sequence[Series], unit: str) -> str:
    """What one sees at a glance, in words: the highest value of each series and where it stands."""
    said = []
    for one in series:
        known = [(value, label) for value, label in zip(one.values, labels, strict=True) if value is not None]
        if known:
            value, label = max(known, key=lambda each: each[0])
            said.append(f"{one.name}: at most {say_number(value, unit)}, {label}" if value else f"{one.name}: none")
    return "; ".join(said) + "." if said else "No numbers yet."


def _short(value: float, unit: str) -> str:
    """A number beside the scale, where there is little room."""
    text = f"{say_number(value / 1_000_000)}\N{NO-BREAK SPACE}M" if abs(value) >= 1_000_000 else say_number(value)
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text
