"""Which days a page of insight looks at, from its address: the last 30, 90 or 365, or from one day to another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import Depends, Query

from engine.dates.zones import first_instant, local_date
from engine.errors import InvalidInput
from engine.insight.spans import Span, between, last_days

USUAL_DAYS = 90


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address says."""

    days: str
    first: str
    last: str

    def span(self, now: datetime, zone: str) -> Span:
        """The days, today being that of the team. Raises InvalidInput."""
        today = local_date(now, zone)
        try:
            if self.first or self.last:
                first, last = date.fromisoformat(self.first), date.fromisoformat(self.last or today.isoformat())
                return between(first, last, today=today)
            return last_days(int(self.days or USUAL_DAYS), today=today)
        except ValueError as error:
            raise InvalidInput("Say from which day to which, such as 2026-03-01, or how many days.") from error

    @property
    def query(self) -> Mapping[str, str]:
        """The same for other links of the page."""
        said = {"from": self.first, "to": self.last} if self.first or self.last else {"days": self.days}
        return {name: value for name, value in said.items() if value}

    @property
    def offered(self) -> int | None:
        """Which of the offered numbers of days it is, if it is one."""
        if self.first or self.last:
            return None
        return int(self.days) if self.days.isdigit() else USUAL_DAYS


def bounds(span: Span, zone: str) -> tuple[datetime, datetime]:
    """The instants from which to which these days last in this zone."""
    after = span.last + timedelta(days=1)
    return first_instant(span.first, time(), zone), first_instant(after, time(), zone)


def _asked(
    days: Annotated[str, Query(max_length=4)] = "",
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
) -> Asked:
    return Asked(days, first, last)


AskedDays = Annotated[Asked, Depends(_asked)]
