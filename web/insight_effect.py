"""The readings of the effect as one chart. Pure."""

from collections.abc import Sequence

from engine.insight.effect import Effect
from web.insight_words import points
from web.interval_charts import IntervalChart, Range, intervals

_LEVELS = {"unclear": "quiet", "perhaps": "other"}


def effect_chart(found: Sequence[Effect]) -> IntervalChart | None:
    """A line for each reading that was due; None where there is none."""
    ranges = [
        Range(
            f"{one.title}: {one.outcome.lower()}",
            100 * one.reading.interval.low,
            100 * one.reading.interval.value,
            100 * one.reading.interval.high,
            _tone(one),
            f"{points(one.reading.interval.value)} points",
        )
        for one in found
        if one.reading is not None
    ]
    return intervals(ranges) if ranges else None


def _tone(one: Effect) -> str:
    verdict = one.reading.verdict if one.reading else "unclear"
    if verdict in _LEVELS:
        return _LEVELS[verdict]
    return "good" if (verdict == "more") == one.good else "wrong"
