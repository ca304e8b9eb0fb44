"""Insight's numbers as charts: what became of moments by day or week, and how often texts were changed. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from engine.insight.spans import Span
from engine.insight.tally import STEPS, Tally
from web.charts import Chart, Series, bars

# So many days are shown one by one; more of them week by week.
DAYS_APART = 62
Count = Callable[[Tally], int]
Part = tuple[str, str, Count]
WAYS: Sequence[Part] = (
    ("Sent", "good", lambda one: one.sent),
    ("Under way", "other", lambda one: one.waiting),
    ("Ended unsent", "amber", lambda one: one.skipped + one.expired + one.cancelled),
    ("Control group", "quiet", lambda one: one.control),
)
REVIEW: Sequence[Part] = (
    ("As drafted", "good", lambda one: one.approved - one.edited),
    ("Edited first", "accent", lambda one: one.edited),
)
_STEPS = ("15 min", "1 hour", "4 hours", "1 day", "3 days", "longer")


def over_time(span: Span, days: Mapping[date, Tally], parts: Sequence[Part]) -> Chart:
    """A bar for each day, or for each week from the first day on."""
    step = 1 if span.days <= DAYS_APART else 7
    starts = span.each()[::step]
    nothing = Tally()

    def added(start: date, count: Count) -> int:
        week = (start + timedelta(days=at) for at in range(step))
        return sum(count(days.get(on, nothing)) for on in week)

    labels = [f"{on.day} {on:%b}" for on in starts]
    return bars(labels, [Series(name, [added(on, count) for on in starts], tone) for name, tone, count in parts])


def time_to_approve(tally: Tally) -> Chart:
    """How many drafts were approved within each step and not before."""
    up_to = (0, *tally.quick, tally.approved)
    each = [later - earlier for earlier, later in pairwise(up_to)]
    return bars(_STEPS[: len(STEPS) + 1], [Series("Approved", each, "good")])
