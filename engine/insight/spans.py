"""From which day to which one looks: whole days, at most a year and a day, the last of them today. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from engine.errors import InvalidInput

OFFERED = (30, 90, 365)
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Span:
    """Both days belong to it. What is counted are the moments whose message would go on one of them."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def each(self) -> list[date]:
        """Every day of it."""
        return [self.first + timedelta(days=at) for at in range(self.days)]


def last_days(count: int, *, today: date) -> Span:
    """The last so many days, today among them. Raises InvalidInput."""
    if not 1 <= count <= MOST_DAYS:
        raise InvalidInput(f"Look at 1 to {MOST_DAYS} days, not at {count}.")
    return Span(today - timedelta(days=count - 1), today)


def between(first: date, last: date, *, today: date) -> Span:
    """From one day to another; what lies ahead has not happened yet. Raises InvalidInput."""
    last = min(last, today)
    if first > last:
        raise InvalidInput("The first day is not before the last one, or lies ahead.")
    span = Span(first, last)
    if span.days > MOST_DAYS:
        raise InvalidInput(f"That are {span.days:,} days; look at {MOST_DAYS} at a time.")
    return span
